//! Tokens of links are Graph's own business: whatever stands in one comes back to Graph whole.

use crate::stage::{checkpoint, world};

#[tokio::test]
async fn a_hash_in_a_token_is_part_of_it() {
    let world = world().await;
    world.graph.quirks(|quirks| quirks.hash_in_tokens = true);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let before = checkpoint(&world).await;
    assert!(before["link"].as_str().unwrap().contains('#'), "the link is kept as Graph wrote it");

    world.graph.tenant(|tenant| tenant.create("users"));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    let after = checkpoint(&world).await;
    assert_eq!(after["generation"], before["generation"], "no token was cut off, so none seemed dead");
}
