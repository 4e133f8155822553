//! Containers that are not what they were, or not what they have to be (rule 14): lost, created anew, with a default
//! TTL, with another partition key. Each is mended by itself, or named with what to do.

use sandbox::cosmos::{Fault, Match, Moment, Operation};
use sandbox::process_clock::ProcessClock;
use sandbox::world::World;
use serde_json::json;

use crate::stage::{checkpoint, copied, logged, setup, world};

/// What failed invocations said, the newest last.
fn failures(world: &World) -> Vec<String> {
    logged(world, "invocation_failed")
}

/// A container is dropped, and another one created under its name.
async fn recreate(world: &World, name: &str, partition_key: &str) {
    world.cosmos.remove_container(name).await.unwrap();
    world.cosmos.add_container(name, partition_key).await.unwrap();
}

async fn generation(world: &World) -> u64 {
    checkpoint(world).await["generation"].as_u64().unwrap()
}

#[tokio::test]
async fn rule_14_a_container_that_was_created_anew_is_filled_again() {
    let world = copied().await;
    let before = generation(&world).await;
    recreate(&world, "users", "/id").await;
    // Another process opens the container, as every instance does that the platform starts.
    let other = world.second_host().await.unwrap();
    other.settle().await.unwrap();
    other.ensure_equal().await.unwrap();
    let after = generation(&world).await;
    assert!(after > before);
    // The first process still knows the container of before: it must not begin anew for that.
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(generation(&world).await, after, "one generation for one new container");
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), [], "run it twice");
}

#[tokio::test]
async fn rule_14_a_container_that_was_created_anew_under_a_running_process_is_noticed_within_the_hour() {
    let clock = ProcessClock::start().unwrap();
    let [library, file] = clock.env().unwrap();
    let setup = setup().set(&library.0, &library.1).set(&file.0, &file.1);
    let world = World::start(setup).await.unwrap();
    world.settle_equal().await.unwrap();
    let before = generation(&world).await;
    recreate(&world, "users", "/id").await;
    // Nothing has changed in the tenant, so nothing is written, and no answer tells of another container.
    world.turn().await.unwrap();
    assert_eq!((generation(&world).await, world.cosmos.documents("users").await.len()), (before, 0));
    clock.pass(3600).unwrap();
    world.settle_equal().await.unwrap();
    assert!(generation(&world).await > before);
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), [], "run it twice");
}

#[tokio::test]
async fn rule_14_containers_are_looked_at_once_by_a_process_and_not_by_every_turn() {
    let world = copied().await;
    let looks = world.cosmos.hold(Match::operation(Operation::Meta).container("users"), Moment::Before);
    assert!(world.turn().await.unwrap().contains("complete"), "a look would stand at the gate");
    looks.release();
}

#[tokio::test]
async fn rule_14_a_container_that_is_lost_during_an_enumeration_is_filled_again() {
    let world = world().await;
    let mut hold = world.cosmos.hold(Match::writes().container("users").nth(30), Moment::Before);
    let (turn, ()) = tokio::join!(world.fire(), async {
        hold.arrived().await;
        recreate(&world, "users", "/id").await;
        hold.release();
    });
    assert!(turn.unwrap().succeeded());
    let other = world.second_host().await.unwrap();
    other.settle().await.unwrap();
    other.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_links_come_back_into_a_container_that_was_created_anew() {
    let world = World::start(sandbox::world::Setup { groups: 5, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    recreate(&world, "groups-members", "/_mirror/parent").await;
    let other = world.second_host().await.unwrap();
    other.settle_feed("groups").await.unwrap();
    other.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_links_to_somebody_who_was_purged_before_the_users_were_lost_end_too() {
    let world = World::start(sandbox::world::Setup { groups: 5, ..setup() }).await.unwrap();
    world.settle_equal().await.unwrap();
    world.graph.tenant(|tenant| {
        let groups = tenant.ids("groups");
        let mut members = groups.iter().flat_map(|group| tenant.targets("groups-members", group));
        let member = members.find(|member| tenant.get("users", member).is_some()).unwrap();
        assert!(tenant.purge("users", &member));
    });
    // Nobody tells the groups of that but the tombstone of the user, which goes with its container.
    world.settle_feed("users").await.unwrap();
    recreate(&world, "users", "/id").await;
    let other = world.second_host().await.unwrap();
    other.settle_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_a_default_ttl_is_refused_by_name_and_what_expired_comes_back() {
    let world = copied().await;
    world.cosmos.set_default_ttl("users", Some(86_400)).await.unwrap();
    let other = world.second_host().await.unwrap();
    assert!(!other.fire().await.unwrap().succeeded());
    let said = failures(&other).pop().unwrap();
    for needed in ["`users`", "86400", "container update", "-n users --ttl -1"] {
        assert!(said.contains(needed), "{needed}: {said}");
    }
    world.cosmos.advance(std::time::Duration::from_secs(2 * 86_400));
    assert!(world.cosmos.documents("users").await.len() < 50, "the sandbox expires as the service does");
    world.cosmos.set_default_ttl("users", Some(-1)).await.unwrap();
    let third = world.second_host().await.unwrap();
    third.settle().await.unwrap();
    third.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_another_partition_key_is_named_with_both_keys_and_the_command() {
    for container in ["users", "mirror"] {
        let world = world().await;
        recreate(&world, container, "/tenantId").await;
        assert!(!world.fire().await.unwrap().succeeded());
        let said = failures(&world).pop().unwrap();
        let key = if container == "users" { "/id" } else { "/feed" };
        let (has, needs) = ("partition key /tenantId".to_owned(), format!("needs {key}"));
        let command = format!("-n {container} --partition-key-path {key} --ttl -1");
        for needed in [has, needs, command, format!("`{container}`")] {
            assert!(said.contains(&needed), "{needed}: {said}");
        }
        assert_eq!(logged(&world, "set_aside"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_container_that_got_another_partition_key_while_the_handler_runs_is_named_too() {
    let world = copied().await;
    recreate(&world, "users", "/tenantId").await;
    let id = world.a_user();
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failures(&world).pop().unwrap();
    assert!(said.contains("partition key /tenantId") && said.contains("needs /id"), "{said}");
    assert_eq!(logged(&world, "set_aside"), Vec::<String>::new());
}

#[tokio::test]
async fn a_container_that_is_missing_is_named_on_every_request() {
    let world = copied().await;
    world.cosmos.remove_container("users").await.unwrap();
    for city in ["Ulm", "Bonn"] {
        let id = world.a_user();
        world.graph.tenant(|tenant| tenant.change("users", &id, json!({ "city": city })));
        assert!(!world.fire().await.unwrap().succeeded());
        let said = failures(&world).pop().unwrap();
        assert!(said.contains("container `users` of database `graph`"), "{said}");
        assert!(said.contains("az cosmosdb sql container create"), "{said}");
    }
    world.cosmos.add_container("users", "/id").await.unwrap();
    world.settle().await.unwrap();
    let other = world.second_host().await.unwrap();
    other.settle().await.unwrap();
    other.ensure_equal().await.unwrap();
    world.cosmos.remove_container("mirror").await.unwrap();
    for _ in 0..2 {
        assert!(!world.fire().await.unwrap().succeeded());
        let said = failures(&world).pop().unwrap();
        assert!(said.contains("container `mirror` of database `graph`"), "{said}");
    }
}

#[tokio::test]
async fn rule_14_what_one_process_found_gone_is_filled_again_by_another_that_had_looked_before() {
    let world = copied().await;
    let other = world.second_host().await.unwrap();
    other.turn().await.unwrap();
    let before = generation(&world).await;
    world.cosmos.remove_container("users").await.unwrap();
    let id = world.a_user();
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    assert!(!world.fire().await.unwrap().succeeded());
    world.cosmos.add_container("users", "/id").await.unwrap();
    // Its own look is good for an hour: only the checkpoint can tell it that all the others are gone too.
    other.settle().await.unwrap();
    other.ensure_equal().await.unwrap();
    let after = generation(&world).await;
    assert!(after > before);
    world.settle().await.unwrap();
    assert_eq!(generation(&world).await, after, "one generation for one new container");
}

#[tokio::test]
async fn rule_14_users_were_set_aside_since_their_container_was_created_anew() {
    // The SDK opens the new container by itself, unless it cannot ask for it.
    let busy = Fault::Throttle { retry_after_ms: 10 };
    let meta = || Match::operation(Operation::Meta).container("users");
    let world = world().await;
    let mut hold = world.cosmos.hold(Match::writes().container("users").nth(30), Moment::Before);
    let (turn, ()) = tokio::join!(world.fire(), async {
        hold.arrived().await;
        recreate(&world, "users", "/id").await;
        world.cosmos.fail(meta(), 1, busy.clone());
        hold.release();
    });
    assert!(!turn.unwrap().succeeded());
    assert!(failures(&world)[0].contains("created anew (`users`, status 400/1024"), "{:?}", failures(&world));
    assert_eq!(logged(&world, "set_aside"), Vec::<String>::new());
    world.settle_equal().await.unwrap();
    recreate(&world, "users", "/id").await;
    world.cosmos.fail(meta(), 1, busy);
    world.graph.tenant(|tenant| tenant.create("users"));
    assert!(!world.fire().await.unwrap().succeeded());
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_links_were_refused_since_their_container_was_created_anew() {
    let world = World::start(sandbox::world::Setup { groups: 5, ..setup() }).await.unwrap();
    world.settle_equal().await.unwrap();
    recreate(&world, "groups-members", "/_mirror/parent").await;
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let new: Vec<_> = tenant
            .ids("users")
            .into_iter()
            .filter(|user| tenant.link("groups-members", &group, user))
            .collect();
        assert!(new.len() > 1, "one alone is not written as a batch");
    });
    world.cosmos.fail(Match::writes().container("groups-members"), 1, Fault::Inside(400, 1024));
    assert!(!world.fire_feed("groups").await.unwrap().succeeded());
    let said = failures(&world).pop().unwrap();
    assert!(said.contains("created anew (`groups-members`, status 400/1024"), "{said}");
    // The container is looked at, so the links of before come back too.
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn rule_14_the_container_of_leases_was_created_anew_during_an_enumeration() {
    let world = world().await;
    let mut hold = world.cosmos.hold(Match::writes().container("mirror").nth(4), Moment::Before);
    let (turn, ()) = tokio::join!(world.fire(), async {
        hold.arrived().await;
        recreate(&world, "mirror", "/tenantId").await;
        let meta = Match::operation(Operation::Meta).container("mirror");
        world.cosmos.fail(meta, 1, Fault::Throttle { retry_after_ms: 10 });
        hold.release();
    });
    assert!(!turn.unwrap().succeeded());
    let said = failures(&world).pop().unwrap();
    assert!(said.contains("created anew (`mirror`, status 400/1024"), "{said}");
    // It is looked at before a lease is taken there.
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failures(&world).pop().unwrap();
    assert!(said.contains("-n mirror --partition-key-path /feed --ttl -1"), "{said}");
    recreate(&world, "mirror", "/feed").await;
    world.settle_equal().await.unwrap();
}
