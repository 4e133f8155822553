//! Graph answers badly: the error names the thing, nothing is lost, and the checkpoint does not move.

use sandbox::graph::{Fault, Framing, Match};
use sandbox::world::World;
use serde_json::json;

use crate::stage::{checkpoint, copied, failure, logged};

/// A complete copy, and one change that the next turn should bring.
async fn with_a_change() -> World {
    let world = copied().await;
    world.change_a_user();
    world
}

/// The turn fails and says so; the checkpoint stands; the next turn brings the change.
async fn fails_and_says(fault: Fault, word: &str) {
    let world = with_a_change().await;
    let before = checkpoint(&world).await;
    world.graph.fail(Match::any(), 1, fault.clone());
    let attempt = world.fire().await.unwrap();
    assert!(!attempt.succeeded(), "{fault:?}");
    let said = failure(&world);
    assert!(said.contains(word) && said.contains("sync of users failed"), "{fault:?}: {said}");
    let mut after = checkpoint(&world).await;
    // Since when Graph's servers fail is noted in it, which takes a save; nothing else of it changes then.
    if after["failingSince"].is_string() {
        for member in ["failingSince", "save", "epoch", "_etag", "_ts"] {
            after[member] = before[member].clone();
        }
        after.as_object_mut().unwrap().retain(|name, _| before.get(name).is_some());
    }
    assert_eq!(after, before, "{fault:?}: the checkpoint does not move");
    assert_eq!(world.document_writes(), [], "{fault:?}: nothing is written");
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(checkpoint(&world).await["abandoned"], json!([]), "{fault:?}: the turn ended cleanly");
}

#[tokio::test]
async fn html_instead_of_json() {
    fails_and_says(Fault::Html, "`text/html` instead of JSON").await;
}

#[tokio::test]
async fn a_page_that_is_no_json() {
    fails_and_says(Fault::NotJson, "not readable JSON").await;
}

#[tokio::test]
async fn a_page_without_value() {
    fails_and_says(Fault::NoValue, "a page without `value`").await;
}

#[tokio::test]
async fn a_page_without_any_link() {
    fails_and_says(Fault::NoLink, "neither a next link nor a delta link").await;
}

#[tokio::test]
async fn a_link_to_another_host() {
    fails_and_says(Fault::ForeignLink("evil.example".into()), "another host, `evil.example`").await;
}

#[tokio::test]
async fn a_redirect_to_another_host() {
    let away = Fault::RedirectTo("https://evil.example/v1.0/users/delta?$deltatoken=x".into());
    fails_and_says(away, "another host, `evil.example`").await;
}

#[tokio::test]
async fn a_page_that_is_too_large() {
    fails_and_says(Fault::Huge(17 << 20), "more than 16 MiB").await;
}

#[tokio::test]
async fn a_refusal_that_is_nobodys_fault() {
    let body = json!({"error": {"code": "InternalServerError", "message": "secret words"}}).to_string();
    fails_and_says(Fault::Status { code: 500, body }, "status 500, code `InternalServerError`").await;
}

#[tokio::test]
async fn broken_connections_are_tried_again_within_the_turn() {
    for fault in [Fault::Reset, Fault::CutBody(Framing::Length), Fault::CutBody(Framing::Chunked)] {
        let world = with_a_change().await;
        world.graph.fail(Match::any(), 2, fault.clone());
        let attempt = world.fire().await.unwrap();
        assert!(attempt.succeeded(), "{fault:?}: {attempt:?}");
        assert_eq!(logged(&world, "graph_retry").len(), 2, "{fault:?}");
        world.ensure_equal().await.unwrap();
    }
}

#[tokio::test]
async fn a_bad_page_in_the_middle_keeps_the_pages_before_it() {
    let world = crate::stage::world().await;
    world.graph.fail(Match::skip_token().nth(2), 1, Fault::NotJson);
    assert!(!world.fire().await.unwrap().succeeded());
    let before = checkpoint(&world).await;
    assert_eq!(crate::stage::save_of(&before, &before["save"]), 3, "the generation and two pages are saved");
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(
        checkpoint(&world).await["generation"],
        before["generation"],
        "the enumeration went on where it was"
    );
}

/// A page of a million objects, links or properties: the process of a small instance would be ended in each turn.
#[tokio::test]
async fn a_page_with_far_too_much_in_it_is_named_and_not_taken_to_memory() {
    let page = |objects: &str| {
        format!(
            r#"{{"value":[{objects}],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/delta"}}"#
        )
    };
    let many = |item: &str, count: usize| vec![item; count].join(",");
    let links = format!(r#"{{"id":"g","members@delta":[{}]}}"#, many(r#"{"id":"m"}"#, 250_000));
    let properties = format!(r#"{{"id":"u",{}}}"#, many(r#""a":1"#, 600_000));
    for (objects, bound) in [
        (many("{}", 1_000_000), "more than 10,000 objects"),
        (links, "more than 200,000 links"),
        (properties, "more than 500,000 properties"),
    ] {
        fails_and_says(Fault::Status { code: 200, body: page(&objects) }, bound).await;
    }
    let link =
        format!(r#"{{"value":[],"@odata.nextLink":"https://graph.microsoft.com/{}"}}"#, "x".repeat(1 << 20));
    fails_and_says(Fault::Status { code: 200, body: link }, "more than 512 KiB in one link").await;
}

/// The bound is looked at while the page is read: four million objects would take 200 MiB and more before they are counted.
#[tokio::test]
async fn a_page_of_four_million_objects_does_not_end_a_small_instance() {
    let world = copied().await;
    let body = format!(r#"{{"value":[{}]}}"#, vec!["{}"; 4 << 20].join(","));
    world.graph.fail(Match::any(), 1, Fault::Status { code: 200, body });
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(failure(&world).contains("more than 10,000 objects"));
    let peak = world.host.process().usage().peak_rss_mib;
    assert!(peak > 0.0 && peak < 128.0, "{peak} MiB");
}
