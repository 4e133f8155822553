//! After the trouble: faults are over, and the copy has to become the tenant.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::deed::Who;
use super::hazard::Hazard;
use super::killed;
use super::operator;
use super::plan::{Fate, Plan};
use super::settled::{AGE, settled};
use super::trouble::{Trouble, hangs, in_words};
use super::verdict::{never_removed, rung, unchanged};

/// How long a feed may take until it is complete.
const PATIENCE: Duration = Duration::from_secs(40);

/// Ends a history: quiet, complete turns, and everything that must hold then.
///
/// # Errors
/// What does not hold.
pub(super) async fn quiet(trouble: &mut Trouble, plan: &Plan) -> Result<()> {
    trouble.disarm().await?;
    let disarmed = Instant::now();
    trouble.trace.note("--- quiet");
    awake(trouble, plan, Fate::Wakes).await?;
    awake(trouble, plan, Fate::Killed).await?;
    if Who::BOTH.iter().all(|who| trouble.is_frozen(*who)) {
        trouble.thaw(Who::A).await?;
    }
    if plan.has(Hazard::Shapes) {
        trouble.one_shape().await?;
    }
    if plan.has(Hazard::Losses) {
        // A process that has not noticed that a container was created anew does so within the hour; a new one at once.
        trouble.kill(awake_one(trouble)).await;
    }
    complete(trouble).await?;
    // So far they lagged.
    trouble.world().graph.quirks(|quirks| (quirks.lag, quirks.random_lag) = (0, None));
    awake(trouble, plan, Fate::WakesLate).await?;
    // A write that is on its way arrives.
    tokio::time::sleep_until((disarmed + plan.latest()).into()).await;
    ensure!(trouble.ended(PATIENCE).await, "an invocation does not end");
    // Without a limit too: a sweep that would take everything is held.
    if complete(trouble).await? || plan.brake.is_some() {
        tokio::time::sleep(AGE).await;
        complete(trouble).await?;
        released(trouble).await?;
    }
    settled(trouble, plan).await?;
    trouble.world().ensure_equal().await.context("after quiet turns the copy is not the tenant")?;
    unchanged(trouble).await?;
    if plan.budget >= 2.0 && plan.groups == 0 {
        rung(trouble, plan).await?;
    }
    never_removed(trouble)?;
    killed::seen(trouble).await?;
    for view in &trouble.views {
        ensure!(hangs(view).is_empty(), "the real host would hang: {:?}", hangs(view));
    }
    Ok(())
}

/// What becomes of the frozen ones that have this fate.
async fn awake(trouble: &Trouble, plan: &Plan, fate: Fate) -> Result<()> {
    for who in Who::BOTH {
        if trouble.is_frozen(who) && plan.frozen[who.index()] == fate {
            trouble.trace.note(format!("{who:?}: {fate:?}"));
            match fate {
                Fate::Killed => trouble.kill(who).await,
                Fate::Wakes | Fate::WakesLate => trouble.thaw(who).await?,
            }
        }
    }
    Ok(())
}

fn awake_one(trouble: &Trouble) -> Who {
    if trouble.is_frozen(Who::A) { Who::B } else { Who::A }
}

/// Turns of every feed on a host that is awake, until one of each is complete; whether the sweep of one is held.
pub(super) async fn complete(trouble: &Trouble) -> Result<bool> {
    let mut is_held = false;
    for feed in trouble.world().feeds() {
        is_held |= complete_feed(trouble, feed).await?;
    }
    Ok(is_held)
}

async fn complete_feed(trouble: &Trouble, feed: &str) -> Result<bool> {
    let who = awake_one(trouble);
    let (view, until) = (trouble.view(who), Instant::now() + PATIENCE);
    let mut last = String::new();
    while Instant::now() < until {
        let sentence = in_words(&view.turn_feed(feed).await);
        if sentence != last {
            trouble.trace.note(format!("  quiet turn on {who:?}: {sentence}"));
        }
        if sentence.contains(": complete;") {
            return Ok(false);
        }
        if sentence.contains(": complete, but") {
            return Ok(true);
        }
        last = sentence;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{feed} do not become complete: {last}")
}

/// What the brake holds goes.
pub(super) async fn released(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    for feed in world.feeds() {
        operator::accepted(world, feed, &trouble.trace, PATIENCE).await?;
    }
    Ok(())
}
