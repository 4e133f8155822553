//! The two hosts of a history: of one version or of two, on one clock or on clocks of their own.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::beside::Beside;
use super::hazard::Hazard;
use super::plan::Plan;
use crate::process_clock::ProcessClock;
use crate::product;
use crate::world::World;

/// Longer than any clock is off: whoever is a day ahead must still have a token.
const TOKEN_LIFE: Duration = Duration::from_secs(3 * 86_400);

/// Starts the world of a plan with two hosts.
///
/// # Errors
/// When a part does not start.
pub(super) async fn start(
    root: &Path,
    seed: u64,
    plan: &Plan,
) -> Result<([World; 2], [Option<ProcessClock>; 2])> {
    let mut clocks = [None, None];
    let mut setup = plan.setup(root, seed);
    if plan.has(Hazard::Clocks) {
        clocks = [Some(ProcessClock::start()?), Some(ProcessClock::start()?)];
        setup.managed_token_life = Some(TOKEN_LIFE);
    }
    for (name, value) in env(clocks[0].as_ref())? {
        setup = setup.set(&name, &value);
    }
    let first = World::start(setup).await?;
    // What is read by time and is there at the beginning has long arrived.
    if plan.beside.contains(&Beside::Window) {
        first.graph.settle_replicas();
    }
    let root = match plan.has(Hazard::Shapes) {
        true => product::other_version(root)?,
        false => root.to_owned(),
    };
    let second = first.second_host_with(&root, env(clocks[1].as_ref())?).await?;
    Ok(([first, second], clocks))
}

fn env(clock: Option<&ProcessClock>) -> Result<Vec<(String, String)>> {
    clock.map(ProcessClock::env).transpose().map(|env| env.into_iter().flatten().collect())
}
