//! On demand: `POST /api/refresh/{resource}/{id?}`, as a caller sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandbox::caller::{Reply, call_with};
use sandbox::cosmos;
use sandbox::graph::{Fault, Match, Quirks, RetryAfter};
use sandbox::world::{REQUESTED_QUEUE, Setup, WORK_QUEUE, World};
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, document, setup};

async fn refresh(world: &World, path: &str, body: &str) -> Reply {
    world.call("POST", &format!("/api/refresh/{path}"), body).await.unwrap()
}

/// What was done, without what differs from run to run.
fn done(reply: &Reply) -> Value {
    let mut body = reply.body.clone();
    for name in ["requestCharge", "seconds", "pages", "links"] {
        assert!(body.as_object_mut().unwrap().remove(name).is_some(), "{name}: {body}");
    }
    body
}

#[tokio::test]
async fn a_whole_resource_is_brought_up_to_date() {
    let world = copied().await;
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.remove("users", &ids[1]);
    });
    let reply = refresh(&world, "users", "").await;
    assert_eq!((reply.status, &*reply.content_type), (200, "application/json"), "{}", reply.body);
    assert_eq!(
        done(&reply),
        json!({"resource": "users", "outcome": "complete", "upserted": 1, "removed": 1, "unchanged": 0, "setAside": 0})
    );
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn rule_10_one_object_is_read_by_its_id_and_stays_doubtful_until_the_feed_tells_it() {
    let world = copied().await;
    let id = world.change_a_user();
    let reply = refresh(&world, &format!("users/{}", id.to_uppercase()), "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(done(&reply)["upserted"], 1);
    let mirror = document(&world, &id).await["_mirror"].clone();
    assert_eq!(
        (&mirror["source"], &mirror["generation"]),
        (&json!("by-id"), &checkpoint(&world).await["generation"]),
        "a walk vouched for it"
    );
    world.ensure_equal().await.unwrap();
    let again = refresh(&world, &format!("users/{id}"), "").await;
    assert_eq!(done(&again)["unchanged"], 1, "run it twice and nothing is written");
    world.turn().await.unwrap();
    assert_eq!(document(&world, &id).await["_mirror"]["source"], "delta");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_no_enumeration_confirms_has_no_generation() {
    let world = copied().await;
    let id = world.graph.tenant(|tenant| tenant.create("users"));
    assert_eq!(done(&refresh(&world, &format!("users/{id}"), "").await)["upserted"], 1);
    assert_eq!(document(&world, &id).await["_mirror"]["generation"], 0);
    world.ensure_equal().await.unwrap();
    world.turn().await.unwrap();
    assert_eq!(document(&world, &id).await["_mirror"]["generation"], checkpoint(&world).await["generation"]);
}

#[tokio::test]
async fn up_to_twenty_objects_at_once_and_who_is_gone_becomes_a_tombstone() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.purge("users", &ids[1]);
        ids
    });
    world.graph.quirks(|quirks| *quirks = Quirks { nulls_by_id: true, ..Quirks::default() });
    let mut wanted = ids[..19].to_vec();
    wanted.push("00000000-0000-4000-8000-00000000dead".into());
    let reply = refresh(&world, "users", &json!({"ids": wanted}).to_string()).await;
    assert_eq!(
        done(&reply),
        json!({
            "resource": "users", "outcome": "complete", "upserted": 1, "removed": 1, "unchanged": 17, "setAside": 0,
            "notFound": ["00000000-0000-4000-8000-00000000dead"],
        })
    );
    assert_eq!(
        world.document_writes().len(),
        2,
        "a property that was never set is null by id, and no change"
    );
    let tombstone = document(&world, &ids[1]).await["_mirror"].clone();
    assert_eq!((&tombstone["removed"]["reason"], &tombstone["source"]), (&json!("missing"), &json!("by-id")));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn who_is_nowhere_is_not_found() {
    let world = copied().await;
    let reply = refresh(&world, "users/00000000-0000-4000-8000-00000000dead", "").await;
    assert_eq!((reply.status, &*reply.content_type), (404, "application/problem+json"));
    assert_eq!(reply.body["title"], "Not Found");
    let upn = world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.get("users", &id).unwrap()["userPrincipalName"].as_str().unwrap().to_owned()
    });
    let reply = refresh(&world, &format!("users/{upn}"), "").await;
    assert_eq!(reply.status, 400, "a name is no id");
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.contains("use the object id") && !detail.contains(&upn), "{detail}");
    assert_eq!(world.document_writes(), []);
}

#[tokio::test]
async fn while_another_turn_holds_the_lease_a_rerun_is_requested_and_the_caller_told_where_to_look() {
    let world = copied().await;
    let id = world.change_a_user();
    let mut hold = world.graph.hold(Match::any());
    let turn = world.start_turn();
    hold.arrived().await;
    for path in ["users".to_owned(), format!("users/{id}")] {
        let reply = refresh(&world, &path, "").await;
        assert_eq!((reply.status, reply.header("location")), (202, Some("/api/status/users")), "{path}");
        assert_eq!(reply.body["outcome"], "busy");
    }
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    assert_eq!(world.graph.requests().len(), 2, "the other turn looks again");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_rerun_requested_during_a_refresh_by_id_is_queued() {
    let world = copied().await;
    let id = world.a_user();
    let mut hold = world.graph.hold(Match::by_id());
    let looking = tokio::spawn({
        let (world, id) = (world.clone(), id.clone());
        async move { refresh(&world, &format!("users/{id}"), "").await }
    });
    hold.arrived().await;
    assert!(world.turn().await.unwrap().contains("busy"));
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    hold.release();
    assert_eq!(looking.await.unwrap().status, 200);
    assert_eq!(world.host.pump(REQUESTED_QUEUE).await.unwrap().len(), 1);
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_refresh_by_id_waits_for_a_sync_that_found_the_lease_taken() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    let mut hold = world.graph.hold(Match::by_id());
    let looking = tokio::spawn({
        let (world, path) = (world.clone(), format!("users/{}", ids[0]));
        async move { refresh(&world, &path, "").await }
    });
    hold.arrived().await;
    assert!(world.turn().await.unwrap().contains("busy"));
    hold.release();
    assert_eq!(looking.await.unwrap().status, 200);
    world.graph.forget_requests();
    let next = format!("users/{}", ids[1]);
    let reply = refresh(&world, &next, "").await;
    assert_eq!(
        (reply.status, &reply.body["outcome"]),
        (202, &json!("busy")),
        "the lease is free, and a walk is due"
    );
    assert_eq!(world.graph.requests().len(), 0);
    assert!(world.turn().await.unwrap().contains("complete"));
    assert_eq!(refresh(&world, &next, "").await.status, 200, "after the walk it is looked up");
}

#[tokio::test]
async fn what_takes_longer_than_a_caller_waits_goes_on_in_the_queue() {
    let world =
        World::start(Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    let reply = refresh(&world, "users", "").await;
    assert_eq!((reply.status, reply.header("location")), (202, Some("/api/status/users")));
    assert_eq!(reply.body["outcome"], "continued");
    assert!(
        world.host.messages(WORK_QUEUE).is_empty(),
        "what somebody waits for is not behind what timers queue"
    );
    assert_eq!(world.host.pump(REQUESTED_QUEUE).await.unwrap().len(), 4);
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_throttled_caller_is_told_when_to_come_again() {
    let world = copied().await;
    let id = world.a_user();
    let wait = RetryAfter::Seconds("300".into());
    world.graph.fail(Match::any(), 1, Fault::Throttle { status: 429, retry_after: wait });
    for path in [format!("users/{id}"), "users".to_owned()] {
        let reply = refresh(&world, &path, "").await;
        let after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!(reply.status == 429 && (290..=300).contains(&after), "{path}: {} {after}", reply.status);
    }
    assert_eq!(world.graph.requests().len(), 1, "the second one does not even ask");
    assert!(checkpoint(&world).await["notBefore"].is_string());
}

#[tokio::test]
async fn graph_talks_nonsense_or_is_gone_and_cosmos_gives_no_answer() {
    let world = copied().await;
    let id = world.change_a_user();
    let one = format!("users/{id}");
    for path in [&one, "users"] {
        world.graph.fail(Match::any(), 1, Fault::Html);
        let reply = refresh(&world, path, "").await;
        assert_eq!((reply.status, &*reply.content_type), (502, "application/problem+json"), "{path}");
        assert!(reply.body["detail"].as_str().unwrap().contains("nonsense"), "{}", reply.body);
    }
    world.cosmos.fail(cosmos::Match::writes().container("users"), 1, cosmos::Fault::Lost);
    let reply = refresh(&world, &one, "").await;
    assert!(reply.status == 503 && reply.header("retry-after").is_some(), "{} {}", reply.status, reply.body);
    world.turn().await.unwrap();
    assert_eq!(
        checkpoint(&world).await["abandoned"].as_array().unwrap().len(),
        1,
        "nobody knows what became of it"
    );
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_caller_who_asks_for_what_cannot_be_is_told_so() {
    let world = copied().await;
    let many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
    for (path, body, status, word) in [
        ("nobodies", "", 404, "known are: devices, users, groups"),
        ("users/a%2Fb", "", 400, "is no id"),
        ("users/a%3Fb", "", 400, "is no id"),
        ("users", "hello", 400, "the body is not what is expected"),
        ("users", r#"{"id":"1"}"#, 400, "the body is not what is expected"),
        ("users", r#"{"ids":[]}"#, 400, "`ids` is empty"),
        ("users", r#"{"ids":["../groups"]}"#, 400, "is no id"),
        ("users", &json!({"ids": many}).to_string(), 400, "at most 20"),
        ("users/1", r#"{"ids":["2"]}"#, 400, "not both"),
        ("users", r#"{"parent":"1"}"#, 400, "parent"),
    ] {
        let reply = refresh(&world, path, body).await;
        assert_eq!(
            (reply.status, &*reply.content_type),
            (status, "application/problem+json"),
            "{path} {body}"
        );
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{path} {body}: {detail}");
    }
    let reply = world.call("DELETE", "/api/refresh/users", "").await.unwrap();
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    let nobody = call_with(&world.host, None, "POST", "/api/refresh/users", "").await.unwrap();
    assert_eq!(nobody.status, 401);
    assert_eq!(world.graph.requests().len() + world.document_writes().len(), 0);
}

/// A dozen callers refresh one object after the other, for hours; the timer finds the lease taken each time, and the copy
/// of everything else grows old.
#[tokio::test]
async fn callers_who_never_stop_do_not_keep_the_timer_from_its_turn() {
    // The callers request a rerun while the enumeration is at work, so it ends with its budget.
    let world = World::start(setup().set("SYNC_BUDGET_SECONDS", "1")).await.unwrap();
    world.settle().await.unwrap();
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    let looks = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..12)
        .map(|caller| {
            let (world, looks, path) = (world.clone(), looks.clone(), format!("users/{}", ids[caller]));
            tokio::spawn(async move {
                loop {
                    let reply = refresh(&world, &path, "").await;
                    looks.fetch_add(usize::from(reply.status == 200), Ordering::Relaxed);
                }
            })
        })
        .collect();
    while looks.load(Ordering::Relaxed) < 12 {
        tokio::task::yield_now().await;
    }
    world.graph.forget_requests();
    let before = looks.load(Ordering::Relaxed);
    while walks(&world) == 0 && looks.load(Ordering::Relaxed) < before + 50 {
        world.fire().await.unwrap();
    }
    callers.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(walks(&world) > 0, "fifty looks had the lease, and no walk");
    world.settle_equal().await.unwrap();
}

/// Pages of the feed that were asked for.
fn walks(world: &World) -> usize {
    world.graph.requests().iter().filter(|request| request.path.contains("/users/delta")).count()
}
