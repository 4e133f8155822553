//! Connections go wrong: each is left in bounded time, and the copy is right. Graph and Cosmos speak TLS here, Graph over
//! HTTP/2, as the services do.

use sandbox::face::{Break, Broken};
use sandbox::world::{Setup, World};

use crate::stage::{failure, setup};

async fn world() -> World {
    World::start(Setup { tls: true, ..setup() }).await.unwrap()
}

/// The first connection to Graph ends like this after its first answer, and new ones work.
async fn is_left(how: Break) {
    let world = world().await;
    let graph = world.faces.as_ref().unwrap().graph.clone();
    graph.break_next(Broken { after: 1, how });
    let said = world.turn().await.unwrap();
    assert!(said.contains("complete"), "{how:?}: {said}");
    assert!(graph.connections() > 1, "{how:?}: the broken connection was never used");
    world.ensure_equal().await.unwrap();
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert!(world.document_writes().is_empty(), "run it twice and nothing is written");
}

/// Each request goes to the one connection of HTTP/2, waits, and is tried again over the same: the turn never ends.
#[tokio::test]
async fn a_connection_to_graph_that_goes_silent_is_left_for_a_new_one() {
    is_left(Break::Silence).await;
}

#[tokio::test]
async fn a_connection_to_graph_that_says_goodbye_or_is_cut_is_left_for_a_new_one() {
    is_left(Break::Goodbye).await;
    is_left(Break::Cut).await;
}

/// A stream that is reset ends itself only: the connection is good.
#[tokio::test]
async fn a_request_to_graph_that_is_reset_is_tried_again() {
    let world = world().await;
    world.faces.as_ref().unwrap().graph.break_next(Broken { after: 1, how: Break::Reset });
    assert!(world.turn().await.unwrap().contains("complete"));
    world.ensure_equal().await.unwrap();
}

/// Whatever was written over it is unknown: the turn ends dirty, and the next one carries on over new connections.
#[tokio::test]
async fn a_connection_to_cosmos_that_breaks_costs_a_turn_and_no_more() {
    for how in [Break::Silence, Break::Cut] {
        let world = world().await;
        for after in 0..4 {
            world.faces.as_ref().unwrap().cosmos.break_next(Broken { after: 3 * after, how });
        }
        // A turn may fail for each of them; the host fires again.
        let mut fired = 0;
        while !world.fire().await.unwrap().succeeded() {
            fired += 1;
            assert!(fired < 5, "{how:?}: {}", failure(&world));
        }
        world.settle_equal().await.unwrap();
    }
}

/// The turn fails at once, and says whose certificate it is and what to do.
async fn is_named(world: World, name: &str) {
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    for word in [name, "nobody who is trusted here issued its certificate", "SSL_CERT_FILE"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test]
async fn a_certificate_of_graph_that_nobody_trusts_is_named_with_what_to_do() {
    let world = world().await;
    world.faces.as_ref().unwrap().graph.distrust().unwrap();
    is_named(world, "Microsoft Graph").await;
}

#[tokio::test]
async fn a_certificate_of_cosmos_that_nobody_trusts_is_named_with_what_to_do() {
    let world = world().await;
    world.faces.as_ref().unwrap().cosmos.distrust().unwrap();
    is_named(world, "Cosmos DB").await;
}
