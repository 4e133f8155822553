//! One turn on one feed: it acquires the lease, drives the machine, and writes the run record.
//!
//! A turn first asks for changes without the lease, and mostly finds none. Else it acquires the lease, loads the
//! checkpoint and abandons the save number of a turn that did not end cleanly. For each page it writes the documents before
//! the checkpoint. After a complete enumeration it sweeps. Then it releases the lease. If the process is killed or frozen,
//! or another turn overtakes it, the next turn loses nothing.
//! `docs/protocol.md` lists the numbered rules.
//!
//! [`crate::protocol`] makes the decisions and does no I/O. Reading order here: [`turn`] (the state that all actions
//! share), [`quiet`] (asks without the lease), [`drive`] (performs the actions of the machine), [`actions`] (one file for
//! each action), [`refresh`] (the verb), and [`preview`] (the dry run).

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::mirror::Mirror;
use crate::protocol::machine::{Machine, Task};
use crate::protocol::plan::CLOCKS;
use crate::protocol::{Counts, Ending, Ids};
use crate::report::{Outcome, SyncError, run};
use crate::store::{self, Acquired, CONTROL, Control, Meter, throttle};
use drive::Driver;
use quiet::Asked;
use turn::Turn;

mod actions;
mod drive;
mod fan_out;
mod preview;
mod quiet;
mod refresh;
mod to_one;
mod turn;

pub use fan_out::{FanOut, fan_out, is_gone};
pub use preview::{Preview, Sweep, preview};
pub use refresh::{Refreshed, refresh};

/// Syncs a feed for at most about `budget`.
///
/// The turn writes at least one page, however small the budget is. [`Ending`] lists the expected ends.
///
/// # Errors
/// [`SyncError`]; the checkpoint keeps the position of the last saved page, and the next turn continues from there.
pub async fn sync(mirror: &Mirror, budget: Duration) -> Result<Outcome, SyncError> {
    run_turn(Task::Sync, mirror, budget, &[]).await.map(|(outcome, _)| outcome)
}

/// Makes the next turn read the whole feed in a new generation (rule 7). The copy stays unchanged until then.
///
/// # Errors
/// As [`sync`].
pub async fn reset(mirror: &Mirror) -> Result<Outcome, SyncError> {
    run_turn(Task::Reset, mirror, Duration::ZERO, &[]).await.map(|(outcome, _)| outcome)
}

/// Runs one turn. For [`Task::LookUp`], also returns the ids that were not found.
async fn run_turn(
    task: Task,
    mirror: &Mirror,
    budget: Duration,
    ids: &[String],
) -> Result<(Outcome, Vec<String>), SyncError> {
    let span = tracing::info_span!("turn", resource = mirror.feed().key());
    let meter = Meter::default();
    // On the heap, like the actions of the turn.
    Box::pin(meter.over(in_span(task, mirror, budget, ids, &meter))).instrument(span).await
}

async fn in_span(
    task: Task,
    mirror: &Mirror,
    budget: Duration,
    ids: &[String],
    meter: &Meter,
) -> Result<(Outcome, Vec<String>), SyncError> {
    let (started, feed) = (Instant::now(), mirror.feed());
    store::look_at(mirror.store(), [CONTROL].into_iter(), &[], &Ids::new()).await?.fit()?;
    let control = Control::open(mirror.store(), &feed.key()).await?;
    let asked = match task {
        Task::Sync => quiet::ask(mirror, &control, started + budget).await,
        Task::LookUp | Task::Reset => Asked::Busy(None),
    };
    let early = match asked {
        Asked::Quiet { as_of } => {
            let units = meter.units();
            let quiet = Outcome::new(feed, Ending::Complete, Counts::default(), units, started.elapsed());
            return Ok((Outcome { as_of: Some(as_of), ..quiet }, Vec::new()));
        }
        Asked::Busy(early) => early,
    };
    let holder = Uuid::new_v4().to_string();
    let (lease, clean) =
        match store::acquire(&control, &holder, task.purpose(), mirror.options().lease).await? {
            Acquired::Held { lease, clean } => (lease, clean),
            Acquired::Busy { until } => {
                let (busy, units) = (Ending::Busy { until }, meter.units());
                let busy = Outcome::new(feed, busy, Counts::default(), units, started.elapsed());
                return Ok((busy, Vec::new()));
            }
        };
    let epoch = lease.epoch().await;
    warn_of_clock(control.feed(), lease.clock_is_off());
    let has_links = !mirror.resource().relationships.is_empty();
    let mut machine = Machine::new(task, mirror.definition(Ids::new()), has_links, epoch, clean, lease.now());
    let mut driver = Driver::new(Turn::new(mirror, &control, &lease, meter, started, budget), ids, early);
    let ending = lease.while_renewing(Box::pin(driver.run(&mut machine))).await;
    if let Err(error) = &ending {
        if let Some(container) = error.container() {
            driver.tell_gone(&machine, container).await;
        }
        driver.leave(!machine.is_dirty(), false, Some(false)).await;
        if task == Task::Sync {
            run::failed(&control, epoch, error, driver.reached(&machine)).await;
        }
    }
    tell_pause(mirror, lease.now()).await;
    let mut outcome = Outcome::new(feed, ending?, machine.counts(), meter.units(), started.elapsed());
    outcome.as_of = machine.checkpoint().as_of;
    Ok((outcome, driver.into_not_found()))
}

/// Tells other processes how long Graph wants the service to be left alone, if this turn was told. A failure loses
/// nothing: Graph tells them.
async fn tell_pause(mirror: &Mirror, now: OffsetDateTime) {
    let Some(left) = mirror.source().take_untold_pause() else { return };
    let service = mirror.source().service();
    match throttle::pause(mirror.store(), service, now + left, now).await {
        Ok(()) => tracing::info!(event = "service_paused", service, seconds = left.as_secs()),
        Err(error) => tracing::warn!(event = "pause_not_told", service, %error),
    }
}

/// Warns of a wrong clock. The protocol decides nothing by this clock, but logs, run records and the end of the lease
/// use it.
fn warn_of_clock(feed: &str, off: time::Duration) {
    if off.unsigned_abs() > CLOCKS {
        tracing::warn!(event = "clock_off", resource = feed, seconds = off.whole_seconds());
    }
}
