//! Throttling: what Graph and Cosmos ask for is done, within the turn or in the next one.

use std::fs;
use std::time::{Duration, Instant};

use sandbox::cosmos;
use sandbox::graph::{Fault, Kind, Match, RetryAfter};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::command_line::{run, stdout};
use crate::stage::{checkpoint, copied, copied_as, logged, setup, world};

async fn recovers_within_the_turn(status: u16, retry_after: RetryAfter) -> World {
    let world = world().await;
    world.graph.fail(Match::any().nth(2), 2, Fault::Throttle { status, retry_after });
    let attempt = world.fire().await.unwrap();
    assert!(attempt.succeeded(), "{attempt:?}");
    world.ensure_equal().await.unwrap();
    assert_eq!(world.graph.faults().unused(), 0);
    assert_eq!(logged(&world, "graph_retry").len(), 2);
    world
}

#[tokio::test]
async fn a_429_with_a_fraction_of_seconds() {
    let world = recovers_within_the_turn(429, RetryAfter::Seconds("1.128".into())).await;
    assert!(logged(&world, "graph_retry")[0].contains("\"waitMs\":1128"));
}

#[tokio::test]
async fn a_429_with_a_date() {
    recovers_within_the_turn(429, RetryAfter::DateIn(Duration::from_secs(2))).await;
}

#[tokio::test]
async fn a_429_without_a_header() {
    recovers_within_the_turn(429, RetryAfter::Absent).await;
}

#[tokio::test]
async fn a_503_and_a_504() {
    recovers_within_the_turn(503, RetryAfter::Absent).await;
    recovers_within_the_turn(504, RetryAfter::Seconds("0".into())).await;
}

#[tokio::test]
async fn a_wait_longer_than_the_turn_is_kept_for_the_next_ones() {
    let world = copied().await;
    let long = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("1800".into()) };
    world.graph.fail(Match::any(), 1, long);
    let told = world.turn().await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_ne!(checkpoint(&world).await["notBefore"], serde_json::Value::Null);
    world.graph.forget_requests();
    let told = world.turn().await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_eq!(world.graph.requests().len(), 0, "whoever comes earlier leaves Graph alone");
}

fn long(seconds: &str) -> Fault {
    Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds(seconds.into()) }
}

/// What all processes know of a service.
async fn throttle(world: &World, service: &str) -> Option<Value> {
    world.cosmos.document("mirror", &format!("throttle/{service}"), "throttle").await
}

/// A world with two feeds of one service, which Graph throttles for half an hour in a turn of the users.
async fn throttled() -> World {
    let world = copied_as(Setup { groups: 3, ..setup() }).await;
    world.graph.fail(Match::any(), 1, long("1800"));
    let told = world.turn_feed("users").await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    world.graph.forget_requests();
    world
}

#[tokio::test]
async fn a_service_that_throttles_one_feed_is_left_alone_by_all_of_this_process() {
    let world = throttled().await;
    let told = world.turn_feed("groups").await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    let refreshed = world.call("POST", &format!("/api/refresh/users/{}", world.a_user()), "").await.unwrap();
    assert_eq!(refreshed.status, 429);
    assert_eq!(world.graph.requests().len(), 0);
}

#[tokio::test]
async fn another_process_learns_of_it_and_goes_on_when_the_time_is_over() {
    let world = throttled().await;
    assert!(throttle(&world, "identity").await.unwrap()["notBefore"].is_string());
    let other = world.second_host().await.unwrap();
    let told = other.turn_feed("groups").await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_eq!(world.graph.requests().len(), 0);

    // Time passes.
    let over = json!({"id": "throttle", "feed": "throttle/identity", "notBefore": "2020-01-01T00:00:00Z", "ttl": 60});
    world.cosmos.put("mirror", "throttle/identity", &over).await.unwrap();
    let later = world.second_host().await.unwrap();
    later.turn_feed("groups").await.unwrap();
    assert!(!world.graph.requests().is_empty());
}

#[tokio::test]
async fn verify_and_a_dry_run_leave_a_service_alone_that_another_process_was_told_of() {
    let world = copied().await;
    for verb in ["verify users", "sync users --dry-run"] {
        // Two seconds later; the document has whole seconds.
        let (begun, until) = (Instant::now(), OffsetDateTime::now_utc() + Duration::from_secs(3));
        let until = until.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
        let pause = json!({"id": "throttle", "feed": "throttle/identity", "notBefore": until});
        world.cosmos.put("mirror", "throttle/identity", &pause).await.unwrap();
        world.graph.forget_requests();
        run(world.settings(), verb).await.code(0);
        let requests = world.graph.requests();
        assert!(!requests.is_empty(), "{verb}");
        let earliest = requests.iter().map(|one| one.at - begun).min().unwrap();
        assert!(earliest >= Duration::from_secs(2), "{verb}: the first request came after {earliest:?}");
    }
}

#[tokio::test]
async fn a_feed_without_a_checkpoint_leaves_the_service_alone_too() {
    let world = throttled().await;
    world.cosmos.delete("mirror", "groups", "checkpoint").await.unwrap();
    let other = world.second_host().await.unwrap();
    let told = other.turn_feed("groups").await.unwrap();
    assert!(told.contains("throttled"), "{told}");
    assert_eq!(world.graph.requests().len(), 0);
}

#[tokio::test]
async fn no_clock_makes_anybody_wait_for_longer_than_an_hour_and_an_odd_document_for_nothing() {
    let world = copied().await;
    let put = |document: Value| {
        let world = world.clone();
        async move { world.cosmos.put("mirror", "throttle/identity", &document).await.unwrap() }
    };
    put(json!({"id": "throttle", "feed": "throttle/identity", "notBefore": "9999-01-01T00:00:00Z"})).await;
    let told = world.turn().await.unwrap();
    assert!(told.contains("throttled") && !told.contains("9999"), "{told}");
    for odd in
        [json!({"notBefore": 7}), json!({}), json!({"format": 99, "notBefore": "9999-01-01T00:00:00Z"})]
    {
        let mut document = json!({"id": "throttle", "feed": "throttle/identity"});
        document.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        put(document).await;
        let fresh = world.second_host().await.unwrap();
        let told = fresh.turn().await.unwrap();
        assert!(told.contains("complete"), "{told}");
    }
}

#[tokio::test]
async fn another_service_of_graph_is_not_left_alone() {
    let world = World::start(Setup { objects: vec![("devices", 5)], ..setup() }).await.unwrap();
    world.turn().await.unwrap();
    let devices = fs::read_to_string("catalogue/devices.json").unwrap();
    let mut row: Value = serde_json::from_str(&devices).unwrap();
    row["service"] = json!("intune");
    let folder = tempfile::tempdir().unwrap();
    for function in ["sync_users", "sync_devices"] {
        fs::create_dir_all(folder.path().join(function)).unwrap();
        fs::write(folder.path().join(function).join("function.json"), "{}").unwrap();
    }
    fs::write(folder.path().join("sync_devices/resource.json"), row.to_string()).unwrap();
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let settings =
        [world.settings_with_key(), vec![root, ("SYNC_BUDGET_SECONDS".into(), "5".into())]].concat();

    world.graph.fail(Match::any(), 1, long("1800"));
    let sync = async |resource: &str, code| {
        world.graph.forget_requests();
        stdout(&run(&settings, &format!("sync {resource}")).await.code(code))
    };
    assert!(sync("users", 1).await.contains("throttled"));
    assert!(sync("users", 1).await.contains("throttled") && world.graph.requests().is_empty());
    assert!(sync("devices", 0).await.contains("complete"));
}

#[tokio::test]
async fn near_its_limit_graph_is_asked_at_a_distance() {
    let world = world().await;
    world.graph.fail(Match::any(), 1, Fault::Header("x-ms-throttle-limit-percentage", "0.81"));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    let slowed = logged(&world, "graph_slowed");
    assert!(slowed.len() == 1 && slowed[0].contains("\"service\":\"identity\""), "{slowed:?}");
}

#[tokio::test]
async fn timers_and_the_queue_give_way_to_a_person() {
    let world = copied().await;
    let priorities = |kinds: &[Kind]| {
        let requests = world.graph.requests();
        let some = requests.iter().filter(|request| kinds.contains(&request.kind));
        some.map(|request| request.throttle_priority.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    world.turn().await.unwrap();
    assert_eq!(priorities(&[Kind::DeltaToken]), ["low"]);
    world.call("POST", &format!("/api/refresh/users/{}", world.a_user()), "").await.unwrap();
    assert_eq!(priorities(&[Kind::ById]), ["high"]);
    world.graph.forget_requests();
    world.call("POST", "/api/refresh/users", "").await.unwrap();
    assert_eq!(priorities(&[Kind::DeltaToken]), ["high"]);
    world.graph.forget_requests();
    assert!(world.command("sync users").output().await.unwrap().status.success());
    assert_eq!(priorities(&[Kind::DeltaToken]), [""], "a command has Graph's default");
}

#[tokio::test]
async fn cosmos_429s_and_449s_are_followed_within_the_turn() {
    let world = world().await;
    let users = || cosmos::Match::writes().container("users");
    world.cosmos.fail(users(), 30, cosmos::Fault::Throttle { retry_after_ms: 40 });
    world.cosmos.fail(users().nth(35), 3, cosmos::Fault::RetryWith);
    world.cosmos.fail(
        cosmos::Match::writes().container("mirror"),
        2,
        cosmos::Fault::Throttle { retry_after_ms: 40 },
    );
    let attempt = world.fire().await.unwrap();
    assert!(attempt.succeeded(), "{attempt:?}");
    world.ensure_equal().await.unwrap();
    assert_eq!(world.cosmos.faults().unused(), 0);
    assert_eq!(checkpoint(&world).await["abandoned"], serde_json::json!([]), "a refusal is no doubt");
}
