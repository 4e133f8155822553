//! Somebody at a terminal, who lets the brake go: the same binary, beside both hosts.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::trace::Trace;
use crate::world::World;

/// Removes what the brake holds, if the feed is free; says how that ended.
///
/// # Errors
/// When the binary cannot be run.
pub(super) async fn accept(world: &World, feed: &str, trace: &Trace) -> Result<bool> {
    let ran = world.command(&format!("sync {feed} --accept-removals")).output().await;
    let ran = ran.context("running the binary")?;
    let told = [ran.stdout, ran.stderr].concat();
    let told = String::from_utf8_lossy(&told).trim().replace('\n', " | ");
    trace.note(format!("    the operator, {}: {told}", ran.status));
    Ok(ran.status.success())
}

/// As [`accept`], as often as it takes.
///
/// # Errors
/// When that is too often.
pub(super) async fn accepted(world: &World, feed: &str, trace: &Trace, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    while !accept(world, feed, trace).await? {
        if Instant::now() > until {
            bail!("what the brake holds of {feed} does not go");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
