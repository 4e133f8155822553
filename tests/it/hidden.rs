//! Rule 9: an enumeration that does not show somebody is not believed alone; Graph is asked by id before anybody is removed.

use sandbox::graph::{Fault, Kind, Match, RetryAfter, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stdout};
use crate::stage::{checkpoint, document, logged, setup, until_shown};

/// A world of so many users whose copy is complete.
async fn copied(users: usize) -> (World, Vec<String>) {
    let world = World::start(Setup { users, page_size: 50, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world.graph.forget_requests();
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    (world, ids)
}

async fn status(world: &World) -> Value {
    world.call("GET", "/api/status/users", "").await.unwrap().body[0].clone()
}

/// How many requests there were of a kind.
fn count(world: &World, kind: Kind) -> usize {
    world.graph.counts().get(&kind).copied().unwrap_or_default()
}

#[tokio::test]
async fn rule_9_an_enumeration_that_hides_living_users_removes_none_of_them() {
    let (world, ids) = copied(100).await;
    world.graph.hide("users", ids[..15].to_vec());
    world.graph.tenant(|tenant| assert!(tenant.purge("users", &ids[50])));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let dry = run(world.settings(), "sync users --dry-run").await;
    assert!(stdout(&dry).contains("removals of the sweep held"), "{}", stdout(&dry));
    world.graph.hide("users", ids[..15].to_vec());
    let said = world.turn().await.unwrap();
    let gone: Vec<_> = world.differences().await.into_iter().map(|difference| difference.id).collect();
    assert_eq!(gone, [ids[50].clone()], "nobody is missing, and what is held stays: {said}");
    let held = status(&world).await;
    let expected = json!({"missing": 15, "of": 100, "reason": "enumerationHidObjects"});
    assert_eq!((&held["state"], &held["held"]), (&json!("held"), &expected), "{held}");
    assert_eq!(logged(&world, "sweep_held").len(), 1);
    let said = world.turn().await.unwrap();
    assert!(said.contains("held"), "it stays held: {said}");
    run(world.settings(), "checkpoint reset users").await.code(0);
    let said = world.turn().await.unwrap();
    assert!(said.contains("complete;"), "another walk shows them: {said}");
    world.ensure_equal().await.unwrap();
    assert_eq!(status(&world).await["state"], "tracking");
}

#[tokio::test]
async fn what_is_gone_goes_beside_a_user_whom_the_enumeration_hid_and_costs_a_request_for_twenty() {
    let (world, ids) = copied(300).await;
    world.graph.hide("users", [ids[0].clone()]);
    world.graph.tenant(|tenant| {
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        ids[1..45].iter().for_each(|id| assert!(tenant.purge("users", id)));
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let said = world.turn().await.unwrap();
    assert!(said.contains("complete;") && said.contains("44 removed"), "{said}");
    world.ensure_equal().await.unwrap();
    let kept = document(&world, &ids[0]).await;
    assert_eq!((&kept["_mirror"]["source"], &kept["city"]), (&json!("by-id"), &json!("Ulm")));
    let kinds = (count(&world, Kind::Batch), count(&world, Kind::ById));
    assert_eq!(kinds.0, 3, "45 objects, twenty a request");
    assert!((45..=46).contains(&kinds.1), "and perhaps a look at the one that is doubtful: {kinds:?}");
}

#[tokio::test]
async fn a_part_of_a_batch_that_is_throttled_is_asked_for_again() {
    let (world, ids) = copied(50).await;
    world.graph.tenant(|tenant| ids[..5].iter().for_each(|id| assert!(tenant.purge("users", id))));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let busy = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("0.2".into()) };
    world.graph.fail(Match::by_id(), 2, busy);
    let said = world.turn().await.unwrap();
    assert!(said.contains("complete;") && said.contains("5 removed"), "{said}");
    world.ensure_equal().await.unwrap();
    let kinds = (count(&world, Kind::Batch), count(&world, Kind::ById));
    assert_eq!(kinds, (2, 7), "only the two that were throttled are asked for again");
}

#[tokio::test]
async fn whom_graph_refuses_to_show_stays_until_it_says_more() {
    let (world, ids) = copied(50).await;
    world.graph.tenant(|tenant| ids[..5].iter().for_each(|id| assert!(tenant.purge("users", id))));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let body = json!({"error": {"code": "UnknownError", "message": ""}}).to_string();
    world.graph.fail(Match::by_id(), 1, Fault::Status { code: 404, body });
    let said = world.turn().await.unwrap();
    assert!(said.contains("complete;") && said.contains("4 removed"), "{said}");
    assert_eq!(world.differences().await.len(), 1);
    assert_eq!(checkpoint(&world).await["pendingSweep"], checkpoint(&world).await["generation"]);
    assert_eq!(logged(&world, "removal_not_confirmed").len(), 1);
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn everybody_going_is_held_however_few_they_are() {
    let (world, ids) = copied(3).await;
    world.graph.tenant(|tenant| ids.iter().for_each(|id| assert!(tenant.purge("users", id))));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    let held = status(&world).await;
    let expected = json!({"missing": 3, "of": 3, "reason": "everything"});
    assert_eq!((&held["state"], &held["held"]), (&json!("held"), &expected), "{held}");
    assert_eq!(world.differences().await.len(), 3);
    run(world.settings(), "sync users --accept-removals").await.code(0);
    world.ensure_equal().await.unwrap();
}

/// A group with members and owners, and the enumeration after the next dead token does not show it.
async fn with_a_group_unseen() -> (World, String) {
    let world = World::start(Setup { groups: 12, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let links = world.cosmos.documents("groups-members").await;
    let group = links[0]["sourceId"].as_str().unwrap().to_owned();
    world.graph.hide("groups", [group.clone()]);
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    (world, group)
}

#[tokio::test]
async fn a_group_that_an_enumeration_did_not_show_lost_its_members() {
    let (world, group) = with_a_group_unseen().await;
    let said = world.settle_feed("groups").await.unwrap();
    assert_eq!(world.differences().await, [], "its links stay: {said}");
    let kept = world.cosmos.document("groups", &group, &group).await.unwrap();
    assert_eq!(kept["_mirror"]["source"], "by-id", "Graph showed it by its id");
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn what_lives_unseen_was_looked_up_for_thirty_days_and_its_links_were_never_told() {
    let (world, group) = with_a_group_unseen().await;
    world.settle_feed("groups").await.unwrap();
    until_shown(&world, "groups", &group).await;
    let began = logged(&world, "generation");
    assert_eq!(began.iter().filter(|line| line.contains("unseen")).count(), 1, "{began:?}");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_group_that_lived_unseen_and_is_gone_takes_its_links_along() {
    let (world, group) = with_a_group_unseen().await;
    world.settle_feed("groups").await.unwrap();
    // Nobody tells that it is gone: the chain that would have is broken, and another enumeration knows nothing of it. Its links are
    // spared once more, until a look by its id.
    world.graph.tenant(|tenant| assert!(tenant.purge("groups", &group)));
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.settle_equal().await.unwrap();
    let gone = world.cosmos.document("groups", &group, &group).await.unwrap();
    assert_eq!(gone["_mirror"]["removed"]["reason"], "missing", "{gone}");
}
