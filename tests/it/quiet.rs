//! Rule 15: a turn asks for changes without the lease first, and mostly finds none.

use sandbox::cosmos::Match;
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, kill_after};

/// A complete copy whose last turn left nothing to be done.
async fn settled() -> World {
    let world = copied().await;
    while !is_quiet(&world, "users").await {}
    world
}

fn forget(world: &World) {
    world.cosmos.reset_log();
    world.graph.forget_requests();
}

/// What a turn has written, each as `container id`.
fn written(world: &World) -> Vec<String> {
    let writes = world.cosmos.writes();
    forget(world);
    writes.iter().map(|write| format!("{} {}", write.container, write.id)).collect()
}

/// Whether the next turn takes no lease.
async fn is_quiet(world: &World, feed: &str) -> bool {
    forget(world);
    world.turn_feed(feed).await.unwrap();
    written(world) == ["mirror quiet"]
}

async fn lease(world: &World) -> Value {
    world.cosmos.document("mirror", "users", "lease").await.unwrap()
}

async fn as_of(world: &World) -> Value {
    world.call("GET", "/api/status/users", "").await.unwrap().body[0]["asOf"].clone()
}

#[tokio::test]
async fn a_turn_that_finds_no_change_takes_no_lease() {
    let world = settled().await;
    let (held, saved, told) = (lease(&world).await, checkpoint(&world).await, as_of(&world).await);
    forget(&world);
    world.turn_feed("users").await.unwrap();
    assert_eq!(world.graph.counts().values().sum::<usize>(), 1, "one request to Graph");
    assert_eq!(written(&world), ["mirror quiet"]);
    assert_eq!((lease(&world).await, checkpoint(&world).await), (held, saved));
    assert!(as_of(&world).await.as_str() > told.as_str(), "the copy is as of this turn");
    world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.change("users", &id, json!({"city": "Ulm"}));
    });
    assert!(!is_quiet(&world, "users").await, "a change takes a turn with the lease");
    world.ensure_equal().await.unwrap();
    // And then it is quiet again, as soon as all replicas must agree on that.
    while !is_quiet(&world, "users").await {}
}

#[tokio::test]
async fn what_has_to_be_done_is_not_put_off_by_quiet_turns() {
    let world = settled().await;
    // An object is read by its id, and a look has to settle it.
    let id = world.a_user();
    let city = |city: &str| world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": city})));
    city("Ulm");
    world.turn_feed("users").await.unwrap();
    let mut document = crate::stage::document(&world, &id).await;
    document["city"] = json!("Nowhere");
    world.cosmos.put("users", &id, &document).await.unwrap();
    let path = format!("/api/refresh/users/{id}");
    assert_eq!(world.call("POST", &path, "").await.unwrap().body["upserted"], 1);
    assert_eq!(lease(&world).await["settled"], false);
    assert!(!is_quiet(&world, "users").await, "something is doubtful");
    crate::stage::until_settled(&world, "users").await;
    while !is_quiet(&world, "users").await {}
    // A read by id that finds nothing to write leaves nothing to be done.
    assert_eq!(world.call("POST", &path, "").await.unwrap().body["unchanged"], 1);
    assert!(is_quiet(&world, "users").await);
    // A turn that is killed leaves its number.
    city("Mainz");
    kill_after(Match::writes().container("users"), &world, "users").await;
    assert!(!is_quiet(&world, "users").await);
    world.ensure_equal().await.unwrap();
    assert!(!is_quiet(&world, "users").await, "a late write may still carry it");
}

#[tokio::test]
async fn a_purged_user_takes_memberships_along_although_the_groups_are_quiet() {
    let world = crate::stage::copied_as(sandbox::world::Setup { groups: 4, ..crate::stage::setup() }).await;
    while !is_quiet(&world, "groups").await {}
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let member =
            tenant.targets("groups-members", &group).into_iter().find(|id| tenant.get("users", id).is_some());
        assert!(tenant.purge("users", &member.unwrap()));
    });
    world.turn_feed("users").await.unwrap();
    world.turn_feed("groups").await.unwrap();
    world.settle_equal().await.unwrap();
}
