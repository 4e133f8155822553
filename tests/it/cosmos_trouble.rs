//! Cosmos gives no certain answer: the turn ends dirty, its number is abandoned, and the next one mends it.

use sandbox::cosmos::{Fault, Match, Operation};
use serde_json::json;

use crate::stage::{checkpoint, copied, failure, logged, world};

async fn ends_dirty_and_is_mended(fault: Fault) {
    let world = world().await;
    world.cosmos.fail(Match::writes().container("users").nth(25), 1, fault.clone());
    let attempt = world.fire().await.unwrap();
    assert!(!attempt.succeeded(), "{fault:?}");
    assert!(failure(&world).contains("no certain answer"), "{fault:?}: {}", failure(&world));
    assert_eq!(crate::stage::saves(&world).await, 2, "{fault:?}: the page is not saved");
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    let after = checkpoint(&world).await;
    assert_eq!(crate::stage::save_of(&after, &after["abandoned"][0]["from"]), 3, "{fault:?}");
}

#[tokio::test]
async fn a_lost_answer() {
    ends_dirty_and_is_mended(Fault::Lost).await;
}

#[tokio::test]
async fn a_broken_connection() {
    ends_dirty_and_is_mended(Fault::Reset).await;
}

#[tokio::test]
async fn a_503() {
    ends_dirty_and_is_mended(Fault::Unavailable).await;
}

#[tokio::test]
async fn rule_6_a_write_whose_answer_was_lost_is_not_sent_again() {
    let world = copied().await;
    let id = world.change_a_user();
    world.cosmos.fail(Match::writes().container("users"), 1, Fault::Lost);
    assert!(!world.fire().await.unwrap().succeeded());
    let tries = world.document_writes().into_iter().filter(|write| write.id == id).count();
    assert_eq!(tries, 1, "a second copy could land after we went on");
}

#[tokio::test]
async fn lost_answers_on_lease_and_checkpoint_end_well() {
    for nth in 1..=8 {
        let world = sandbox::world::World::start(crate::stage::hasty()).await.unwrap();
        world.cosmos.fail(Match::writes().container("mirror").nth(nth), 1, Fault::Lost);
        world.settle().await.unwrap();
        world.ensure_equal().await.unwrap();
        assert_eq!(world.cosmos.faults().unused(), usize::from(nth > world_writes(&world)), "write {nth}");
    }
}

fn world_writes(world: &sandbox::world::World) -> usize {
    world.cosmos.writes().iter().filter(|write| write.container == "mirror").count()
}

#[tokio::test]
async fn one_object_that_cosmos_refuses_is_set_aside_and_the_feed_goes_on() {
    let world = world().await;
    let id = world.graph.tenant(|tenant| tenant.ids("users")[10].clone());
    world.cosmos.fail(Match::writes().container("users").id(&id), 1, Fault::Refuse(400));
    let told = world.turn().await.unwrap();
    assert!(told.contains("49 upserted, 0 removed, 1 set aside"), "{told}");
    assert_eq!(logged(&world, "set_aside").len(), 1);
    let note = crate::stage::document(&world, &id).await;
    assert!(note["_mirror"]["setAside"]["reason"].as_str().unwrap().contains("400"), "{note}");
    assert_eq!(note.get("displayName"), None);
    assert_eq!(checkpoint(&world).await["counts"]["setAside"], 1);
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn no_access_names_the_role_and_a_missing_container_itself() {
    let world = world().await;
    world.cosmos.fail(Match::writes().container("users"), 1, Fault::NoRole);
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(failure(&world).contains("Cosmos DB Built-in Data Contributor"), "{}", failure(&world));
    let elsewhere = crate::stage::setup().set("COSMOS_DATABASE", "nowhere");
    let world = sandbox::world::World::start(elsewhere).await.unwrap();
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains("container `mirror` of database `nowhere`"), "{said}");
}

#[tokio::test]
async fn a_firewall_is_not_told_as_a_missing_role() {
    let world = world().await;
    world.cosmos.fail(Match::any(), usize::MAX, Fault::Firewall);
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(
        said.contains("network rules of the Cosmos DB account refuse this address (status 403"),
        "{said}"
    );
    assert!(!said.contains("Data Contributor") && !said.contains("203.0.113.9"), "{said}");
}

#[tokio::test]
async fn a_read_that_fails_is_no_damage() {
    let world = copied().await;
    world.cosmos.fail(Match::operation(Operation::Read).container("mirror"), 40, Fault::Unavailable);
    let attempt = world.fire().await.unwrap();
    world.cosmos.faults().clear();
    let told = world.settle().await.unwrap();
    assert!(!attempt.succeeded() && told.contains("complete"));
    world.ensure_equal().await.unwrap();
}
