//! Rule 16: a first copy is read as a list, in shards, and a delta query confirms it.

use std::path::Path;

use sandbox::cosmos::{self, Moment};
use sandbox::graph::{Fault, Kind, Match, Quirks, RetryAfter, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::stage::{checkpoint, generations, hasty, kill_after, logged, put_checkpoint, setup, staged_with};

/// Sixty users in shards of seven or so, with pages of three.
async fn started(setup: Setup) -> World {
    let world = World::start(Setup { users: 60, ..setup }.set("LIST_ABOVE", "0")).await.unwrap();
    world.graph.quirks(|quirks| *quirks = Quirks { list_page: Some(3), ..quirks.clone() });
    world
}

/// The staged product, with users whose feed tells of no links.
fn without_links() -> TempDir {
    let root = staged_with(&[]);
    let row = root.path().join("sync_users/resource.json");
    std::fs::write(row, json!({ "links": [] }).to_string()).unwrap();
    root
}

fn setup_in(root: &Path) -> Setup {
    Setup { root: root.into(), ..setup() }
}

/// The first copy began an hour ago.
async fn an_hour_later(world: &World) {
    let mut old = checkpoint(world).await;
    let began = OffsetDateTime::now_utc() - time::Duration::seconds(3601);
    old["generationBegan"] = began.format(&Rfc3339).unwrap().into();
    put_checkpoint(world, &old).await;
}

fn users_written(world: &World) -> usize {
    let writes = world.document_writes();
    world.cosmos.reset_log();
    writes.iter().filter(|write| write.container == "users").count()
}

fn asked(world: &World, kind: Kind) -> usize {
    let users = |one: &&sandbox::graph::Record| one.feed == Some("users") && one.kind == kind;
    world.graph.requests().iter().filter(users).count()
}

#[tokio::test]
async fn a_list_comes_first_and_then_only_what_changed() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    world.turn_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(users_written(&world), 60, "each of them once");
    let begun = logged(&world, "list_begins").pop().unwrap();
    assert!(begun.contains("\"objects\":60"), "{begun}");
    let after = checkpoint(&world).await;
    assert_eq!(
        (&after["state"], &after["listing"]),
        (&json!("tracking"), &json!({"done": {"isShort": false}}))
    );
    assert!(after["asOf"].is_string() && after["pendingSweep"].is_null());
    assert_eq!(asked(&world, Kind::SkipToken), 0, "no page of a delta query");
    let changed = world.change_a_user();
    world.turn_feed("users").await.unwrap();
    assert_eq!(users_written(&world), 1, "{changed}");
    assert_eq!(generations(&world, "users"), 1);
    // An hour later, a delta query confirms what the list has shown.
    an_hour_later(&world).await;
    world.settle_feed("users").await.unwrap();
    assert!(logged(&world, "generation").pop().unwrap().contains("\"listed\""));
    assert_eq!(users_written(&world), 1, "{changed} only: nulls of the list are no difference");
    let confirmed = checkpoint(&world).await;
    assert_eq!((&confirmed["listing"], &confirmed["counts"]["unchanged"]), (&Value::Null, &json!(59)));
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_feed_with_links_is_confirmed_at_once_and_writes_no_object_twice() {
    let world = started(Setup { groups: 4, ..setup() }).await;
    world.turn_feed("users").await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(users_written(&world), 60);
    assert_eq!(generations(&world, "users"), 2);
    assert_eq!(checkpoint(&world).await["listing"], Value::Null);
}

#[tokio::test]
async fn few_objects_are_read_by_the_delta_query() {
    let world = World::start(Setup { users: 60, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(
        (logged(&world, "list_begins").len(), asked(&world, Kind::List)),
        (0, 17),
        "it only counts them"
    );
}

#[tokio::test]
async fn an_object_without_a_time_of_creation_comes_with_the_delta_query_at_once() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    let id = world.a_user();
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({ "createdDateTime": null })));
    world.turn_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!((users_written(&world), generations(&world, "users")), (60, 2));
    assert_eq!(checkpoint(&world).await["listing"], Value::Null);
}

#[tokio::test]
async fn objects_of_the_very_second_at_which_a_list_is_cut_are_shown_by_one_shard_at_least() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    world.graph.tenant(|tenant| {
        for (number, id) in tenant.ids("users").into_iter().enumerate() {
            // All of them within three seconds: no range is short enough to part them.
            let second = format!("2020-01-01T00:00:0{}Z", number % 3);
            tenant.change("users", &id, json!({ "createdDateTime": second }));
        }
    });
    world.turn_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(generations(&world, "users"), 1);
}

#[tokio::test]
async fn a_shard_whose_page_token_dies_begins_anew() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    // Some of the further pages of shards.
    world.graph.fail(Match::list().feed("users").nth(40), 8, Fault::TokenDead(TokenDeath::ExpiredPageToken));
    world.turn_feed("users").await.unwrap();
    assert!(!logged(&world, "token_dead").is_empty());
    world.ensure_equal().await.unwrap();
    assert_eq!((generations(&world, "users"), asked(&world, Kind::SkipToken)), (1, 0), "the list went on");
}

#[tokio::test]
async fn a_list_whose_page_tokens_keep_dying_gives_way_to_the_delta_query() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    let dead = Fault::TokenDead(TokenDeath::ExpiredPageToken);
    world.graph.fail(Match::list().feed("users").nth(40), 500, dead);
    world.turn_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(logged(&world, "list_refused").len(), 1);
    assert!(logged(&world, "generation").pop().unwrap().contains("listRefused"));
}

#[tokio::test]
async fn a_list_that_graph_refuses_gives_way_to_the_delta_query() {
    for nth in [1, 30] {
        let world = started(setup()).await;
        let body = json!({"error": {"code": "Request_UnsupportedQuery", "message": "no"}}).to_string();
        let refusal = Fault::Status { code: 400, body };
        world.graph.fail(Match::list().feed("users").nth(nth), 500, refusal);
        world.settle().await.unwrap();
        world.ensure_equal().await.unwrap();
        assert_eq!(logged(&world, "list_refused").len(), 1, "{nth}");
    }
}

#[tokio::test]
async fn a_shard_that_is_throttled_waits_and_the_list_goes_on() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    let fault = |after: &str| Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds(after.into()) };
    world.graph.fail(Match::list().feed("users").nth(30), 2, fault("1"));
    world.turn_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(users_written(&world), 60);
    assert_eq!(generations(&world, "users"), 1);
}

#[tokio::test]
async fn a_turn_that_is_killed_in_the_middle_of_several_shards_goes_on_where_it_was() {
    let folder = without_links();
    let world = started(Setup { root: folder.path().into(), ..hasty() }).await;
    kill_after(cosmos::Match::writes().container("users").nth(30), &world, "users").await;
    let open = checkpoint(&world).await["listing"]["open"].clone();
    assert!(open["open"].as_array().unwrap().len() > 1, "{open}");
    assert!(open["shown"].as_u64().unwrap() > 0);
    world.settle_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(generations(&world, "users"), 1, "the list went on");
    let writes = users_written(&world);
    assert!((60..=80).contains(&writes), "{writes}: the pages in hand were written again");
}

#[tokio::test]
async fn a_change_during_the_list_is_told_by_the_delta_link_of_before() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    let mut hold = world.cosmos.hold(cosmos::Match::writes().container("users").nth(30), Moment::Before);
    let turn = world.start_turn_of("users");
    hold.arrived().await;
    world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        ids[..5].iter().for_each(|id| assert!(tenant.change("users", id, json!({ "city": "Ulm" }))));
        tenant.create("users");
    });
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    world.ensure_equal().await.unwrap();
    assert_eq!(generations(&world, "users"), 1);
}

/// What a lagging replica shows in a list, no change tells: the delta query that confirms the list brings it.
#[tokio::test]
async fn what_a_replica_showed_late_is_mended_within_an_hour() {
    let folder = without_links();
    let world = started(setup_in(folder.path())).await;
    let id = world.change_a_user();
    world.graph.quirks(|quirks| quirks.random_lag = Some(1));
    world.turn_feed("users").await.unwrap();
    world.graph.quirks(|quirks| quirks.random_lag = None);
    world.graph.settle_replicas();
    an_hour_later(&world).await;
    world.settle_feed("users").await.unwrap();
    world.ensure_equal().await.unwrap_or_else(|error| panic!("{id}: {error}"));
}
