//! `POST /api/notifications`: anybody can call it; only Graph can request a run.

use sandbox::caller::{Reply, call_with};
use sandbox::world::{NOTIFICATION_SECRET, Setup, WORK_QUEUE, World};
use serde_json::{Value, json};

use crate::stage::{begin_pumping, checkpoint, setup};

fn notified() -> Setup {
    Setup { notified: true, ..setup() }.set("RELOOK_SECONDS", "0")
}

/// A world with a complete copy and subscriptions.
async fn subscribed() -> World {
    let world = World::start(notified()).await.unwrap();
    world.settle().await.unwrap();
    world.keep_subscriptions().await.unwrap();
    world.host.pump(WORK_QUEUE).await.unwrap();
    world
}

/// A notification such as Graph sends, of the first subscription.
fn genuine(world: &World) -> Value {
    let tenant = world.graph.tenant(|tenant| tenant.id.clone());
    let subscriptions = world.graph.subscriptions();
    let users = subscriptions.iter().find(|one| one.feed == "users").unwrap();
    json!({"tenantId": tenant, "clientState": users.client_state, "subscriptionId": users.id, "changeType": "updated"})
}

async fn post(world: &World, body: &str) -> Reply {
    let url = format!("{}/api/notifications", world.host.url());
    let request = reqwest::Client::new().post(url).header("content-type", "application/json; charset=utf-8");
    Reply::of(request.body(body.to_owned()).send().await.unwrap()).await.unwrap()
}

/// The feeds of the work that lies on the queue.
fn requested(world: &World) -> Vec<String> {
    let texts = world.host.messages(WORK_QUEUE).into_iter().filter_map(|message| message.text());
    let feed =
        |text: String| serde_json::from_str::<Value>(&text).unwrap()["feed"].as_str().unwrap().to_owned();
    texts.map(feed).collect()
}

/// What `status` says was counted.
async fn counted(world: &World) -> Value {
    let reply = world.call("GET", "/api/status/users", "").await.unwrap();
    reply.body[0]["subscription"]["notifications"].clone()
}

#[tokio::test]
async fn graph_validates_the_address_while_it_creates_the_subscription() {
    let world = subscribed().await;
    let all = world.graph.subscriptions();
    let feeds: Vec<_> = all.iter().map(|one| (one.feed, one.changes.as_str())).collect();
    assert!(feeds.contains(&("users", "updated,deleted")) && feeds.contains(&("groups", "updated,deleted")));
    assert_eq!(feeds.len(), 2, "{feeds:?}");
}

#[tokio::test]
async fn a_change_sends_a_notification_and_the_copy_has_it() {
    let world = subscribed().await;
    let id = world.change_a_user();
    let delivered = world.graph.notify().await;
    assert_eq!(delivered.statuses, [202]);
    assert_eq!(requested(&world), ["users"]);
    world.host.pump(WORK_QUEUE).await.unwrap();
    assert_eq!(crate::stage::document(&world, &id).await["city"], "Ulm");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_token_comes_back_as_it_is_and_as_text_only() {
    let world = subscribed().await;
    let validate = async |token: &str| {
        let mut url = reqwest::Url::parse(&format!("{}/api/notifications", world.host.url())).unwrap();
        url.query_pairs_mut().append_pair("validationToken", token);
        reqwest::Client::new().post(url).header("content-type", "text/plain").send().await.unwrap()
    };
    let token = "Validation: Testing+client %41 application, ümlaut & Request-Id: 7";
    let answer = validate(token).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.text().await.unwrap(), token);
    for odd in ["<script>alert(1)</script>", &"x".repeat(5000), "a\nb"] {
        let answer = validate(odd).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn what_is_not_genuine_writes_nothing_starts_nothing_and_learns_nothing() {
    let world = subscribed().await;
    world.cosmos.reset_log();
    let before = checkpoint(&world).await;
    let (mut wrong, mut foreign) = (genuine(&world), genuine(&world));
    wrong["clientState"] = "v1.users.AAAA".into();
    foreign["tenantId"] = "99999999-2222-4333-8444-555555555555".into();
    for (value, status) in [(wrong, 202), (foreign, 202), (json!(7), 202)] {
        let reply = post(&world, &json!({ "value": [value] }).to_string()).await;
        assert_eq!((reply.status, &reply.body), (status, &Value::Null));
    }
    let long = |bytes| format!("{{\"value\":[],\"x\":\"{}\"}}", "x".repeat(bytes));
    // The largest ones do not fit into an envelope; the host makes an empty 500 of that.
    for (body, status) in [("<html>", 400), ("{}", 400), (&*long(512 << 10), 413), (&*long(6 << 20), 500)] {
        let reply = post(&world, body).await;
        assert_eq!((reply.status, &reply.body), (status, &Value::Null));
    }
    let reply = call_with(&world.host, None, "POST", "/api/notifications", "no type").await.unwrap();
    assert_eq!(reply.status, 415);
    let reply = call_with(&world.host, None, "GET", "/api/notifications", "").await.unwrap();
    assert_eq!(reply.status, 405);
    assert!(requested(&world).is_empty());
    assert!(world.cosmos.writes().is_empty());
    assert_eq!(checkpoint(&world).await, before);
    // Written down by the next turn that somebody causes whom we know.
    world.turn().await.unwrap();
    let counted = counted(&world).await;
    assert_eq!(
        (&counted["foreign"], &counted["odd"], &counted["refused"]),
        (&json!(2), &json!(1), &json!(5))
    );
    let lines = dropped(&world);
    let sum = |name: &str| -> u64 { lines.iter().map(|line| line[name].as_u64().unwrap()).sum() };
    assert_eq!([sum("foreign"), sum("odd"), sum("refused")], [2, 1, 5]);
    for line in world.host.logs() {
        for secret in [NOTIFICATION_SECRET, "v1.users", "99999999-2222", "<script"] {
            assert!(!line.text.contains(secret), "{}", line.text);
        }
    }
}

#[tokio::test]
async fn many_in_one_delivery_start_one_run_and_a_replayed_one_does_no_harm() {
    let world = subscribed().await;
    let body = json!({ "value": vec![genuine(&world); 50] }).to_string();
    assert_eq!(post(&world, &body).await.status, 202);
    assert_eq!(requested(&world), ["users"]);
    assert_eq!(post(&world, &body).await.status, 202);
    world.cosmos.reset_log();
    world.host.pump(WORK_QUEUE).await.unwrap();
    assert!(world.document_writes().is_empty());
}

#[tokio::test]
async fn a_body_that_the_host_withholds_is_accepted_and_starts_no_run() {
    let world = subscribed().await;
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>("{\"value\":[]}")]);
    let url = format!("{}/api/notifications", world.host.url());
    let answer =
        reqwest::Client::new().post(url).body(reqwest::Body::wrap_stream(stream)).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert!(requested(&world).is_empty());
    assert_eq!(dropped(&world)[0]["withheld"], 1);
    world.turn().await.unwrap();
    assert_eq!(counted(&world).await["withheld"], 1);
}

/// The lines that say how many posts came to nothing.
fn dropped(world: &World) -> Vec<Value> {
    let lines = crate::stage::logged(world, "notifications_dropped");
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Somebody whom nobody knows posts for hours: the log's quota is gone, and the alerts see nothing any more.
#[tokio::test]
async fn a_stranger_who_posts_and_posts_does_not_fill_the_log() {
    let world = subscribed().await;
    let before = world.host.logs().len();
    for _ in 0..100 {
        post(&world, r#"{"value":[{"clientState":"v1.users.AAAA"}]}"#).await;
        post(&world, "<html>").await;
        call_with(&world.host, None, "POST", "/api/notifications?validationToken=%3Cx%3E", "").await.unwrap();
        // The token comes back as text, which is no JSON.
        let _ = call_with(&world.host, None, "POST", "/api/notifications?validationToken=x", "").await;
        call_with(&world.host, None, "GET", "/api/notifications", "").await.unwrap();
    }
    let lines = world.host.logs().len() - before;
    assert!(lines < 10, "{lines} lines");
    world.turn().await.unwrap();
    let lines = dropped(&world);
    let sum = |name: &str| -> u64 { lines.iter().map(|line| line[name].as_u64().unwrap()).sum() };
    assert_eq!((sum("refused"), sum("odd") + sum("foreign"), lines.len()), (200, 100, 2));
}

#[tokio::test]
async fn without_a_secret_there_is_nothing_here() {
    let world = crate::stage::world().await;
    let reply =
        call_with(&world.host, None, "POST", "/api/notifications?validationToken=x", "").await.unwrap();
    assert_eq!((reply.status, reply.body), (404, Value::Null));
    assert!(world.keep_subscriptions().await.unwrap().contains("off"));
}

/// Graph tells, but the replica that is asked has not heard yet.
#[tokio::test]
async fn a_look_that_finds_nothing_is_followed_by_a_second_one() {
    let world = World::start(notified().set("RELOOK_SECONDS", "0.3")).await.unwrap();
    world.settle().await.unwrap();
    world.keep_subscriptions().await.unwrap();
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.change_a_user();
    world.graph.quirks(|quirks| quirks.lag = 1);
    world.graph.notify().await;
    let mut first = world.graph.hold(sandbox::graph::Match::delta_token().nth(2));
    let pumping = begin_pumping(&world);
    first.arrived().await;
    assert!(!world.differences().await.is_empty(), "the first look found nothing");
    world.graph.quirks(|quirks| quirks.lag = 0);
    first.release();
    pumping.await.unwrap().unwrap();
    world.ensure_equal().await.unwrap();
}
