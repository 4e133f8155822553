//! The soak: seeded histories of trouble, each of which has to end with a copy that equals the tenant.
//!
//! A history follows from its seed: the tenant and its changes, faults of Graph and Cosmos, kills, freezes, two
//! handlers at once. Only the interleaving of the processes is real. It promises that a failure names its seed, what is
//! wrong, and what happened when. It leaves out what cannot converge: an object or a link whose removal Graph never
//! tells, and replicas that lag for longer than `DOUBT_MINUTES`.
//!
//! In reading order: `deed` (what can happen), `draw`, `scenes`, `late`, `hazard` and `plan` (a history as a value), `hosts`,
//! `trouble`, `blow`, `loss`, `hide` and `operator` (carrying it out), `turns`, `quiet`, `settled` and `verdict` (what must hold then), `many` (many seeds at once).

mod below;
mod beside;
mod blow;
mod deed;
mod draw;
mod hazard;
mod hide;
mod hosts;
mod killed;
mod late;
mod loss;
mod many;
mod operator;
mod plan;
mod quiet;
mod scenes;
mod scenes_beside;
mod settled;
mod stir;
mod trace;
mod trouble;
mod turns;
mod verdict;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde::Serialize;

use crate::copy::Difference;
use deed::Who;
use plan::Plan;
use trace::Trace;
use trouble::Trouble;

pub use beside::staged;
pub use hazard::Hazard;
pub use many::many;

/// A history that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(240);

/// A history that ended well.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Its seed.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// Things that happened.
    pub deeds: usize,
    /// Invocations that were started in the trouble.
    pub turns: usize,
    /// Documents that were written.
    pub writes: usize,
    /// What happened, and when.
    #[serde(skip)]
    pub trace: Vec<String>,
}

/// Runs the history of one seed, with these hazards, with the product that is staged in `root`.
///
/// # Errors
/// Names the rule that does not hold at its end, with the seed and the whole trace.
pub async fn story(root: &Path, seed: u64, hazards: &[Hazard]) -> Result<Summary> {
    let (trace, plan) = (Trace::new(), Plan::of(seed, hazards));
    let told = tokio::time::timeout(LONGEST, tell(root, seed, &plan, &trace)).await;
    let told = told.unwrap_or_else(|_| Err(anyhow!("the history does not end")));
    told.map_err(|error| {
        let trace = trace.lines().join("\n");
        anyhow!("seed {seed}: {error:#}\n{trace}")
    })
}

async fn tell(root: &Path, seed: u64, plan: &Plan, trace: &Trace) -> Result<Summary> {
    let begun = Instant::now();
    let Plan {
        users,
        groups,
        beside,
        page_size,
        quirks,
        budget,
        concurrency,
        removal_limit,
        copied,
        hazards,
        ..
    } = plan;
    trace.note(format!(
        "{users} users, {groups} groups, {beside:?}, pages of {page_size}, {quirks:?}, budget {budget} s, {concurrency} writes at once, removal_limit {removal_limit:?}, {hazards:?}"
    ));
    let (views, clocks) = hosts::start(root, seed, plan).await?;
    let first = views[0].clone();
    if *copied {
        first.settle().await.context("the first copy")?;
        trace.note("the copy is complete");
    }
    first.graph.quirks(|quirks| *quirks = plan.quirks.clone());
    let mut trouble = Trouble::new(views, clocks, trace.clone());
    for deed in &plan.deeds {
        trouble.happen(deed).await?;
    }
    let ended = quiet::quiet(&mut trouble, plan).await;
    if ended.is_err() {
        tell_more(&trouble).await;
    }
    for who in Who::BOTH {
        trouble.view(who).host.shutdown().await;
    }
    let writes = first.document_writes().len();
    let (deeds, turns, trace) = (plan.deeds.len(), trouble.started, trace.lines());
    ended.map(|()| Summary { seed, seconds: begun.elapsed().as_secs_f64(), deeds, turns, writes, trace })
}

/// Prints the facts that help to find the cause.
async fn tell_more(trouble: &Trouble) {
    let (world, trace) = (trouble.world(), &trouble.trace);
    for difference in world.differences().await {
        trace.note(format!("≠ {difference}"));
        for write in world.document_writes().iter().filter(|write| write.id == Difference::id(&difference)) {
            trace.note(format!("    {write:?}"));
        }
    }
    for control in world.cosmos.documents("mirror").await {
        if control["id"] == "lease" || control["id"] == "checkpoint" {
            trace.note(control.to_string());
        }
    }
    for who in Who::BOTH {
        for line in trouble.view(who).host.logs() {
            trace.note(format!("{who:?} | {}", line.text));
        }
    }
}
