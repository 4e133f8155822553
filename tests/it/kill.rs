//! Killed at any point, the next turn loses nothing.

use std::os::unix::process::ExitStatusExt as _;

use sandbox::cosmos::{self, Moment};
use sandbox::graph::{self, random_change};
use sandbox::script::Hold;
use sandbox::world::{Setup, World};
use tokio::task::JoinSet;

use crate::stage::{checkpoint, hasty, kill_after, save_of};

const SEEDS: u64 = 12;
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn sigkill_at_random_points_loses_nothing() {
    let mut stories = JoinSet::new();
    for seed in 0..SEEDS {
        stories.spawn(async move { (seed, tokio::spawn(story(seed)).await) });
    }
    while let Some(ended) = stories.join_next().await {
        let (seed, ended) = ended.unwrap();
        assert!(ended.is_ok(), "seed {seed}: {}", ended.unwrap_err());
    }
}

async fn story(seed: u64) {
    let random = &mut fastrand::Rng::with_seed(seed);
    let world = World::start(Setup { seed, page_size: 7, ..hasty() }).await.unwrap();
    for _ in 0..KILLS {
        kill_somewhere(&world, random).await;
        world.graph.tenant(|tenant| {
            for _ in 0..random.usize(1..20) {
                random_change(tenant, "users", random);
            }
        });
    }
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.host.assert_healthy();
}

/// Runs one turn and kills the handler when it gets to a random request; a turn that ends before is left
/// alone. The request that it was killed at reaches its server, or never does.
async fn kill_somewhere(world: &World, random: &mut fastrand::Rng) {
    let nth = random.usize(1..80);
    let mut hold: Hold = match random.u8(..4) {
        0 => world.graph.hold(graph::Match::any().nth(1 + nth % 8)),
        1 => world.cosmos.hold(cosmos::Match::any().container("mirror").nth(1 + nth % 25), Moment::Before),
        2 => world.cosmos.hold(cosmos::Match::any().nth(nth), Moment::After),
        _ => world.cosmos.hold(cosmos::Match::any().nth(nth), Moment::Before),
    };
    let turn = world.fire();
    tokio::select! {
        _ = turn => {}
        () = hold.arrived() => {
            let status = world.host.process().kill().await.unwrap();
            assert_eq!(status.signal(), Some(9));
        }
    }
    if random.bool() { hold.release() } else { hold.discard() }
}

#[tokio::test]
async fn rule_3_a_turn_that_fails_before_it_abandons_leaves_the_abandoning_to_the_next() {
    let world = World::start(hasty()).await.unwrap();
    kill_after(cosmos::Match::writes().container("users").nth(30), &world, "users").await;
    let reads = cosmos::Match::operation(cosmos::Operation::Read).container("mirror").id("checkpoint");
    world.cosmos.fail(reads, 1, cosmos::Fault::Refuse(403));
    world.settle().await.unwrap();
    assert_eq!(world.cosmos.faults().unused(), 0, "one turn could not read its checkpoint");
    let after = checkpoint(&world).await;
    assert_eq!(save_of(&after, &after["abandoned"][0]["from"]), 3);
}

#[tokio::test]
async fn rule_3_the_number_of_a_killed_turn_is_abandoned_and_its_page_is_written_again() {
    let world = World::start(hasty()).await.unwrap();
    let mut hold = world.cosmos.hold(cosmos::Match::writes().container("users").nth(30), Moment::After);
    let turn = world.start_turn();
    hold.arrived().await;
    let before = checkpoint(&world).await;
    assert_eq!(save_of(&before, &before["save"]), 2, "the second page is being written");
    world.host.process().kill().await.unwrap();
    hold.release();
    assert!(!turn.await.unwrap().succeeded());
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let after = checkpoint(&world).await;
    let abandoned = &after["abandoned"][0];
    assert_eq!((save_of(&after, &abandoned["from"]), save_of(&after, &abandoned["to"])), (3, 3));
    let documents = world.cosmos.documents("users").await;
    assert!(
        documents.iter().all(|document| document["_mirror"]["save"] != abandoned["from"]),
        "nothing carries the abandoned number"
    );
    assert_eq!(after["generation"], before["generation"], "the enumeration went on where it was");
}
