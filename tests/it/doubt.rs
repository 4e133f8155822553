//! Doubt: what a turn wrote that did not end cleanly is looked up once the replicas must agree (rule 11).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sandbox::cosmos::Match;
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{checkpoint, document, hasty, kill_after, unsettle, until_settled, until_shown};

/// A complete copy, and an abandoned save number that no document carries any more.
async fn with_a_abandoned_number() -> (World, u64) {
    let world = World::start(hasty()).await.unwrap();
    kill_after(Match::writes().container("users").nth(30), &world, "users").await;
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let abandoned = checkpoint(&world).await["abandoned"][0]["from"].as_u64().unwrap();
    world.graph.forget_requests();
    (world, abandoned)
}

/// What a frozen turn writes late: under its own, abandoned number.
async fn written_late(world: &World, mut document: Value, save: u64) {
    document["_mirror"]["save"] = save.into();
    let id = document["id"].as_str().unwrap().to_owned();
    world.cosmos.put("users", &id, &document).await.unwrap();
}

#[tokio::test]
async fn rule_11_a_late_write_about_somebody_who_is_gone_becomes_a_tombstone() {
    let (world, abandoned) = with_a_abandoned_number().await;
    let id = world.a_user();
    let before = document(&world, &id).await;
    world.graph.tenant(|tenant| tenant.purge("users", &id));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    written_late(&world, before, abandoned).await;
    assert_eq!(world.differences().await.len(), 1, "the late write is visible until the next complete turn");
    until_settled(&world, "users").await;
    world.ensure_equal().await.unwrap();
    let tombstone = document(&world, &id).await;
    assert_eq!(tombstone["_mirror"]["source"], "checked");
    assert_eq!(tombstone["_mirror"]["removed"]["reason"], "missing");
}

#[tokio::test]
async fn rule_11_a_late_write_of_an_older_version_is_mended_and_an_enumeration_shows_it_again() {
    let (world, abandoned) = with_a_abandoned_number().await;
    let id = world.a_user();
    let before = document(&world, &id).await;
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    world.turn().await.unwrap();
    written_late(&world, before, abandoned).await;
    until_settled(&world, "users").await;
    let mended = document(&world, &id).await;
    assert_eq!(mended["city"], "Ulm");
    assert_eq!(mended["_mirror"]["source"], "by-id");
    let generation = checkpoint(&world).await["generation"].as_u64().unwrap();
    let earlier = mended["_mirror"]["generation"].as_u64().unwrap();
    assert!(0 < earlier && earlier < generation, "the walk vouches no longer: {earlier} and {generation}");
    // What else the turn that wrote late had overwritten, and so what the enumeration had shown, nobody knows.
    until_shown(&world, "users", &id).await;
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_11_a_late_tombstone_of_somebody_who_lives_is_undone() {
    let (world, abandoned) = with_a_abandoned_number().await;
    let id = world.a_user();
    let mut tombstone =
        json!({"id": id, "ttl": 2_592_000, "_mirror": document(&world, &id).await["_mirror"]});
    tombstone["_mirror"]["removed"] = json!({"reason": "missing", "at": "2026-01-01T00:00:00Z"});
    written_late(&world, tombstone, abandoned).await;
    until_settled(&world, "users").await;
    assert_eq!(document(&world, &id).await["_mirror"].get("removed"), None);
}

/// Cosmos says in which second a document was written; this one at its very end.
#[tokio::test]
async fn rule_11_a_look_waits_until_doubt_is_old_enough_to_the_second() {
    let (world, abandoned) = with_a_abandoned_number().await;
    let id = world.a_user();
    let before = document(&world, &id).await;
    while SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_millis() < 850 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let written = Instant::now();
    written_late(&world, before, abandoned).await;
    until_settled(&world, "users").await;
    let doubt = Duration::from_millis(1_200);
    assert!(written.elapsed() >= doubt, "a look after {:?}", written.elapsed());
}

/// One who lives stays doubtful after every look, and was written first.
#[tokio::test]
async fn rule_11_without_any_budget_left_one_is_looked_up_after_the_other() {
    let world = World::start(hasty().set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    let before = [document(&world, &ids[0]).await, document(&world, &ids[1]).await];
    world.graph.tenant(|tenant| tenant.purge("users", &ids[1]));
    world.settle().await.unwrap();
    for mut read_by_id in before {
        let save = read_by_id["_mirror"]["save"].as_u64().unwrap();
        read_by_id["_mirror"]["source"] = "by-id".into();
        read_by_id["_mirror"]["generation"] = 0.into();
        written_late(&world, read_by_id, save).await;
    }
    unsettle(&world).await;
    world.settle_equal().await.unwrap();
    assert_eq!(document(&world, &ids[0]).await["_mirror"]["source"], "by-id");
    assert_eq!(document(&world, &ids[1]).await["_mirror"]["removed"]["reason"], "missing");
}

#[tokio::test]
async fn without_doubt_nobody_is_looked_up() {
    let world = crate::stage::copied().await;
    world.turn().await.unwrap();
    assert_eq!(world.graph.counts().get(&sandbox::graph::Kind::ById), None);
}
