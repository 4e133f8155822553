//! Another instance may read what is no longer so: with the consistency of a session, only a session's own writes are
//! promised to its reads. Every plain read that decides something is answered by a replica that is behind.

use sandbox::cosmos::{Match, Options};
use sandbox::graph;
use sandbox::graph::TokenDeath;
use sandbox::world::{Setup, World, sentence};

use crate::stage::{checkpoint, hasty, unsettle};

/// A complete copy, two hosts, and a replica that can be held back.
async fn two_hosts(setup: Setup) -> [World; 2] {
    let cosmos = Options { replica: true, ..Options::default() };
    let first = World::start(Setup { cosmos, ..setup }).await.unwrap();
    first.settle().await.unwrap();
    let second = first.second_host().await.unwrap();
    // Both know the account, and the second one has written once.
    second.turn().await.unwrap();
    first.ensure_equal().await.unwrap();
    unsettle(&first).await;
    first.cosmos.reset_log();
    [first, second]
}

fn change(world: &World) {
    world.set_on_a_user(serde_json::json!({"officeLocation": "Room 1"}));
}

#[tokio::test]
async fn a_rerun_request_is_not_lost_when_an_old_lease_is_read() {
    let [first, second] = two_hosts(hasty().set("LEASE_SECONDS", "15")).await;
    let mut hold = first.graph.hold(graph::Match::any());
    let turn = first.start_turn();
    hold.arrived().await;
    assert!(sentence(&second.fire().await.unwrap()).unwrap().contains("busy"));
    // What the second host sees from now on: the lease is taken, and a rerun is requested.
    let behind = first.cosmos.read_behind(Match::any().container("mirror").id("lease"));
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    change(&first);
    let ended = second.fire().await.unwrap();
    assert!(behind.answered() > 0, "the old lease was read");
    // Either it looked itself, or it failed and the host tries again; it did not rely on a turn that is over.
    assert!(!ended.succeeded() || first.differences().await.is_empty(), "{ended:?}");
    drop(behind);
    second.turn().await.unwrap();
    first.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn whoever_takes_the_lease_reads_the_newest_checkpoint() {
    let [first, second] = two_hosts(hasty()).await;
    let behind = first.cosmos.read_behind(Match::any().container("mirror"));
    change(&first);
    first.turn().await.unwrap();
    let saved = checkpoint(&first).await["save"].as_u64();
    change(&first);
    second.turn().await.unwrap();
    assert!(behind.answered() > 0, "an old lease was read");
    assert!(checkpoint(&first).await["save"].as_u64() > saved);
    first.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn documents_that_look_older_than_they_are_are_not_swept() {
    let [first, second] = two_hosts(hasty().set("SYNC_BUDGET_SECONDS", "0")).await;
    first.graph.kill_tokens(TokenDeath::SyncStateNotFound);
    let behind = first.cosmos.read_behind(Match::any().container("users"));
    // The first host walks up to the last page, the second one ends the enumeration and sweeps what it still sees as old.
    first.fire().await.unwrap();
    while !sentence(&second.fire().await.unwrap()).unwrap().contains(": complete") {
        if sentence(&first.fire().await.unwrap()).unwrap().contains(": complete") {
            break;
        }
    }
    drop(behind);
    let tombstones: Vec<_> = first
        .document_writes()
        .into_iter()
        .filter(|write| write.removed.is_some() && write.succeeded())
        .collect();
    assert_eq!(tombstones, [], "nobody went");
    second.turn().await.unwrap();
    first.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn links_to_a_purged_user_go_though_its_tombstone_was_not_seen_at_once() {
    let [first, second] = two_hosts(Setup { groups: 6, ..hasty() }).await;
    let purged = first.graph.tenant(|tenant| {
        let group = tenant.ids("groups")[0].clone();
        let user = tenant.ids("users")[0].clone();
        tenant.link("groups-members", &group, &user);
        user
    });
    first.turn().await.unwrap();
    let behind = first.cosmos.read_behind(Match::any().container("users"));
    first.graph.tenant(|tenant| assert!(tenant.purge("users", &purged)));
    // One host writes the tombstone; the other one looks for the links to it, and sees no tombstone.
    first.turn_feed("users").await.unwrap();
    second.turn_feed("groups").await.unwrap();
    drop(behind);
    second.turn_feed("groups").await.unwrap();
    first.settle_equal().await.unwrap();
}

#[tokio::test]
async fn an_object_that_is_asked_for_by_id_is_right_in_the_end_though_an_old_document_was_compared() {
    let [first, second] = two_hosts(hasty()).await;
    let id = first.a_user();
    let room = |room: &str| {
        let patch = serde_json::json!({"officeLocation": room});
        first.graph.tenant(|tenant| tenant.change("users", &id, patch));
    };
    room("Room 1");
    first.turn().await.unwrap();
    let behind = first.cosmos.read_behind(Match::any().container("users"));
    room("Room 2");
    first.turn().await.unwrap();
    // What Graph says now is what the old document said.
    room("Room 1");
    let body = serde_json::json!({ "ids": [id] }).to_string();
    let reply = second.call("POST", "/api/refresh/users", &body).await.unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(behind.answered() > 0, "an old document was read");
    second.turn().await.unwrap();
    drop(behind);
    first.settle_equal().await.unwrap();
}

#[tokio::test]
async fn a_change_back_is_written_though_an_old_document_says_so_already() {
    let [first, second] = two_hosts(hasty()).await;
    let id = first.a_user();
    let room = |room: &str| {
        let patch = serde_json::json!({"officeLocation": room});
        first.graph.tenant(|tenant| tenant.change("users", &id, patch));
    };
    room("Room 1");
    first.turn().await.unwrap();
    let behind = first.cosmos.read_behind(Match::any().container("users"));
    room("Room 2");
    first.turn().await.unwrap();
    room("Room 1");
    second.turn().await.unwrap();
    drop(behind);
    first.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn an_old_record_of_a_subscription_neither_makes_a_second_one_nor_ends_the_living_one() {
    let notified = Setup { notified: true, ..hasty() };
    let [first, second] = two_hosts(notified.set("RELOOK_SECONDS", "0")).await;
    first.keep_subscriptions().await.unwrap();
    second.keep_subscriptions().await.unwrap();
    let behind = first.cosmos.read_behind(Match::any().container("mirror"));
    let lost = living(&first)[0].clone();
    first.graph.lose_subscription(&lost);
    assert!(first.keep_subscriptions().await.unwrap().contains("created users;"));
    let before = living(&first);
    assert!(before.len() == 2 && !before.contains(&lost), "{before:?}");
    // The second host is told of the lease as it was, and of the record of the subscription that is gone.
    let told = second.keep_subscriptions().await.unwrap();
    assert!(behind.answered() > 0, "an old lease was read");
    assert_eq!(told, "subscriptions: created none; extended none; 0 ended; failed none");
    assert_eq!(living(&first), before);
    drop(behind);
    second.keep_subscriptions().await.unwrap();
    assert_eq!(living(&first), before);
}

/// The ids of the subscriptions that there are, that of the users first.
fn living(world: &World) -> Vec<String> {
    let mut all = world.graph.subscriptions();
    all.sort_by_key(|one| one.feed != "users");
    all.into_iter().map(|one| one.id).collect()
}
