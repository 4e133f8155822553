//! `renew_subscriptions`: wanted against actual, and nothing dies unnoticed.

use sandbox::graph::{Fault, Framing, Habits, Kind, Lifecycle, Match};
use sandbox::world::{Setup, WORK_QUEUE, World, sentence};
use serde_json::{Value, json};

use crate::stage::{logged, setup};

async fn notified() -> World {
    let world = World::start(Setup { notified: true, ..setup() }.set("RELOOK_SECONDS", "0")).await.unwrap();
    world.settle().await.unwrap();
    world
}

async fn subscribed() -> World {
    let world = notified().await;
    world.keep_subscriptions().await.unwrap();
    world.host.pump(WORK_QUEUE).await.unwrap();
    world
}

fn id_of(world: &World, feed: &str) -> String {
    world.graph.subscriptions().into_iter().find(|one| one.feed == feed).unwrap().id
}

async fn subscription(world: &World) -> Value {
    world.call("GET", "/api/status/users", "").await.unwrap().body[0]["subscription"].clone()
}

/// The record of a subscription as if it were older.
async fn aged(world: &World, feed: &str, minutes: i64) {
    let mut record = world.cosmos.document("mirror", "subscriptions", feed).await.unwrap();
    let then = time::OffsetDateTime::now_utc() - time::Duration::minutes(minutes);
    record["since"] = then.format(&time::format_description::well_known::Rfc3339).unwrap().into();
    world.cosmos.put("mirror", "subscriptions", &record).await.unwrap();
}

#[tokio::test]
async fn what_happened_before_a_subscription_was_there_is_looked_for_once_it_is() {
    let world = notified().await;
    world.graph.tenant(|tenant| tenant.create("users"));
    assert_eq!(
        world.keep_subscriptions().await.unwrap(),
        "subscriptions: created users, groups; extended none; 0 ended; failed none"
    );
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(
        world.keep_subscriptions().await.unwrap(),
        "subscriptions: created none; extended none; 0 ended; failed none"
    );
    let told = subscription(&world).await;
    assert_eq!((&told["alive"], &told["problem"]), (&json!(true), &Value::Null));
    assert_eq!(told["id"], id_of(&world, "users"));
    // What an alert asks for: how long each has left, with every look.
    let lines = logged(&world, "subscription").into_iter().map(|line| serde_json::from_str(&line).unwrap());
    let left: Vec<(String, i64)> = lines
        .map(|line: Value| {
            (line["resource"].as_str().unwrap().to_owned(), line["hoursLeft"].as_i64().unwrap())
        })
        .collect();
    let feeds: Vec<_> = left.iter().map(|(feed, _)| feed.as_str()).collect();
    assert_eq!(feeds, ["users", "groups", "users", "groups"]);
    assert!(left.iter().all(|(_, hours)| (600..700).contains(hours)), "{left:?}");
}

#[tokio::test]
async fn at_two_thirds_of_its_life_it_is_extended() {
    let world = subscribed().await;
    aged(&world, "users", 3 * 41_000).await;
    assert!(world.keep_subscriptions().await.unwrap().contains("extended users;"));
    let users = world.graph.subscriptions().into_iter().find(|one| one.feed == "users").unwrap();
    assert_eq!(users.extended, 1);
    assert!(world.keep_subscriptions().await.unwrap().contains("extended none"));
}

#[tokio::test]
async fn one_that_died_unnoticed_comes_back() {
    let world = subscribed().await;
    let before = id_of(&world, "users");
    world.graph.lose_subscription(&before);
    world.graph.tenant(|tenant| tenant.create("users"));
    assert!(world.keep_subscriptions().await.unwrap().contains("created users;"));
    assert_ne!(id_of(&world, "users"), before);
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_list_without_them_is_not_the_end_of_those_that_live() {
    let world = subscribed().await;
    let before = (id_of(&world, "users"), id_of(&world, "groups"));
    world.graph.hide_subscriptions(true);
    assert_eq!(
        world.keep_subscriptions().await.unwrap(),
        "subscriptions: created none; extended none; 0 ended; failed none"
    );
    aged(&world, "users", 3 * 41_000).await;
    assert!(world.keep_subscriptions().await.unwrap().contains("extended users;"), "found by its id");
    assert_eq!((id_of(&world, "users"), id_of(&world, "groups")), before);
    assert_eq!(subscription(&world).await["id"], before.0);
    // Gone for certain: nobody has it by its id either.
    world.graph.lose_subscription(&before.0);
    assert!(world.keep_subscriptions().await.unwrap().contains("created users;"));
}

/// The first request lists them, the next two are about one each.
#[tokio::test]
async fn one_whose_state_cannot_be_known_gets_no_second_one_beside_it() {
    for (code, body) in [
        (403, r#"{"error":{"code":"ExtensionError","message":"no"}}"#),
        (404, r#"{"error":{"code":"UnknownError","message":""}}"#),
        (404, "<html>not here</html>"),
    ] {
        let world = subscribed().await;
        let before = id_of(&world, "users");
        world.graph.hide_subscriptions(true);
        let fault = Fault::Status { code, body: body.into() };
        world.graph.fail(Match::kind(Kind::Other).nth(2), 2, fault);
        world.graph.forget_requests();
        let told = world.keep_subscriptions().await.unwrap();
        assert!(told.contains("created none;") && told.contains("failed users, groups"), "{told}");
        let posted = world.graph.requests().iter().filter(|one| one.method != "GET").count();
        assert_eq!(posted, 0, "{code} {body}: nothing is created, extended or ended");
        let said = subscription(&world).await;
        assert_eq!(said["id"], before, "it is not forgotten");
        assert!(said["problem"].as_str().unwrap().contains(&code.to_string()), "{said}");
        world.graph.faults().clear();
        assert!(world.keep_subscriptions().await.unwrap().ends_with("failed none"));
        assert_eq!(id_of(&world, "users"), before);
    }
}

#[tokio::test]
async fn one_that_would_lapse_between_two_ticks_is_extended_before() {
    let world = subscribed().await;
    let id = id_of(&world, "users");
    // Graph granted half an hour, five minutes ago; the timer comes every fifteen minutes.
    world.graph.end_subscription(&id, 25);
    aged(&world, "users", 5).await;
    assert!(world.keep_subscriptions().await.unwrap().contains("extended users;"));
    assert!(world.keep_subscriptions().await.unwrap().contains("extended none"));
}

#[tokio::test]
async fn one_that_cannot_be_ended_is_not_forgotten() {
    let world = subscribed().await;
    let before = id_of(&world, "users");
    let mut record = world.cosmos.document("mirror", "subscriptions", "users").await.unwrap();
    record["stateHash"] = "of another secret".into();
    world.cosmos.put("mirror", "subscriptions", &record).await.unwrap();
    let fault = Fault::Status { code: 403, body: r#"{"error":{"code":"ExtensionError"}}"#.into() };
    world.graph.fail(Match::kind(Kind::Other).nth(2), 1, fault);
    assert!(world.keep_subscriptions().await.unwrap().contains("failed users"));
    assert_eq!(subscription(&world).await["id"], before);
    world.graph.hide_subscriptions(true);
    assert!(world.keep_subscriptions().await.unwrap().contains("created users;"));
    assert_eq!(world.graph.subscriptions().len(), 2, "the old one has ended");
}

#[tokio::test]
async fn graph_may_ask_for_an_extension_but_not_twice_in_ten_minutes() {
    let world = subscribed().await;
    let id = id_of(&world, "users");
    for _ in 0..2 {
        assert_eq!(world.graph.tell(&id, Lifecycle::ReauthorizationRequired).await.statuses, [202]);
        world.host.pump(WORK_QUEUE).await.unwrap();
    }
    let extended = |world: &World| world.graph.subscriptions().iter().map(|one| one.extended).max();
    assert_eq!(extended(&world), Some(0), "it is younger than ten minutes");
    aged(&world, "users", 11).await;
    for _ in 0..2 {
        world.graph.tell(&id, Lifecycle::ReauthorizationRequired).await;
        world.host.pump(WORK_QUEUE).await.unwrap();
    }
    assert_eq!(extended(&world), Some(1));
}

#[tokio::test]
async fn what_graph_asks_for_during_a_look_is_done_before_it_ends() {
    let world = subscribed().await;
    let id = id_of(&world, "users");
    aged(&world, "users", 11).await;
    let mut hold = world.graph.hold(Match::kind(Kind::Other));
    let look = tokio::spawn({
        let world = world.clone();
        async move { world.keep_subscriptions().await.unwrap() }
    });
    hold.arrived().await;
    world.graph.tell(&id, Lifecycle::ReauthorizationRequired).await;
    let runs = world.host.pump(WORK_QUEUE).await.unwrap();
    let busy = runs.iter().filter(|run| sentence(run).unwrap().starts_with("subscriptions: busy"));
    assert_eq!(busy.count(), 1, "{runs:?}");
    hold.release();
    assert_eq!(look.await.unwrap(), "subscriptions: created none; extended users; 0 ended; failed none");
}

#[tokio::test]
async fn one_that_graph_removes_is_created_anew_and_what_was_missed_is_looked_for() {
    let world = subscribed().await;
    let id = id_of(&world, "users");
    world.graph.tenant(|tenant| tenant.create("users"));
    assert_eq!(world.graph.tell(&id, Lifecycle::SubscriptionRemoved).await.statuses, [202]);
    world.host.pump(WORK_QUEUE).await.unwrap();
    assert_ne!(id_of(&world, "users"), id);
    world.ensure_equal().await.unwrap();
    world.graph.tenant(|tenant| tenant.create("users"));
    let id = id_of(&world, "users");
    assert_eq!(world.graph.tell(&id, Lifecycle::Missed).await.statuses, [202]);
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn shorter_lives_are_taken_where_graph_grants_no_longer_ones() {
    let world = notified().await;
    world.graph.shorten_subscriptions(4_300);
    assert!(world.keep_subscriptions().await.unwrap().contains("created users, groups;"));
    let left = world.graph.subscriptions()[0].expires - time::OffsetDateTime::now_utc();
    assert!((4_200..=4_230).contains(&left.whole_minutes()), "{left}");
}

#[tokio::test]
async fn one_that_cannot_be_created_is_told_with_the_reason() {
    let world = notified().await;
    world.graph.refuse_subscriptions(Some((403, "ExtensionError")));
    assert!(world.keep_subscriptions().await.unwrap().contains("failed users, groups"));
    let told = subscription(&world).await;
    assert_eq!(told["alive"], false);
    assert!(told["problem"].as_str().unwrap().contains("ExtensionError"), "{told}");
    world.graph.refuse_subscriptions(None);
    assert!(world.keep_subscriptions().await.unwrap().contains("created users, groups;"));
    assert_eq!(subscription(&world).await["problem"], Value::Null);
}

/// The first request lists them, the second one is about users.
#[tokio::test]
async fn one_whose_creation_was_answered_to_nobody_is_adopted() {
    let world = notified().await;
    world.graph.fail(Match::kind(Kind::Other).nth(2), 1, Fault::CutBody(Framing::Length));
    assert!(world.keep_subscriptions().await.unwrap().contains("created users, groups;"));
    assert_eq!(world.graph.subscriptions().len(), 2);
    assert_eq!(subscription(&world).await["id"], id_of(&world, "users"));
    world.graph.tenant(|tenant| tenant.create("users"));
    assert_eq!(world.graph.notify().await.statuses, [202]);
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn one_that_is_gone_when_it_is_to_be_extended_is_created() {
    let world = subscribed().await;
    aged(&world, "users", 3 * 41_000).await;
    let mut hold = world.graph.hold(Match::kind(Kind::Other).nth(2));
    let keeping = tokio::spawn({
        let world = world.clone();
        async move { world.keep_subscriptions().await }
    });
    hold.arrived().await;
    let before = id_of(&world, "users");
    world.graph.lose_subscription(&before);
    hold.release();
    assert!(keeping.await.unwrap().unwrap().contains("created users;"));
    assert_ne!(id_of(&world, "users"), before);
}

#[tokio::test]
async fn another_address_has_its_own_and_what_somebody_else_created_is_left_alone_and_named() {
    let world = subscribed().await;
    let before = id_of(&world, "users");
    // The record of groups is lost, so that nobody knows who created its subscription.
    world.cosmos.delete("mirror", "subscriptions", "groups").await.unwrap();
    let front = world.second_host().await.unwrap();
    let url = format!("{}/api/notifications", front.host.url());
    let moved = world.clone().reconfigured("NOTIFICATION_URL", &url).await.unwrap();
    let told = moved.keep_subscriptions().await.unwrap();
    assert!(told.contains("created users;") && told.contains("failed groups"), "{told}");
    assert_ne!(id_of(&moved, "users"), before);
    let reply = moved.call("GET", "/api/status/groups", "").await.unwrap();
    let problem = reply.body[0]["subscription"]["problem"].to_string();
    assert!(problem.contains("409"), "{problem}");
}

#[tokio::test]
async fn they_can_be_looked_after_by_hand() {
    let world = notified().await;
    let run = async |line: &str| {
        let output = world.command(line).output().await.unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = run("subscriptions renew").await;
    assert_eq!(
        (code, &*told),
        (0, "subscriptions: created users, groups; extended none; 0 ended; failed none\n")
    );
    let id = id_of(&world, "users");
    let (code, told) = run("subscriptions list").await;
    assert!(code == 0 && told.contains(&id) && told.contains("yes"), "{told}");
    let (code, told) = run("subscriptions list --output json").await;
    let first: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert!(code == 0 && first["here"] == true, "{told}");
    assert_eq!(run(&format!("subscriptions delete {id}")).await.0, 0);
    assert_eq!(world.graph.subscriptions().len(), 1);
    world.graph.refuse_subscriptions(Some((403, "ExtensionError")));
    let (code, told) = run("subscriptions renew --output json").await;
    assert_eq!((code, &serde_json::from_str::<Value>(&told).unwrap()["failed"]), (3, &json!(["users"])));
}

#[tokio::test]
async fn they_end_when_notifications_are_turned_off() {
    let world = subscribed().await;
    let off = world.clone().reconfigured("NOTIFICATION_SECRET", "").await.unwrap();
    let off = off.reconfigured("NOTIFICATION_URL", "").await.unwrap();
    assert_eq!(off.keep_subscriptions().await.unwrap(), "subscriptions: notifications are off; 2 ended");
    assert!(off.graph.subscriptions().is_empty());
    off.graph.forget_requests();
    assert_eq!(off.keep_subscriptions().await.unwrap(), "subscriptions: notifications are off; 0 ended");
    assert!(off.graph.requests().is_empty());
}

#[tokio::test]
async fn after_the_secret_changed_subscriptions_are_made_anew() {
    let world = subscribed().await;
    let before = id_of(&world, "users");
    let mut record = world.cosmos.document("mirror", "subscriptions", "users").await.unwrap();
    record["stateHash"] = "of another secret".into();
    world.cosmos.put("mirror", "subscriptions", &record).await.unwrap();
    assert!(world.keep_subscriptions().await.unwrap().contains("created users;"));
    assert_ne!(id_of(&world, "users"), before);
    assert_eq!(world.graph.subscriptions().len(), 2);
}

#[tokio::test]
async fn twice_and_backwards_does_no_harm_and_what_is_dropped_the_timer_finds() {
    let world = subscribed().await;
    world.graph.set_habits(Habits { twice: true, backwards: true, drop: false });
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        tenant.purge("users", &ids[1]);
        tenant.create("users");
    });
    assert_eq!(world.graph.notify().await.statuses, [202]);
    world.host.pump(WORK_QUEUE).await.unwrap();
    world.ensure_equal().await.unwrap();
    world.graph.set_habits(Habits { drop: true, ..Habits::default() });
    world.graph.tenant(|tenant| tenant.create("users"));
    assert_eq!(world.graph.notify().await.dropped, 1);
    assert!(world.host.pump(WORK_QUEUE).await.unwrap().is_empty());
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}
