//! Feeds that get nowhere, although none of their turns says so by itself.

use sandbox::graph::{Fault, Match, RetryAfter, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::stage::{checkpoint, generations, logged, setup};

async fn world() -> World {
    let world = World::start(setup().set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    world
}

async fn status(world: &World) -> Value {
    let reply = world.call("GET", "/api/status/users", "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body[0].clone()
}

/// Changes the checkpoint, as time or another version would.
async fn changed(world: &World, change: impl FnOnce(&mut Value)) {
    let mut checkpoint = checkpoint(world).await;
    change(&mut checkpoint);
    world.cosmos.put("mirror", "users", &checkpoint).await.unwrap();
}

fn days_ago(days: i64) -> Value {
    let at = time::OffsetDateTime::now_utc() - time::Duration::days(days);
    json!(at.format(&time::format_description::well_known::Rfc3339).unwrap())
}

#[tokio::test]
async fn a_link_that_answered_504_for_ever_was_called_throttled() {
    let world = world().await;
    let fails = Fault::Throttle { status: 504, retry_after: RetryAfter::Absent };
    world.graph.fail(Match::delta_token(), 1000, fails);
    for _ in 0..2 {
        assert!(!world.fire().await.unwrap().succeeded(), "a server error that does not end is a failure");
    }
    let told = status(&world).await;
    assert_eq!((&told["state"], &told["notBefore"]), (&json!("failed"), &Value::Null));
    assert!(told["lastError"].as_str().unwrap().contains("504"), "{told}");
    assert!(checkpoint(&world).await["failingSince"].is_string());
    assert_eq!(checkpoint(&world).await["abandoned"], json!([]), "nothing was written");
    // A day later.
    changed(&world, |checkpoint| checkpoint["failingSince"] = days_ago(2)).await;
    world.graph.tenant(|tenant| tenant.create("users"));
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(generations(&world, "users"), 2, "a fresh walk does not need the link");
    assert!(logged(&world, "generation").last().unwrap().contains("failingLink"));
    assert!(logged(&world, "feed_stuck").iter().any(|line| line.contains("linkFails")));
}

#[tokio::test]
async fn a_round_that_was_open_for_days_looked_healthy() {
    let world =
        World::start(Setup { page_size: 5, ..setup().set("SYNC_BUDGET_SECONDS", "0") }).await.unwrap();
    world.fire().await.unwrap();
    assert_eq!(status(&world).await["lastError"], Value::Null);
    changed(&world, |checkpoint| checkpoint["openSince"] = days_ago(3)).await;
    let told = status(&world).await;
    assert_eq!(told["state"], "failed");
    assert!(told["lastError"].as_str().unwrap().contains("open for 72 h"), "{told}");
    world.fire().await.unwrap();
    assert!(
        logged(&world, "feed_stuck").iter().any(|line| line.contains("roundOpen")),
        "what the alert sees"
    );
    world.settle().await.unwrap();
    assert_eq!(status(&world).await["state"], "tracking");
}

#[tokio::test]
async fn two_versions_of_another_shape_took_turns_for_ever() {
    let world = crate::stage::copied().await;
    for shape in ["a", "b", "c"] {
        changed(&world, |checkpoint| checkpoint["shape"] = json!(shape)).await;
        world.turn().await.unwrap();
    }
    let told = status(&world).await;
    assert_eq!(told["state"], "failed");
    assert!(told["lastError"].as_str().unwrap().contains("take turns"), "{told}");
}

#[tokio::test]
async fn generations_that_began_one_after_the_other_looked_like_a_first_copy() {
    let small = Setup { page_size: 5, ..setup() };
    let world = World::start(small.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    for _ in 0..2 {
        world.fire().await.unwrap();
        assert_eq!(status(&world).await["lastError"], Value::Null);
        world.graph.kill_tokens(TokenDeath::SyncStateNotFound);
    }
    world.fire().await.unwrap();
    let told = status(&world).await;
    assert_eq!((&told["state"], &told["asOf"]), (&json!("failed"), &Value::Null), "{told}");
    assert!(told["lastError"].as_str().unwrap().contains("never read to its end"), "{told}");
    world.settle().await.unwrap();
    assert!(logged(&world, "feed_stuck").iter().any(|line| line.contains("generations")));
    assert_eq!(status(&world).await["state"], "tracking");
}
