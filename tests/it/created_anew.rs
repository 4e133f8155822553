//! Rule 14: whatever request Cosmos refuses since a container was created anew, the container is named.

use sandbox::cosmos::{Fault, Match, Operation};
use sandbox::graph;
use sandbox::world::{Setup, World};

use crate::stage::{checkpoint_of, copied, generations, logged, setup};

/// How Cosmos says that the container is another one than the request is for.
const SAYS: [(u16, u32); 2] = [(400, 1024), (410, 1000)];

fn says((status, sub_status): (u16, u32)) -> Fault {
    Fault::Says { status, sub_status: Some(sub_status), message: "hush".into() }
}

/// The turn of the users fails and names the container; the next one looks at it.
async fn named(world: &World, container: &str, (status, sub): (u16, u32)) {
    let attempt = world.fire().await.unwrap();
    let said = logged(world, "invocation_failed").pop().unwrap_or_default();
    let expected = format!("created anew (`{container}`, status {status}/{sub}");
    assert!(!attempt.succeeded() && said.contains(&expected), "{expected}: {attempt:?} {said}");
    world.cosmos.faults().clear();
}

#[tokio::test]
async fn a_request_names_it() {
    let world = copied().await;
    for answer in SAYS {
        for (request, container) in [
            (Match::writes().container("users"), "users"),
            (Match::operation(Operation::Query).container("users"), "users"),
            (Match::operation(Operation::Read).container("mirror"), "mirror"),
            (Match::writes().container("mirror"), "mirror"),
        ] {
            world.graph.tenant(|tenant| tenant.create("users"));
            world.cosmos.fail(request, 99, says(answer));
            named(&world, container, answer).await;
            assert_eq!(logged(&world, "set_aside"), Vec::<String>::new());
            world.settle_equal().await.unwrap();
        }
    }
}

/// A container that is dropped and created again at that moment has no sub-status for it.
#[tokio::test]
async fn a_404_of_a_request_that_needs_no_document_names_it() {
    let world = copied().await;
    let says = || Fault::Says { status: 404, sub_status: None, message: "hush".into() };
    let known = async |world: &World| checkpoint_of(world, "users").await["containers"]["users"].clone();
    for request in [Match::writes(), Match::operation(Operation::Query)] {
        world.graph.tenant(|tenant| tenant.create("users"));
        world.cosmos.fail(request.container("users"), 99, says());
        let was = known(&world).await;
        let attempt = world.fire().await.unwrap();
        let said = logged(&world, "invocation_failed").pop().unwrap_or_default();
        assert!(!attempt.succeeded() && said.contains("there is no container `users`"), "{attempt:?} {said}");
        world.cosmos.faults().clear();
        assert_ne!(known(&world).await, was, "every process looks at it again");
        world.settle_equal().await.unwrap();
    }
}

#[tokio::test]
async fn a_write_that_only_looks_for_the_newest_version_names_it() {
    for answer in SAYS {
        let world = copied().await;
        world.graph.quirks(|quirks| quirks.replays = true);
        world.change_a_user();
        world.turn().await.unwrap();
        // What the round before told is told once more.
        world.cosmos.fail(Match::writes().container("users"), 99, says(answer));
        named(&world, "users", answer).await;
        world.settle_equal().await.unwrap();
    }
}

#[tokio::test]
async fn whoever_finds_a_lease_taken_and_a_rerun_requested_names_it() {
    for answer in SAYS {
        let world = copied().await;
        let other = world.second_host().await.unwrap();
        let mut hold = world.graph.hold(graph::Match::any());
        let turn = world.start_turn();
        hold.arrived().await;
        assert!(other.turn().await.unwrap().contains("busy"));
        world.cosmos.fail(Match::writes().container("mirror").id("lease"), 99, says(answer));
        named(&other, "mirror", answer).await;
        hold.release();
        turn.await.unwrap();
        world.settle_equal().await.unwrap();
    }
}

#[tokio::test]
async fn links_were_written_anew_twice_since_another_container_was_noted() {
    let world = World::start(Setup { groups: 5, ..setup() }).await.unwrap();
    world.settle_equal().await.unwrap();
    let other = world.second_host().await.unwrap();
    other.turn().await.unwrap();
    world.cosmos.remove_container("groups-members").await.unwrap();
    world.cosmos.add_container("groups-members", "/_mirror/parent").await.unwrap();
    world.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let users = tenant.ids("users");
        assert!(users.iter().filter(|user| tenant.link("groups-members", &group, user)).count() > 1);
    });
    world.cosmos.fail(Match::writes().container("groups-members"), 1, Fault::Inside(410, 1000));
    assert!(!world.fire_feed("groups").await.unwrap().succeeded());
    other.settle_equal().await.unwrap();
    world.settle_equal().await.unwrap();
    assert_eq!(
        (generations(&other, "groups"), generations(&world, "groups")),
        (1, 1),
        "the first copy is one"
    );
}
