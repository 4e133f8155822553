//! Envelopes: the host's exact bytes through the running binary, in both framings, and bad ones.

use bytes::Bytes;
use sandbox::host::{Framing, RawAnswer};
use sandbox::world::{Setup, World};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::{copied, copied_as, setup, world};

const GOLDEN: [(&str, &[u8], &str, u16, &str); 9] = [
    ("timer", include_bytes!("../golden/timer.json"), "/sync_users", 200, "users: complete"),
    ("timer, retried", include_bytes!("../golden/timer-retry.json"), "/sync_users", 200, "users: complete"),
    (
        "timer, first run",
        include_bytes!("../golden/timer-first-run.json"),
        "/sync_users",
        200,
        "users: complete",
    ),
    (
        "timer, no status",
        include_bytes!("../golden/timer-no-status.json"),
        "/sync_users",
        200,
        "users: complete",
    ),
    ("queue", include_bytes!("../golden/queue.json"), "/continue_sync", 400, "Data.item"),
    // What a host that died had taken: the count says how often.
    (
        "queue, redelivered",
        include_bytes!("../golden/queue-redelivered.json"),
        "/continue_sync",
        200,
        "users: complete",
    ),
    ("http", include_bytes!("../golden/http.json"), "/refresh", 200, "the body is not what is expected"),
    ("http, no body", include_bytes!("../golden/http-status.json"), "/status", 200, "asOf"),
    (
        "http, no key",
        include_bytes!("../golden/http-validation.json"),
        "/notifications",
        200,
        "Validation: Testing",
    ),
];

async fn post(world: &World, path: &str, body: impl Into<Bytes>, framing: Framing) -> RawAnswer {
    try_post(world, path, body, framing).await.unwrap()
}

async fn try_post(
    world: &World,
    path: &str,
    body: impl Into<Bytes>,
    framing: Framing,
) -> anyhow::Result<RawAnswer> {
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("x-azure-functions-invocationid", "2b0c1d5e-5d7c-4f0e-9a11-3c9d2f6f7a10"),
        ("x-azure-functions-hostversion", "4.1052.200"),
        ("user-agent", "Azure-Functions-Host/4.1052.200"),
    ];
    world.host.invoke_raw(path, &headers, body.into(), framing).await
}

fn is_json_object(answer: &RawAnswer) -> Value {
    assert_eq!(answer.headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(body.is_object());
    body
}

#[tokio::test]
async fn golden_envelopes_are_understood() {
    let world = copied_as(Setup { notified: true, ..setup().set("RELOOK_SECONDS", "0") }).await;
    for framing in [Framing::Chunked, Framing::ContentLength] {
        for (name, envelope, path, status, word) in GOLDEN {
            let answer = post(&world, path, envelope, framing).await;
            let body = is_json_object(&answer).to_string();
            assert_eq!(answer.status, status, "{name}, {framing:?}: {body}");
            assert!(body.contains(word), "{name}, {framing:?}: {body}");
        }
    }
}

#[tokio::test]
async fn a_queue_envelope_with_a_work_item_syncs() {
    let world = copied().await;
    let golden = String::from_utf8(include_bytes!("../golden/queue.json").to_vec()).unwrap();
    let item = r#""item":"\"{\\\"feed\\\":\\\"users\\\"}\"""#;
    let start = golden.find("\"msg\":").unwrap();
    let end = golden[start..].find('}').unwrap() + golden[start..].find("}\\\"\"").unwrap() + start;
    let end = golden[..end.min(golden.len())].rfind("\\\"\"").map_or(end, |at| at + 3);
    let envelope = format!("{}{item}{}", &golden[..start], &golden[end..]);
    let answer = post(&world, "/continue_sync", envelope, Framing::Chunked).await;
    let body = is_json_object(&answer);
    assert_eq!(answer.status, 200, "{body}");
    assert!(body["Logs"][0].as_str().unwrap().starts_with("users: complete"), "{body}");
}

#[tokio::test]
async fn bad_envelopes_are_refused_and_named() {
    let world = world().await;
    for (path, body, status, word) in [
        ("/sync_users", "", 400, "no invocation envelope"),
        ("/sync_users", "<html>", 400, "not JSON"),
        ("/sync_users", "{}", 400, "not the expected members"),
        ("/sync_users", r#"{"Data":{"other":{}},"Metadata":{}}"#, 400, "`Data.timer`"),
        ("/sync_users", r#"{"Data":{"timer":7},"Metadata":{}}"#, 400, "a timer"),
        ("/continue_sync", r#"{"Data":{"item":7},"Metadata":{}}"#, 400, "a queue"),
        (
            "/sync_nobody",
            r#"{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}"#,
            400,
            "unknown resource `nobody`; known are: devices, users",
        ),
        ("/nothing", "{}", 404, "function `nothing`"),
        ("/a/b/c", "{}", 404, "this path"),
    ] {
        let answer = post(&world, path, body, Framing::ContentLength).await;
        let said = is_json_object(&answer).to_string();
        assert_eq!(answer.status, status, "{path} {body}: {said}");
        assert!(said.contains(word), "{path} {body}: {said}");
    }
    assert_eq!(world.cosmos.writes().len() + world.graph.requests().len(), 0, "nothing was touched");
}

#[tokio::test]
async fn an_envelope_beyond_the_bound_is_refused() {
    let world = world().await;
    for framing in [Framing::Chunked, Framing::ContentLength] {
        // Up to the bound it is read, and found to be none.
        let answer = post(&world, "/sync_users", vec![b' '; 4 << 20], framing).await;
        assert_eq!(answer.status, 400, "{framing:?}");
        // The answer comes before the body has been read: whether a client that is still sending sees it,
        // or a closed connection, is a matter of luck. Both fail the invocation.
        let answer = try_post(&world, "/sync_users", vec![b' '; (4 << 20) + 1], framing).await;
        assert!(answer.as_ref().map_or(true, |answer| answer.status == 413), "{framing:?}: {answer:?}");
    }
    assert!(world.turn().await.unwrap().contains("complete"));
}

#[tokio::test]
async fn the_root_answers_while_a_turn_is_running() {
    let world = world().await;
    let mut hold = world.graph.hold(sandbox::graph::Match::any());
    let turn = world.start_turn();
    hold.arrived().await;
    for _ in 0..50 {
        world.host.process().ping().await.unwrap();
    }
    hold.release();
    assert!(turn.await.unwrap().succeeded());
}

/// A caller on the machine that begins a request and stays silent would hold its connection, and a descriptor, for ever.
#[tokio::test]
async fn a_request_that_is_never_finished_does_not_hold_its_connection_for_ever() {
    let world = world().await;
    world.host.process().ping().await.unwrap();
    let mut half = tokio::net::TcpStream::connect(("127.0.0.1", world.host.process().port())).await.unwrap();
    half.write_all(b"POST /sync_users HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Reset or closed: both are an end.
    let _ = half.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert!(world.turn().await.unwrap().contains("complete"));
}
