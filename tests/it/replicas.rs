//! Graph's replicas lag: whoever is living is not removed because one of them has not heard yet (rule 9).

use std::time::Duration;

use sandbox::graph::TokenDeath;
use sandbox::world::World;

use crate::stage::hasty;

#[tokio::test]
async fn rule_9_a_newcomer_whom_a_lagging_enumeration_does_not_show_is_not_removed() {
    let world = World::start(hasty()).await.unwrap();
    world.settle().await.unwrap();
    world.graph.settle_replicas();
    world.graph.quirks(|quirks| quirks.agree_within = Some(Duration::from_secs(1)));
    for _ in 0..12 {
        let newcomer = world.graph.tenant(|tenant| tenant.create("users"));
        world.turn().await.unwrap();
        world.graph.kill_tokens(TokenDeath::ALL[0]);
        world.graph.quirks(|quirks| quirks.random_lag = Some(1));
        world.turn().await.unwrap();
        world.graph.quirks(|quirks| quirks.random_lag = None);
        let mut writes = world.document_writes();
        writes.retain(|write| write.id == newcomer && write.removed.is_some());
        assert_eq!(writes, [], "a replica had not heard of {newcomer}");
    }
    world.settle_equal().await.unwrap();
}
