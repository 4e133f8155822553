//! The chapter about change notifications: seconds behind Graph, and nothing dies unnoticed.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::change::change_some;
use crate::graph::Habits;
use crate::world::{WORK_QUEUE, World};

/// Graph tells of a change; then it loses the subscription and says nothing; then it drops what it should tell.
pub async fn notified(world: &World, random: &mut fastrand::Rng) -> Result<String> {
    let created = world.keep_subscriptions().await?;
    ensure!(created.contains("created users"), "no subscription was created: {created}");
    world.host.pump(WORK_QUEUE).await?;
    change_some(world, random, 1);
    let changed = Instant::now();
    let delivered = world.graph.notify().await;
    ensure!(delivered.statuses == [202], "the notification was answered {:?}", delivered.statuses);
    world.host.pump(WORK_QUEUE).await?;
    let took = changed.elapsed();
    world.ensure_equal().await?;
    lost(world, random).await?;
    world.graph.set_habits(Habits { drop: true, ..Habits::default() });
    change_some(world, random, 1);
    let dropped = world.graph.notify().await.dropped;
    ensure!(dropped > 0 && !world.differences().await.is_empty(), "nothing was dropped");
    world.graph.set_habits(Habits::default());
    world.settle().await?;
    Ok(format!(
        "a change was in the copy {} ms after its notification; a lost subscription came back; what was dropped, the timer found",
        took.as_millis()
    ))
}

/// A subscription is gone on Graph's side; whatever happened meanwhile is looked for when it is back.
async fn lost(world: &World, random: &mut fastrand::Rng) -> Result<()> {
    let subscriptions = world.graph.subscriptions();
    let users = subscriptions.iter().find(|one| one.feed == "users");
    ensure!(users.is_some(), "there is no subscription to users");
    users.into_iter().for_each(|users| world.graph.lose_subscription(&users.id));
    change_some(world, random, 1);
    ensure!(world.graph.notify().await.statuses.is_empty(), "a lost subscription was notified");
    let created = world.keep_subscriptions().await?;
    ensure!(created.contains("created users;"), "it did not come back: {created}");
    world.host.pump(WORK_QUEUE).await?;
    world.ensure_equal().await
}
