//! The main job: users move into Cosmos, and what changes follows.

use sandbox::graph::random_change;
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, document, setup, world};

#[tokio::test]
async fn the_first_turn_copies_everything_and_the_second_writes_no_document() {
    let world = world().await;
    let told = world.turn().await.unwrap();
    assert!(told.starts_with("users: complete; 50 upserted, 0 removed, 0 set aside, 3 pages"), "{told}");
    world.ensure_equal().await.unwrap();
    world.cosmos.reset_log();
    let told = world.turn().await.unwrap();
    assert!(told.starts_with("users: complete; 0 upserted"), "{told}");
    assert_eq!(world.document_writes(), [], "a second run without changes writes nothing outside `mirror`");
    world.host.assert_healthy();
}

#[tokio::test]
async fn changes_arrive_with_nulls_and_without_what_was_never_set() {
    let world = copied().await;
    let id = world.graph.tenant(|tenant| tenant.ids("users")[3].clone());
    let patch = json!({"jobTitle": null, "city": "Zürich \u{1F30D}", "employeeOrgData": {"division": null, "costCenter": "1\"2"}});
    world.graph.tenant(|tenant| tenant.change("users", &id, patch));
    let told = world.turn().await.unwrap();
    assert!(told.contains("1 upserted"), "{told}");
    world.ensure_equal().await.unwrap();
    assert_eq!(document(&world, &id).await["jobTitle"], Value::Null);
}

#[tokio::test]
async fn a_removal_leaves_a_tombstone_that_expires_and_a_restore_replaces_it() {
    let world = copied().await;
    let [gone, purged] = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.remove("users", &ids[0]);
        tenant.purge("users", &ids[1]);
        [ids[0].clone(), ids[1].clone()]
    });
    let told = world.turn().await.unwrap();
    assert!(told.contains("2 removed"), "{told}");
    world.ensure_equal().await.unwrap();
    for (id, reason) in [(&gone, "changed"), (&purged, "deleted")] {
        let tombstone = document(&world, id).await;
        assert_eq!(tombstone["_mirror"]["removed"]["reason"], reason);
        assert_eq!(tombstone["ttl"], 30 * 86_400);
        assert_eq!(tombstone.get("displayName"), None, "a tombstone has no content");
    }
    world.graph.tenant(|tenant| assert!(tenant.restore("users", &gone)));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(document(&world, &gone).await["_mirror"].get("removed"), None);
    world.cosmos.advance(std::time::Duration::from_secs(31 * 86_400));
    assert!(world.cosmos.document("users", &purged, &purged).await.is_none(), "the tombstone has expired");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_soft_deleted_user_that_is_purged_later_stays_gone() {
    let world = copied().await;
    let id = world.graph.tenant(|tenant| tenant.ids("users")[7].clone());
    for step in ["changed", "deleted"] {
        world.graph.tenant(|tenant| {
            if step == "changed" { tenant.remove("users", &id) } else { tenant.purge("users", &id) }
        });
        world.turn().await.unwrap();
        assert_eq!(document(&world, &id).await["_mirror"]["removed"]["reason"], step);
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn rule_5_every_document_carries_its_generation_and_its_save() {
    let world = world().await;
    world.turn().await.unwrap();
    let documents = world.cosmos.documents("users").await;
    let mut saves: Vec<_> =
        documents.iter().map(|document| document["_mirror"]["save"].as_u64().unwrap()).collect();
    saves.sort_unstable();
    saves.dedup();
    let checkpoint = checkpoint(&world).await;
    let first = checkpoint["firstSave"].as_u64().unwrap();
    assert_eq!(
        saves,
        [2, 3, 4].map(|save| first + save),
        "save 1 began the generation, then one save a page"
    );
    assert!(documents.iter().all(|document| document["_mirror"]["generation"] == checkpoint["generation"]));
    assert!(documents.iter().all(|document| document["_mirror"]["source"] == "delta"));
}

async fn quirky(change: impl FnOnce(&mut sandbox::graph::Quirks)) -> World {
    let world = World::start(setup()).await.unwrap();
    world.graph.quirks(change);
    world
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_does_not_end_the_round() {
    let world = quirky(|quirks| quirks.empty_page_every = Some(1)).await;
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn of_duplicates_in_a_round_the_last_one_wins() {
    let world = quirky(|quirks| quirks.duplicate_every = Some(2)).await;
    world.turn().await.unwrap();
    let random = &mut fastrand::Rng::with_seed(5);
    for _ in 0..5 {
        world.graph.tenant(|tenant| {
            for _ in 0..15 {
                random_change(tenant, "users", random);
            }
        });
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn replays_change_nothing_and_removals_in_a_first_round_are_taken() {
    let world = quirky(|quirks| {
        quirks.replays = true;
        quirks.removed_in_initial = true;
    })
    .await;
    let gone = world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.remove("users", &id);
        id
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(document(&world, &gone).await["_mirror"]["removed"]["reason"], "changed");
    for round in 0..3 {
        world.graph.tenant(|tenant| {
            let id = tenant.ids("users")[round].clone();
            tenant.change("users", &id, json!({"city": format!("City {round}")}));
        });
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
    }
}
