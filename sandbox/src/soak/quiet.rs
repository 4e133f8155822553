//! After the trouble: faults are over, and the copy has to equal the tenant.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::beside::Beside;
use super::deed::Who;
use super::hazard::Hazard;
use super::killed;
use super::plan::{Fate, Plan};
use super::settled::{AGE, settled};
use super::trouble::{Trouble, hangs};
use super::turns::{PATIENCE, awake_one, complete, released};
use super::verdict::{never_removed, requests_are_kept, unchanged};

/// Ends a history with complete turns without faults, and checks everything that must hold then.
///
/// # Errors
/// Names the rule that does not hold.
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
    if plan.has(Hazard::Losses) || !plan.beside.is_empty() {
        // A process that has not noticed that a container was created anew does so within the hour; a new one at once.
        trouble.kill(awake_one(trouble)).await;
    }
    complete(trouble).await?;
    // Until now the replicas lagged.
    trouble.world().graph.quirks(|quirks| (quirks.lag, quirks.random_lag) = (0, None));
    awake(trouble, plan, Fate::WakesLate).await?;
    // Late writes arrive.
    tokio::time::sleep_until((disarmed + plan.latest()).into()).await;
    ensure!(trouble.ended(PATIENCE).await, "an invocation does not end");
    // Without a limit too: a sweep that would take everything is held.
    if complete(trouble).await? || plan.removal_limit.is_some() {
        tokio::time::sleep(AGE).await;
        complete(trouble).await?;
        released(trouble).await?;
    }
    settled(trouble, plan).await?;
    trouble.world().ensure_equal().await.context("after quiet turns the copy is not the tenant")?;
    unchanged(trouble).await?;
    // A user who goes takes a mailbox along, and the turns of users do not.
    if plan.budget >= 2.0 && plan.groups == 0 && !plan.beside.contains(&Beside::Mail) {
        requests_are_kept(trouble, plan).await?;
    }
    never_removed(trouble)?;
    killed::seen(trouble).await?;
    for view in &trouble.views {
        ensure!(hangs(view).is_empty(), "the real host would hang: {:?}", hangs(view));
    }
    Ok(())
}

/// Kills or thaws the frozen hosts that have this fate.
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
