//! Pages that lead nowhere: the turn fails and says what repeats, and what was saved before stands.

use sandbox::graph::{Fault, Match};
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, document, failure, setup};

/// A page with one user called so, and this next link.
fn page(world: &World, name: &str, link: &str) -> Fault {
    let id = world.a_user();
    let body = json!({"value": [{"id": id, "displayName": name}], "@odata.nextLink": link});
    Fault::Status { code: 200, body: body.to_string() }
}

fn link(world: &World, token: &str) -> String {
    format!("{}/v1.0/users/delta?$skiptoken={token}", world.graph.endpoint())
}

/// The turn fails naming what repeats, and no link; when Graph is well again, the copy gets there.
async fn fails_and_recovers(world: &World, word: &str, before: &Value) {
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(world);
    assert!(said.contains("sync of users failed") && said.contains(word), "{said}");
    assert!(!said.contains("skiptoken") && !said.contains("hush"), "{said}");
    assert_eq!(world.graph.faults().unused(), 0);
    let after = checkpoint(world).await;
    assert_eq!(after["abandoned"], json!([]), "the turn ended cleanly");
    world.cosmos.put("mirror", "users", before).await.unwrap();
    world.settle().await.unwrap();
}

#[tokio::test]
async fn a_link_that_leads_to_itself() {
    let world = copied().await;
    let before = checkpoint(&world).await;
    let own = before["link"].as_str().unwrap().to_owned();
    world.graph.fail(Match::any(), 1, page(&world, "hush", &own));
    fails_and_recovers(&world, "leads back to a page of the same round", &before).await;
    assert_eq!(world.document_writes(), [], "nothing of that page is kept");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_link_that_leads_back() {
    let world = copied().await;
    let before = checkpoint(&world).await;
    for (name, token) in [("one", "a"), ("two", "b"), ("three", "a")] {
        world.graph.fail(Match::any(), 1, page(&world, name, &link(&world, token)));
    }
    fails_and_recovers(&world, "leads back to a page of the same round", &before).await;
    let id = world.a_user();
    assert_eq!(document(&world, &id).await["displayName"], "two", "the pages before stand");
}

#[tokio::test]
async fn one_page_behind_changing_links() {
    let world = copied().await;
    let before = checkpoint(&world).await;
    for token in ["a", "b", "c", "d", "e"] {
        world.graph.fail(Match::any(), 1, page(&world, "hush", &link(&world, token)));
    }
    fails_and_recovers(&world, "5 pages in a row", &before).await;
    assert_eq!(world.document_writes().len(), 1, "the same again is not written");
}

#[tokio::test]
async fn one_page_a_turn_is_enough_to_see_a_link_that_leads_to_itself() {
    let world = World::start(setup().set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    let own = checkpoint(&world).await["link"].as_str().unwrap().to_owned();
    world.graph.fail(Match::any(), 3, page(&world, "hush", &own));
    for _ in 0..3 {
        assert!(!world.fire().await.unwrap().succeeded());
    }
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn empty_pages_and_pages_that_are_told_twice_are_no_loop() {
    let world = World::start(sandbox::world::Setup { page_size: 1, ..setup() }).await.unwrap();
    world.graph.quirks(|quirks| {
        quirks.empty_page_every = Some(2);
        quirks.duplicate_every = Some(1);
        quirks.replays = true;
    });
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

/// Neither a link nor a page comes twice in a row, and nothing new is ever on one.
#[tokio::test]
async fn two_pages_that_take_turns_for_ever() {
    let world = copied().await;
    let before = checkpoint(&world).await;
    for n in 0..502 {
        let name = if n % 2 == 0 { "one" } else { "two" };
        world.graph.fail(Match::any(), 1, page(&world, name, &link(&world, &n.to_string())));
    }
    fails_and_recovers(&world, "500 pages in a row are empty or were seen before", &before).await;
}
