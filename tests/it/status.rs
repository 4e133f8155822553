//! `GET /api/status/{resource?}`: what is mirrored, as of when, in which state.

use sandbox::graph::{Fault, Match, RetryAfter};
use sandbox::identity;
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::stage::{copied, setup};

async fn of(world: &World, resource: &str) -> Value {
    let reply = world.call("GET", &format!("/api/status/{resource}"), "").await.unwrap();
    assert_eq!((reply.status, &*reply.content_type), (200, "application/json"), "{}", reply.body);
    assert_eq!(reply.body.as_array().unwrap().len(), 1);
    reply.body[0].clone()
}

#[tokio::test]
async fn all_resources_are_told_or_one() {
    let world = copied().await;
    let reply = world.call("GET", "/api/status", "").await.unwrap();
    let names: Vec<_> =
        reply.body.as_array().unwrap().iter().map(|one| (&one["resource"], &one["state"])).collect();
    let [start, tracking] = ["start", "tracking"].map(Value::from);
    let [devices, users, groups] = ["devices", "users", "groups"].map(Value::from);
    assert_eq!(names, [(&devices, &start), (&users, &tracking), (&groups, &start)]);
    let users = of(&world, "users").await;
    assert_eq!((&users["counts"]["upserted"], &users["setAside"]), (&json!(50), &json!(0)));
    assert!(users["asOf"].is_string() && users["lagSeconds"].as_i64().unwrap() < 60, "{users}");
    assert_eq!((&users["lastRun"]["outcome"], &users["lastError"]), (&json!("complete"), &Value::Null));
    assert_eq!(users["checkpointAgeDays"], 0.0);
    let run = &users["lastRun"];
    assert!(run["requestCharge"].as_f64().unwrap() > 1.0 && run["seconds"].as_f64().unwrap() > 0.0, "{run}");
    assert_eq!(run["asOf"], users["asOf"]);
    assert_eq!(world.graph.requests().len(), 0, "nothing is asked of Graph");
    assert!(!users.to_string().contains("token"), "links are secrets");
}

#[tokio::test]
async fn the_state_follows_what_happens() {
    let world =
        World::start(Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    assert_eq!(of(&world, "users").await["state"], "start");
    world.fire().await.unwrap();
    assert_eq!(of(&world, "users").await["state"], "enumerating");
    world.settle().await.unwrap();
    assert_eq!(of(&world, "users").await["state"], "tracking");
    world.graph.fail(Match::any(), 1, Fault::Html);
    assert!(!world.fire().await.unwrap().succeeded());
    let failed = of(&world, "users").await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["lastError"].as_str().unwrap().contains("nonsense"), "{failed}");
    world.turn().await.unwrap();
    assert_eq!(of(&world, "users").await["state"], "tracking");
    let wait = RetryAfter::Seconds("300".into());
    world.graph.fail(Match::any(), 1, Fault::Throttle { status: 429, retry_after: wait });
    world.turn().await.unwrap();
    let throttled = of(&world, "users").await;
    assert!(throttled["state"] == "throttled" && throttled["notBefore"].is_string(), "{throttled}");
}

#[tokio::test]
async fn what_the_removal_limit_holds_is_shown_with_its_count() {
    let world = copied().await;
    world.graph.quirks(|quirks| quirks.show_only = Some(20));
    world.graph.kill_tokens(sandbox::graph::TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    let held = of(&world, "users").await;
    let expected = json!({"missing": 30, "of": 50, "reason": "removalLimit"});
    assert_eq!((&held["state"], &held["held"]), (&json!("held"), &expected));
    world.graph.quirks(|quirks| quirks.show_only = None);
    world.graph.kill_tokens(sandbox::graph::TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    assert_eq!(
        of(&world, "users").await["state"],
        "tracking",
        "a later walk below the removal limit releases it"
    );
}

#[tokio::test]
async fn the_reason_of_a_turn_that_got_no_token_is_shown_as_well() {
    let world = World::start(setup()).await.unwrap();
    let for_graph = identity::Match::any().audience(world.graph.endpoint());
    world.identity.fail_when(for_graph, 1, identity::Fault::Status(400));
    assert!(!world.fire().await.unwrap().succeeded());
    let told = of(&world, "users").await;
    assert_eq!(told["state"], "failed");
    assert!(told["lastError"].as_str().unwrap().contains("no access token"), "{told}");
}

#[tokio::test]
async fn unknown_resources_and_other_methods_are_refused() {
    let world = copied().await;
    let reply = world.call("GET", "/api/status/nobodies", "").await.unwrap();
    assert_eq!(reply.status, 404);
    assert!(reply.body["detail"].as_str().unwrap().contains("known are: devices, users, groups"));
    let reply = world.call("POST", "/api/status", "").await.unwrap();
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
    let nobody = sandbox::caller::call_with(&world.host, None, "GET", "/api/status", "").await.unwrap();
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_caller_is_told_which_settings_are_wrong() {
    let world = World::start(setup().set("LEASE_SECONDS", "1")).await.unwrap();
    let reply = world.call("GET", "/api/status", "").await.unwrap();
    assert_eq!(reply.status, 500);
    assert!(reply.body["detail"].as_str().unwrap().contains("LEASE_SECONDS"), "{}", reply.body);
}
