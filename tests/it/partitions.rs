//! Containers as they are when they have grown: several partitions, splits in the middle of a turn, a budget of request
//! units.

use sandbox::cosmos::{Match, Moment, Options};
use sandbox::graph::{TokenDeath, random_change};
use sandbox::world::{Setup, World};

use crate::stage::setup;

async fn world(cosmos: Options) -> World {
    let setup = setup().set("MAX_DELETE_PERCENT", "100");
    World::start(Setup { users: 120, groups: 12, cosmos, ..setup }).await.unwrap()
}

async fn changes_and_a_new_generation(world: &World) {
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.graph.tenant(|tenant| {
        let random = &mut fastrand::Rng::with_seed(7);
        (0..30).for_each(|_| drop(random_change(tenant, "users", random)));
        (0..10).for_each(|_| drop(random_change(tenant, "groups", random)));
    });
    world.settle().await.unwrap();
    world.graph.kill_tokens(TokenDeath::SyncStateNotFound);
    world.graph.tenant(|tenant| {
        let gone: Vec<_> = tenant.ids("users").into_iter().take(3).collect();
        gone.iter().for_each(|id| assert!(tenant.purge("users", id)));
    });
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn five_partitions_hold_one_copy() {
    let world = world(Options { partitions: 5, ..Options::default() }).await;
    changes_and_a_new_generation(&world).await;
}

#[tokio::test]
async fn a_container_that_splits_in_the_middle_of_a_page_loses_nothing() {
    let world = world(Options { partitions: 2, ..Options::default() }).await;
    let mut hold = world.cosmos.hold(Match::writes().container("users").nth(30), Moment::Before);
    let first = tokio::spawn({
        let world = world.clone();
        async move { world.settle().await }
    });
    hold.arrived().await;
    for container in ["users", "mirror", "groups-members"] {
        world.cosmos.split(container, 0);
    }
    hold.release();
    first.await.unwrap().unwrap();
    world.ensure_equal().await.unwrap();
    world.cosmos.split("users", 1);
    changes_and_a_new_generation(&world).await;
}

#[tokio::test]
async fn a_thousand_request_units_a_second_are_enough() {
    let world = world(Options { request_units: Some(1_000), ..Options::default() }).await;
    changes_and_a_new_generation(&world).await;
}
