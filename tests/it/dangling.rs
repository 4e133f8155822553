//! Links to what is gone, where Graph has told nothing of their end.

use sandbox::graph::{Fault, Match, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::stage::{document, hasty, logged};

/// A world with groups whose copy is complete.
async fn copied(setup: Setup) -> World {
    let world = World::start(Setup { groups: 6, ..setup }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world
}

/// Some user who is a member of a group.
fn member(world: &World) -> String {
    world.graph.tenant(|tenant| {
        let mut members =
            tenant.ids("groups").into_iter().flat_map(|group| tenant.targets("groups-members", &group));
        members.find(|member| tenant.get("users", member).is_some()).unwrap()
    })
}

async fn reason(world: &World, id: &str) -> Value {
    document(world, id).await["_mirror"]["removed"]["reason"].clone()
}

#[tokio::test]
async fn a_user_who_is_purged_while_the_token_is_dead_leaves_no_membership_behind() {
    let world = copied(hasty()).await;
    let member = member(&world);
    world.graph.tenant(|tenant| assert!(tenant.remove("users", &member)));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(reason(&world, &member).await, "changed");
    world.graph.tenant(|tenant| assert!(tenant.purge("users", &member)));
    world.graph.fail(Match::delta_token().feed("users"), 1, Fault::TokenDead(TokenDeath::ALL[0]));
    world.settle_equal().await.unwrap();
    assert_eq!(reason(&world, &member).await, "missing", "the walk did not show the user as soft-deleted");
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), [], "and then it is quiet again");
}

#[tokio::test]
async fn a_user_who_is_only_soft_deleted_keeps_the_memberships_over_a_dead_token() {
    let world = copied(hasty()).await;
    let member = member(&world);
    world.graph.tenant(|tenant| assert!(tenant.remove("users", &member)));
    world.turn().await.unwrap();
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.settle_equal().await.unwrap();
    world.graph.tenant(|tenant| assert!(tenant.restore("users", &member)));
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn groups_that_slept_for_longer_than_a_tombstone_lives_read_their_links_anew() {
    let world = copied(hasty().set("TOMBSTONE_TTL_DAYS", "8")).await;
    let member = member(&world);
    world.graph.tenant(|tenant| assert!(tenant.purge("users", &member)));
    world.turn_feed("users").await.unwrap();
    world.cosmos.advance(std::time::Duration::from_secs(9 * 86_400));
    let mut checkpoint = world.cosmos.document("mirror", "groups", "checkpoint").await.unwrap();
    let then: Value = (OffsetDateTime::now_utc() - Duration::days(9)).format(&Rfc3339).unwrap().into();
    (checkpoint["linksRemovedUntil"], checkpoint["generationBegan"]) = (then.clone(), then);
    world.cosmos.put("mirror", "groups", &checkpoint).await.unwrap();
    assert!(!world.differences().await.is_empty());
    world.settle_equal().await.unwrap();
    assert!(logged(&world, "generation").iter().any(|line| line.contains("doubtfulLinks")));
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes(), [], "and then it is quiet again");
}
