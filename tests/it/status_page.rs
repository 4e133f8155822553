//! `GET /api/status/{resource?}` for people: a browser gets a page, everybody else JSON.

use sandbox::caller::{Browsed, browse};
use sandbox::graph::{Fault, Match, RetryAfter, TokenDeath};
use sandbox::world::World;
use serde_json::{Value, json};

use crate::stage::{copied, setup, world};

/// As Chromium and Firefox ask for a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const KEY: &str = "sandbox-function-key";

async fn page(world: &World, resource: &str) -> Browsed {
    browse(&world.host, &format!("/api/status{resource}?code={KEY}"), BROWSER).await.unwrap()
}

#[tokio::test]
async fn a_browser_gets_a_page_that_may_do_nothing_but_be_shown() {
    let world = copied().await;
    let page = page(&world, "").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("vary", "accept"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert!(page.body.contains("3 resources: 2 start, 1 tracking"), "{}", page.body);
    assert!(page.body.contains("50 upserted") && page.body.contains("Last 1 run<"), "{}", page.body);
    assert!(page.body.contains("The address of this page is a secret."));
    assert!(!page.body.contains(KEY), "the key is nowhere on the page");
    assert_eq!(world.graph.requests().len(), 0, "nothing is asked of Graph");
}

#[tokio::test]
async fn everybody_else_gets_json() {
    let world = copied().await;
    for accept in
        ["*/*", "application/json", "text/html, application/json", "text/html;q=0.5, application/json"]
    {
        let answer = browse(&world.host, &format!("/api/status/users?code={KEY}"), accept).await.unwrap();
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json")),
            "{accept}"
        );
        assert_eq!(answer.header("vary"), Some("accept"));
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(told[0]["lastRun"].is_object() && told[0]["runs"].is_null(), "{told}");
    }
}

#[tokio::test]
async fn the_page_works_before_the_first_copy() {
    let world = world().await;
    let page = page(&world, "/users").await;
    assert_eq!(page.status, 200);
    for words in
        ["users · 1 resource: 1 start", "Nothing is copied yet", "No run has ended", "NOTIFICATION_SECRET"]
    {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}

#[tokio::test]
async fn every_trouble_is_on_the_page_with_what_to_do() {
    let world = copied().await;
    world.graph.fail(Match::any(), 1, Fault::Html);
    assert!(!world.fire().await.unwrap().succeeded());
    let failed = page(&world, "").await.body;
    assert!(
        failed.contains("1 failed") && failed.contains("Last error") && failed.contains("nonsense"),
        "{failed}"
    );

    world.graph.quirks(|quirks| quirks.show_only = Some(20));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    let held = page(&world, "/users").await.body;
    assert!(held.contains("30 of 50 documents would be removed"), "{held}");
    assert!(held.contains("graph-mirror sync users --accept-removals"), "{held}");

    let wait = RetryAfter::Seconds("300".into());
    world.graph.fail(Match::any(), 1, Fault::Throttle { status: 429, retry_after: wait });
    world.turn().await.unwrap();
    let throttled = page(&world, "/users").await.body;
    assert!(throttled.contains("Microsoft Graph throttles until"), "{throttled}");
    for outcome in ["complete", "failed", "held", "throttled"] {
        assert!(throttled.contains(&format!(">{outcome}</span>")), "{outcome} is not among the runs");
    }
}

#[tokio::test]
async fn what_a_stranger_wrote_into_an_error_is_text() {
    let world = copied().await;
    let hostile = "<script>alert(1)</script><a href=/x>";
    let id = "run-99999999999999999999-000000000001";
    let run = json!({
        "id": id, "feed": "users", "at": "2026-01-01T00:00:00Z", "outcome": "failed", "error": hostile,
        "counts": {"upserted": 0, "removed": 0, "setAside": 0, "pages": 0},
    });
    world.cosmos.put("mirror", "users", &run).await.unwrap();
    let page = page(&world, "/users").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;a href=/x&gt;"), "{}", page.body);
    assert!(!page.body.contains("<script") && !page.body.contains("<a href=/x"));
}

#[tokio::test]
async fn a_browser_is_told_of_errors_on_a_page_too() {
    let world = copied().await;
    let unknown = page(&world, "/nobodies").await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(unknown.body.contains("known are: devices, users, groups"), "{}", unknown.body);

    let wrong = World::start(setup().set("LEASE_SECONDS", "1")).await.unwrap();
    let wrong = page(&wrong, "").await;
    assert_eq!((wrong.status, wrong.header("referrer-policy")), (500, Some("no-referrer")));
    assert!(wrong.body.contains("LEASE_SECONDS") && wrong.body.contains("<h1>"), "{}", wrong.body);
}
