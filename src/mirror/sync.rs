//! A turn on one feed: the lease around it, the machine in it, and the record that it leaves.

use std::time::{Duration, Instant};

use tracing::Instrument as _;
use uuid::Uuid;

use super::drive::Driver;
use super::error::SyncError;
use super::outcome::{Ending, Outcome};
use super::{Mirror, Reader, run};
use crate::catalogue::Row;
use crate::graph::Guard;
use crate::protocol::machine::{Action, Event, Machine, Stop, Task};
use crate::protocol::plan::{CLOCKS, Definition};
use crate::protocol::{Counts, Ids};
use crate::store::{Acquired, CONTROL, Lease};

/// Brings the copy of a feed up to date, for at most about `budget`.
///
/// At least one page is taken, however small the budget. The expected ends are [`Ending`]s.
///
/// # Errors
/// [`SyncError`]; the checkpoint then stands where the last page was saved, and the next turn carries on.
pub async fn sync(
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    budget: Duration,
) -> Result<Outcome, SyncError> {
    let span = tracing::info_span!("turn", resource = row.resource);
    // On the heap, as its actions are.
    let turn = Box::pin(turn(Task::Walk, mirror, row, reader, budget, &[]));
    turn.instrument(span).await.map(|(outcome, _)| outcome)
}

/// Has the next turn read the whole feed anew, in a new generation (rule 7). The copy stays as it is until
/// then.
///
/// # Errors
/// As [`sync`].
pub async fn reset(mirror: &Mirror, row: &'static Row, reader: &Reader) -> Result<Outcome, SyncError> {
    Box::pin(turn(Task::Reset, mirror, row, reader, Duration::ZERO, &[])).await.map(|(outcome, _)| outcome)
}

/// One turn; of a look also the ids that it found nowhere.
pub(super) async fn turn(
    task: Task,
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    budget: Duration,
    asked: &[String],
) -> Result<(Outcome, Vec<String>), SyncError> {
    let started = Instant::now();
    let feed = row.resource;
    mirror.store.look_at([CONTROL].into_iter(), &[], &Ids::new()).await?.fit()?;
    let control = mirror.store.control(feed).await?;
    let holder = Uuid::new_v4().to_string();
    let (lease, clean) = match Lease::acquire(&control, &holder, task.purpose(), mirror.options.lease).await?
    {
        Acquired::Held { lease, clean } => (lease, clean),
        Acquired::Busy { until } => {
            let busy = Outcome::new(feed, Ending::Busy { until }, Counts::default(), 0.0, started.elapsed());
            return Ok((busy, Vec::new()));
        }
    };
    let definition = Definition {
        feed: feed.to_owned(),
        shape: row.shape(),
        tenant_id: reader.tenant_id.clone(),
        containers: Ids::new(),
    };
    let epoch = lease.epoch().await;
    warn_of_clock(feed, lease.clock_is_off());
    let mut machine = Machine::new(task, definition, !row.links.is_empty(), epoch, clean, lease.now());
    let mut driver = Driver {
        mirror,
        row,
        reader,
        control: &control,
        lease: &lease,
        started,
        deadline: started + budget,
        asked,
        nowhere: Vec::new(),
        etag: None,
        page: None,
        ahead: None,
        failure: None,
        unfit: None,
        guard: Guard::default(),
        charge: 0.0,
    };
    let ending = lease.kept(walk(&mut driver, &mut machine)).await;
    if let Err(error) = &ending {
        if let Some(container) = error.container() {
            driver.tell_gone(&machine, container).await;
        }
        driver.leave(!machine.is_dirty(), false).await;
        if task == Task::Walk {
            run::failed(&control, epoch, error, driver.reached(&machine)).await;
        }
    }
    let mut outcome = Outcome::new(feed, ending?, machine.counts(), driver.charge, started.elapsed());
    outcome.as_of = machine.checkpoint().as_of;
    Ok((outcome, driver.nowhere))
}

/// Nothing is decided by this clock, but logs, records and the end of the lease are told by it.
fn warn_of_clock(feed: &str, off: time::Duration) {
    if off.unsigned_abs() > CLOCKS {
        tracing::warn!(event = "clock_off", resource = feed, seconds = off.whole_seconds());
    }
}

/// Lets the machine say what to do, until it says that this is the end.
async fn walk(driver: &mut Driver<'_>, machine: &mut Machine) -> Result<Ending, SyncError> {
    let mut action = machine.load();
    loop {
        if let (Action::Leave { .. }, Some(ending)) = (&action, machine.walk_ending()) {
            let epoch = machine.checkpoint().epoch;
            driver.charge += run::ended(driver.control, epoch, ending, driver.reached(machine)).await;
        }
        // On the heap: the future of an action is large, and so would be that of everything around it, each time a
        // frame of a stack that is not.
        let event = Box::pin(driver.perform(machine, action)).await?;
        if machine.is_abandoning() && event == Event::Saved {
            driver.charge +=
                run::unclean(driver.control, machine.checkpoint(), driver.reached(machine)).await;
        }
        action = match machine.on(event, driver.lease.now(), driver.is_spent()) {
            Ok(Action::End(ending)) => return Ok(ending),
            Ok(next) => next,
            Err(Stop::Failing) => return Err(driver.failure.take().unwrap_or(SyncError::Failing)),
            Err(stop) => return Err(SyncError::stopped(stop, driver.unfit.take())),
        };
    }
}
