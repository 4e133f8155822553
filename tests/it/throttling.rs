//! Throttling: what Graph and Cosmos ask for is done, within the turn or in the next one.

use std::time::Duration;

use sandbox::cosmos;
use sandbox::graph::{Fault, Match, RetryAfter};
use sandbox::world::World;

use crate::stage::{checkpoint, copied, logged, world};

async fn recovers_within_the_turn(status: u16, retry_after: RetryAfter) -> World {
    let world = world().await;
    world.graph.fail(Match::any().nth(2), 2, Fault::Throttle { status, retry_after });
    let attempt = world.fire().await.unwrap();
    assert!(attempt.succeeded(), "{attempt:?}");
    world.ensure_equal().await.unwrap();
    assert_eq!(world.graph.faults().unused(), 0);
    assert_eq!(logged(&world, "graph_retry").len(), 2);
    world
}

#[tokio::test]
async fn a_429_with_a_fraction_of_seconds() {
    let world = recovers_within_the_turn(429, RetryAfter::Seconds("1.128".into())).await;
    assert!(logged(&world, "graph_retry")[0].contains("\"waitMs\":1128"));
}

#[tokio::test]
async fn a_429_with_a_date() {
    recovers_within_the_turn(429, RetryAfter::DateIn(Duration::from_secs(2))).await;
}

#[tokio::test]
async fn a_429_without_a_header() {
    recovers_within_the_turn(429, RetryAfter::Absent).await;
}

#[tokio::test]
async fn a_503_and_a_504() {
    recovers_within_the_turn(503, RetryAfter::Absent).await;
    recovers_within_the_turn(504, RetryAfter::Seconds("0".into())).await;
}

#[tokio::test]
async fn a_wait_longer_than_the_turn_is_kept_for_the_next_ones() {
    let world = copied().await;
    let long = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("1800".into()) };
    world.graph.fail(Match::any(), 1, long);
    let told = world.turn().await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_ne!(checkpoint(&world).await["notBefore"], serde_json::Value::Null);
    world.graph.forget_requests();
    let told = world.turn().await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_eq!(world.graph.requests().len(), 0, "whoever comes earlier leaves Graph alone");
}

#[tokio::test]
async fn cosmos_429s_and_449s_are_followed_within_the_turn() {
    let world = world().await;
    let users = || cosmos::Match::writes().container("users");
    world.cosmos.fail(users(), 30, cosmos::Fault::Throttle { retry_after_ms: 40 });
    world.cosmos.fail(users().nth(35), 3, cosmos::Fault::RetryWith);
    world.cosmos.fail(
        cosmos::Match::writes().container("mirror"),
        2,
        cosmos::Fault::Throttle { retry_after_ms: 40 },
    );
    let attempt = world.fire().await.unwrap();
    assert!(attempt.succeeded(), "{attempt:?}");
    world.ensure_equal().await.unwrap();
    assert_eq!(world.cosmos.faults().unused(), 0);
    assert_eq!(checkpoint(&world).await["burnt"], serde_json::json!([]), "a refusal is no doubt");
}
