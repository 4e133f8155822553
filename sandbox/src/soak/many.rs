//! Many histories at once: they mostly wait.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use tokio::task::JoinSet;

use super::{Hazard, Summary, story};

/// Tells the histories of `seeds` with these hazards, at most `jobs` at a time, and reports each end; begins no more when
/// `ended` says so, or the seeds are used up.
pub async fn many(
    root: &Path,
    hazards: &[Hazard],
    seeds: impl IntoIterator<Item = u64>,
    jobs: usize,
    mut ended: impl FnMut(u64, Result<Summary>) -> bool,
) {
    let (root, mut seeds): (Arc<Path>, _) = (root.into(), seeds.into_iter());
    let hazards: Arc<[Hazard]> = hazards.into();
    let mut running = JoinSet::new();
    let mut going_on = true;
    loop {
        while going_on && running.len() < jobs.max(1) {
            let Some(seed) = seeds.next() else { break };
            let (root, hazards) = (Arc::clone(&root), Arc::clone(&hazards));
            running.spawn(async move {
                // A panic is a failure of that seed, and of no other.
                let told = tokio::spawn(async move { story(&root, seed, &hazards).await }).await;
                let told = told.unwrap_or_else(|panic| Err(anyhow!("seed {seed}: {panic}")));
                (seed, told)
            });
        }
        let Some(told) = running.join_next().await else { return };
        if let Ok((seed, told)) = told {
            going_on &= ended(seed, told);
        }
    }
}
