//! What the mirror knows of itself is lost: the lease, the checkpoint, or both. The copy is right again all the same.

use sandbox::world::World;
use serde_json::json;
use uuid::Uuid;

use crate::stage::{checkpoint, copied, document, failure, logged, put_checkpoint};

async fn lose(world: &World, ids: &[&str]) {
    for id in ids {
        world.cosmos.delete("mirror", "users", id).await.unwrap();
    }
}

/// Has the whole resource read anew, as after a change of its definition.
async fn new_generation(world: &World) {
    let other = json!({"shape": Uuid::new_v4().to_string()});
    let mut checkpoint = checkpoint(world).await;
    checkpoint["shape"] = other["shape"].clone();
    put_checkpoint(world, &checkpoint).await;
    world.turn().await.unwrap();
}

fn purge(world: &World, count: usize) -> Vec<String> {
    world.graph.tenant(|tenant| {
        let ids: Vec<_> = tenant.ids("users").into_iter().take(count).collect();
        assert!(ids.iter().all(|id| tenant.purge("users", id)));
        ids
    })
}

/// Documents of users of another tenant, as an earlier run on it would have left them.
async fn foreign_users(world: &World, count: usize) -> Vec<String> {
    // The first one may be a tombstone of an earlier call.
    let mut living = world.cosmos.documents("users").await;
    living.retain(|document| document["_mirror"]["removed"].is_null());
    let model = living.remove(0);
    let mut ids = Vec::new();
    for _ in 0..count {
        let mut foreign = model.clone();
        let id = Uuid::new_v4().to_string();
        foreign["id"] = json!(id);
        foreign["_mirror"]["tenantId"] = json!("99999999-0000-4000-8000-000000000000");
        world.cosmos.put("users", &id, &foreign).await.unwrap();
        ids.push(id);
    }
    ids
}

async fn is_removed(world: &World, id: &str) -> bool {
    document(world, id).await["_mirror"]["removed"].is_object()
}

#[tokio::test]
async fn the_lease_was_lost_and_turn_after_turn_failed() {
    let world = copied().await;
    for _ in 0..3 {
        world.turn().await.unwrap();
    }
    let before = checkpoint(&world).await;
    lose(&world, &["lease"]).await;
    purge(&world, 1);
    world.turn().await.unwrap();
    let after = checkpoint(&world).await;
    assert!(after["epoch"].as_u64() > before["epoch"].as_u64(), "{before} {after}");
    assert_eq!(
        after["abandoned"][0]["from"].as_u64(),
        before["save"].as_u64().map(|save| save + 1),
        "nobody knows how the last turn ended"
    );
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn an_older_lease_came_back_and_one_turn_says_so() {
    let world = copied().await;
    let mut later = checkpoint(&world).await;
    later["epoch"] = json!(later["epoch"].as_u64().unwrap() + 11);
    put_checkpoint(&world, &later).await;
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(failure(&world).contains("a later turn has taken over"), "{}", failure(&world));
    world.turn().await.unwrap();
    assert!(checkpoint(&world).await["epoch"].as_u64() > later["epoch"].as_u64());
}

#[tokio::test]
async fn the_checkpoint_was_lost_and_users_who_were_purged_meanwhile_stayed() {
    let world = copied().await;
    for _ in 0..3 {
        new_generation(&world).await;
    }
    lose(&world, &["lease", "checkpoint"]).await;
    let purged = purge(&world, 5);
    world.settle_equal().await.unwrap();
    for id in &purged {
        assert!(is_removed(&world, id).await);
    }
    assert_eq!(logged(&world, "sweep_held").len(), 0, "five of fifty are within the limit");
}

#[tokio::test]
async fn after_a_lost_checkpoint_the_users_of_two_tenants_lived_side_by_side() {
    let world = copied().await;
    let few = foreign_users(&world, 5).await;
    lose(&world, &["lease", "checkpoint"]).await;
    world.settle_equal().await.unwrap();
    assert!(is_removed(&world, &few[0]).await);

    let many = foreign_users(&world, 15).await;
    lose(&world, &["checkpoint"]).await;
    assert!(world.settle().await.unwrap().contains("held"), "more than a fifth would go");
    assert!(!is_removed(&world, &many[0]).await);
    let status = world.call("GET", "/api/status/users", "").await.unwrap();
    assert_eq!((&status.body[0]["state"], &status.body[0]["held"]["missing"]), (&json!("held"), &json!(15)));
    let accepted = world.command("sync users --accept-removals").output().await.unwrap();
    assert!(accepted.status.success(), "{accepted:?}");
    world.settle_equal().await.unwrap();
    assert!(is_removed(&world, &many[0]).await);
}

#[tokio::test]
async fn documents_of_a_clock_that_was_ahead_are_older_than_the_enumeration_that_does_not_show_them() {
    let world = copied().await;
    for id in purge(&world, 3) {
        let mut ahead = document(&world, &id).await;
        ahead["_mirror"]["generation"] = json!(4_000_000_000_u64);
        ahead["_mirror"]["save"] = json!(4_000_000_000_000_u64);
        world.cosmos.put("users", &id, &ahead).await.unwrap();
    }
    lose(&world, &["lease", "checkpoint"]).await;
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn an_unreadable_checkpoint_could_not_even_be_reset() {
    let world = copied().await;
    put_checkpoint(
        &world,
        &json!({"id": "checkpoint", "feed": "users", "state": "sideways", "generation": "four"}),
    )
    .await;
    purge(&world, 2);
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains("checkpoint") && said.contains("graph-mirror checkpoint reset users"), "{said}");
    let shown = world.command("checkpoint show users").output().await.unwrap();
    let told = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(told.contains("checkpoint") && told.contains("cannot be read"), "{told}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("sideways"), "{shown:?}");
    let reset = world.command("checkpoint reset users").output().await.unwrap();
    assert!(reset.status.success(), "{reset:?}");
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn a_clock_ten_years_ahead_held_back_enumerations_and_removals() {
    let world = copied().await;
    let mut ahead = checkpoint(&world).await;
    ahead["generationBegan"] = json!("2036-01-01T00:00:00Z");
    put_checkpoint(&world, &ahead).await;
    for id in purge(&world, 2) {
        let mut document = document(&world, &id).await;
        document["_mirror"]["syncedAt"] = json!("2036-01-01T00:00:00Z");
        world.cosmos.put("users", &id, &document).await.unwrap();
    }
    let status = world.call("GET", "/api/status/users", "").await.unwrap();
    assert!(status.body[0]["lastError"].as_str().unwrap().contains("clock"), "{}", status.body);
    world.turn().await.unwrap();
    let began = checkpoint(&world).await["generationBegan"].clone();
    assert!(!began.as_str().unwrap().starts_with("2036"), "the next walk is due in 30 days: {began}");
    world.graph.kill_tokens(sandbox::graph::TokenDeath::ALL[0]);
    world.settle_equal().await.unwrap();
    assert_eq!(logged(&world, "clock_ahead").len(), 1);
}

#[tokio::test]
async fn after_many_kills_every_quiet_turn_looked_for_all_their_numbers() {
    let world = copied().await;
    world.turn().await.unwrap();
    world.turn().await.unwrap();
    let before = world.turn().await.unwrap();
    let mut killed = checkpoint(&world).await;
    let first = killed["save"].as_u64().unwrap() + 10;
    let ranges =
        (0..1000).map(|n| json!({"from": first + 2 * n, "to": first + 2 * n, "at": "2026-01-01T00:00:00Z"}));
    killed["abandoned"] = ranges.collect();
    killed["save"] = json!(first + 3000);
    put_checkpoint(&world, &killed).await;
    world.turn().await.unwrap();
    assert_eq!(checkpoint(&world).await["abandoned"], json!([]), "no document carries them");
    world.turn().await.unwrap();
    world.cosmos.reset_log();
    let after = world.turn().await.unwrap();
    let charge = |told: &str| -> f64 {
        let told = told.split(" RU").next().and_then(|told| told.rsplit(' ').next());
        told.unwrap().parse().unwrap()
    };
    assert!(charge(&after) <= charge(&before), "{before}; {after}");
    assert_eq!(world.document_writes(), []);
}
