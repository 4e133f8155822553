//! An operator at a terminal, who accepts held removals: the same binary, beside both hosts.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::trace::Trace;
use crate::world::World;

/// Accepts the held removals, if the feed is free; returns how that ended.
///
/// # Errors
/// When the binary cannot be run.
pub(super) async fn accept(world: &World, feed: &str, trace: &Trace) -> Result<bool> {
    let mut command = world.command(&format!("sync {feed} --accept-removals"));
    // The deployment says what is mirrored, parents above all.
    let ran = command.env("FUNCTIONS_APP_ROOT_PATH", world.root()).output().await;
    let ran = ran.context("running the binary")?;
    let told = [ran.stdout, ran.stderr].concat();
    let told = String::from_utf8_lossy(&told).trim().replace('\n', " | ");
    trace.note(format!("    the operator, {}: {told}", ran.status));
    Ok(ran.status.success())
}

/// Repeats [`accept`] until the feed is free.
///
/// # Errors
/// When the feed stays busy for too long.
pub(super) async fn accepted(world: &World, feed: &str, trace: &Trace, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    while !accept(world, feed, trace).await? {
        if Instant::now() > until {
            bail!("what the removal limit holds of {feed} does not go");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
