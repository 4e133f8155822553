//! The later chapters: what a copy has to live through over the years.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::change::change_some;
use crate::cosmos::{self, Moment};
use crate::graph::{Fault, Match, TokenDeath, random_change};
use crate::world::World;

/// How long something may take that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Graph forgets our tokens, and somebody went meanwhile: a plan, not an error.
pub async fn expired_token(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    let gone = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        let gone = ids[random.usize(..ids.len())].clone();
        tenant.purge("users", &gone);
        gone
    });
    forget_tokens(world);
    let sentence = world.settle_equal().await?;
    let tombstone = world.cosmos.document("users", &gone, &gone).await.unwrap_or_default();
    let reason = &tombstone["_mirror"]["removed"]["reason"];
    ensure!(reason == "missing", "who went meanwhile has no tombstone: {reason}");
    Ok(format!(
        "everything was read anew, and a sweep removed the user that was deleted meanwhile; {sentence}"
    ))
}

/// Graph forgets our tokens, and then shows half of what there is, as if that were all.
pub async fn half_the_tenant(world: &World) -> Result<String> {
    let half = world.graph.tenant(|tenant| tenant.collection("users").living().count()) / 2;
    world.graph.quirks(|quirks| quirks.show_only = Some(half));
    forget_tokens(world);
    let held = world.settle_feed("users").await?;
    ensure!(held.contains("held by the removal limit"), "the removal limit does not hold: {held}");
    world.ensure_equal().await?;
    world.graph.quirks(|quirks| quirks.show_only = None);
    forget_tokens(world);
    world.settle().await?;
    Ok(held)
}

/// Memberships come and go, and somebody who is a member goes for good.
pub async fn links(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    world.graph.tenant(|tenant| {
        for other in tenant.others() {
            for _ in 0..30 {
                random_change(tenant, other, random);
            }
        }
        let group = tenant.ids("groups")[0].clone();
        let newcomer = tenant.create("users");
        tenant.link("groups-members", &group, &newcomer);
        tenant.change("groups", &group, json!({"description": null}));
    });
    world.settle().await?;
    world.ensure_equal().await?;
    let gone = world.graph.tenant(|tenant| {
        let member = tenant
            .ids("groups")
            .iter()
            .find_map(|group| tenant.targets("groups-members", group).first().cloned());
        member.map(|member| (tenant.purge("users", &member) || tenant.purge("groups", &member), member))
    });
    ensure!(gone.is_some(), "no group has a member");
    let sentence = world.settle().await?;
    Ok(format!("permanently deleting a user removed its links; {sentence}"))
}

/// Graph no longer knows the token of the users' feed.
fn forget_tokens(world: &World) {
    let dead = Fault::TokenDead(TokenDeath::ALL[0]);
    world.graph.fail(Match::delta_token().feed("users"), 1, dead);
}

/// A handler freezes in the middle of a page for longer than its lease; another one takes over, and the frozen
/// one wakes up late.
pub async fn frozen_handler(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    let second = world.second_host().await?;
    change_some(world, random, 30);
    let middle = cosmos::Match::writes().container("users").nth(15);
    let mut hold = world.cosmos.hold(middle, Moment::Before);
    let frozen = world.start_turn();
    tokio::time::timeout(PATIENCE, hold.arrived()).await?;
    world.host.process().freeze().await?;
    hold.release();
    // A turn that starts before the lease has ended requests a rerun and ends.
    let (settled, equal) = (second.settle().await, second.ensure_equal().await);
    // Thaw in any case: no chapter could follow on a frozen host.
    world.host.process().thaw().await?;
    let sentence = settled?;
    equal?;
    let late = frozen.await?;
    ensure!(!late.succeeded(), "the frozen turn did not notice that it was overtaken");
    world.settle_equal().await?;
    second.host.shutdown().await;
    Ok(format!("another handler took over, and this one noticed when it woke up; {sentence}"))
}
