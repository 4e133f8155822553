//! Rule 13: a generation that follows a complete one writes only what differs, and its sweep goes by what its enumeration has
//! shown.

use sandbox::cosmos::{Match, Operation, Options};
use sandbox::graph::{self, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::json;

use crate::command_line::{run, stdout};
use crate::stage::{checkpoint, copied_as, document, generations, hasty, kill_after, logged, setup};

/// A complete copy of users, some with managers, and of groups with their members and owners.
async fn copied() -> World {
    copied_as(Setup { groups: 8, ..setup() }).await
}

/// The documents that were written since, each as `container id`.
fn written(world: &World) -> Vec<String> {
    let writes = world.document_writes();
    world.cosmos.reset_log();
    writes.iter().map(|write| format!("{} {}", write.container, write.id)).collect()
}

/// What the pages of enumerations have shown, as it lies in `mirror`.
async fn seen(world: &World, feed: &str) -> Vec<String> {
    let all = world.cosmos.documents("mirror").await;
    let of_feed = all.iter().filter(|one| one["feed"] == feed);
    let ids = of_feed.filter_map(|one| one["id"].as_str());
    ids.filter(|id| id.starts_with("seen-")).map(str::to_owned).collect()
}

#[tokio::test]
async fn after_a_dead_token_only_what_differs_is_written() {
    let world = copied().await;
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let said = world.turn().await.unwrap();
    assert!(said.contains("0 upserted, 0 removed") && said.contains("50 unchanged"), "{said}");
    assert_eq!(written(&world), [""; 0], "neither an object nor a link");
    assert_eq!((generations(&world, "users"), generations(&world, "groups")), (2, 2));
    let [changed, purged] = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[1], json!({"city": "Ulm"}));
        assert!(tenant.purge("users", &ids[2]));
        [ids[1].clone(), ids[2].clone()]
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let foretold = stdout(&run(world.settings(), "sync users --dry-run").await.code(0));
    assert!(foretold.contains("1 upserted, 1 removed"), "{foretold}");
    world.turn_feed("users").await.unwrap();
    let mut users = written(&world);
    users.retain(|one| one.starts_with("users "));
    assert_eq!(users, [format!("users {changed}"), format!("users {purged}")]);
    world.settle_equal().await.unwrap();
    let unchanged = document(&world, &world.graph.tenant(|tenant| tenant.ids("users"))[0].clone()).await;
    let generation = &checkpoint(&world).await["generation"];
    assert!(unchanged["_mirror"]["generation"].as_u64() < generation.as_u64(), "it was not written");
}

#[tokio::test]
async fn what_a_generation_left_as_it_was_counts_as_delivered_by_it() {
    let world = copied().await;
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    let id = world.a_user();
    // A part of it changes; it is read by its id; and a round tells it again.
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    world.turn().await.unwrap();
    let merged = document(&world, &id).await;
    assert_eq!((&merged["city"], &merged["_mirror"]["source"]), (&json!("Ulm"), &json!("delta")));
    assert_eq!(logged(&world, "doubt_settled"), [""; 0], "nothing was read by its id");
    assert_eq!(generations(&world, "users"), 2, "and nothing lived unseen");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn while_a_sweep_is_held_what_the_enumeration_has_shown_counts_as_delivered() {
    let world = copied_as(setup()).await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        ids.iter().take(20).for_each(|id| assert!(tenant.remove("users", id)));
        ids
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let said = world.turn().await.unwrap();
    assert!(said.contains("held by the removal limit"), "{said}");
    assert_eq!(seen(&world, "users").await.len(), 2, "thirty users on pages of twenty");
    world.cosmos.reset_log();
    world.graph.tenant(|tenant| tenant.change("users", &ids[30], json!({"city": "Ulm"})));
    world.turn().await.unwrap();
    assert_eq!(document(&world, &ids[30]).await["_mirror"]["source"], "delta");
    assert_eq!(written(&world), [format!("users {}", ids[30])]);
    // Without what it has shown, the sweep cannot know; another enumeration can.
    for id in seen(&world, "users").await {
        world.cosmos.delete("mirror", "users", &id).await.unwrap();
    }
    world.turn().await.unwrap();
    let began = logged(&world, "generation");
    assert!(began.last().unwrap().contains("seenLost"), "{began:?}");
    assert_eq!(seen(&world, "users").await.len(), 2);
    let accepted = stdout(&run(world.settings(), "sync users --accept-removals").await.code(0));
    assert!(accepted.contains("20 removed"), "{accepted}");
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn an_enumeration_that_is_killed_goes_on_and_removes_nothing_that_it_has_shown() {
    let world = copied_as(Setup { page_size: 7, groups: 4, ..hasty() }).await;
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let third = Match::operation(Operation::Create).container("mirror").nth(3);
    kill_after(third, &world, "users").await;
    world.cosmos.reset_log();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let tombstones = world.document_writes().into_iter().filter(|write| write.removed.is_some());
    assert_eq!(tombstones.count(), 0, "no object is gone");
    let users = world.document_writes().into_iter().filter(|write| write.container == "users");
    assert_eq!(users.count(), 0, "and none was written");
}

#[tokio::test]
async fn a_reset_writes_everything_again() {
    let world = copied_as(setup()).await;
    let id = world.a_user();
    // Somebody has changed a document, and not its marks.
    let mut damaged = document(&world, &id).await;
    damaged["city"] = json!("Paris");
    world.cosmos.put("users", &id, &damaged).await.unwrap();
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.turn().await.unwrap();
    assert_eq!(document(&world, &id).await["city"], "Paris", "its hash is that of what Graph shows");
    world.cosmos.reset_log();
    run(world.settings(), "checkpoint reset users").await.code(0);
    world.turn().await.unwrap();
    assert!(written(&world).iter().filter(|one| one.starts_with("users ")).count() >= 50);
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_query_that_is_behind_does_not_decide_that_nothing_is_written() {
    let cosmos = Options { replica: true, ..Options::default() };
    let first = copied_as(Setup { cosmos, ..hasty().set("DOUBT_MINUTES", "1") }).await;
    let second = first.second_host().await.unwrap();
    let id = first.a_user();
    let room = |room: &str| {
        first.graph.tenant(|tenant| tenant.change("users", &id, json!({"officeLocation": room})));
    };
    room("Room 1");
    first.turn().await.unwrap();
    second.turn().await.unwrap();
    let behind = first.cosmos.read_behind(Match::any().container("users"));
    room("Room 2");
    first.turn().await.unwrap();
    // What Graph says now is what the old document said, and the token that would tell it is dead.
    room("Room 1");
    first.graph.kill_tokens(TokenDeath::ALL[0]);
    let mut hold = first.graph.hold(graph::Match::skip_token());
    let turn = second.start_turn();
    hold.arrived().await;
    hold.release();
    assert!(turn.await.unwrap().succeeded());
    assert!(behind.answered() > 0, "an old document was read");
    drop(behind);
    first.ensure_equal().await.unwrap();
}
