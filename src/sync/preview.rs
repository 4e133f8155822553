//! The dry run of a sync: the machine of a real turn decides what the next run would do, and nothing is written.
//!
//! Promises: a dry run takes no lease, writes no checkpoint, document or run record, and only reads Graph and Cosmos
//! DB. It reads the feed from the checkpoint to its end, and the copy if a sweep is due. Its counts are therefore those
//! that `sync` would report if nothing changed in between. Leaves out on purpose: the links that a run removes because
//! an object at one end was permanently deleted, and the results of reading doubtful objects by id; doubtful objects
//! are counted.
//!
//! [`hands`] performs the actions of the machine.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use time::OffsetDateTime;

use crate::mirror::Mirror;
use crate::protocol::machine::{Machine, Task};
use crate::protocol::plan::Why;
use crate::protocol::{CHECKPOINT, Checkpoint, Counts, Ending};
use crate::report::{Outcome, State, SyncError, status};
use crate::store::{Control, Lease, Meter};
use hands::Dry;
pub use hands::Sweep;

mod hands;

/// The result of a dry run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// How the run would end, with its counts. The request units and seconds are those of the dry run itself.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Always true: nothing was written.
    pub dry_run: bool,
    /// The current state of the copy.
    pub state: State,
    /// Why the run would enumerate the whole resource again, if it would: `first`, `shape`, `container`, `age`, `range`,
    /// `deadToken`, `deadLocation`, `failingLink`, `doubtfulLinks`, `unseen`, `listed` or `listRefused`. A first copy is
    /// foretold as the delta query would bring it, however it is read.
    pub begins: Option<&'static str>,
    /// The objects and links that the sweep would remove; `removed` and `links` include them.
    pub swept: Sweep,
    /// Objects that the run would read again by id, because the turn that wrote them did not end cleanly.
    pub doubtful: u64,
}

/// Reports what the next run on a feed would do.
///
/// # Errors
/// As [`super::sync`]; nothing was changed.
pub async fn preview(mirror: &Mirror, budget: Duration) -> Result<Preview, SyncError> {
    let meter = Meter::default();
    Box::pin(meter.over(metered(mirror, budget, &meter))).await
}

async fn metered(mirror: &Mirror, budget: Duration, meter: &Meter) -> Result<Preview, SyncError> {
    let (started, feed) = (Instant::now(), mirror.feed());
    let control = Control::open(mirror.store(), &feed.key()).await?;
    let state = status(mirror.store(), feed, 0).await?.state;
    let found = control.read_any::<Checkpoint>(CHECKPOINT).await?;
    let found = found.map(|found| found.document).transpose();
    let found = found.map_err(|why| SyncError::unreadable(control.feed(), why))?;
    let lease = Lease::seen(&control).await?;
    let outcome = |ending, counts| Outcome::new(feed, ending, counts, meter.units(), started.elapsed());
    if let Some(until) = lease.held_until {
        let outcome = outcome(Ending::Busy { until }, Counts::default());
        return Ok(Preview {
            outcome,
            dry_run: true,
            state,
            begins: None,
            swept: Sweep::default(),
            doubtful: 0,
        });
    }
    let containers = mirror.inspect(found.as_ref()).await?;
    let definition = mirror.definition(containers.ids.clone());
    let epoch = lease.epoch.max(found.as_ref().map_or(0, |found| found.epoch)) + 1;
    let now = OffsetDateTime::now_utc();
    mirror.heed_pause(now).await;
    let has_links = !mirror.resource().relationships.is_empty();
    let machine = Machine::new(Task::Sync, definition, has_links, epoch, lease.clean, now);
    let generation = found.as_ref().map_or(0, |found| found.generation);
    let mut dry = Dry::new(mirror, budget, generation);
    let (ending, counts) = dry.run(machine, found, containers).await?;
    let outcome = outcome(ending, counts);
    let (begins, swept, doubtful) = (dry.begins.map(Why::name), dry.swept, dry.doubtful);
    Ok(Preview { outcome, dry_run: true, state, begins, swept, doubtful })
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, begins, swept, doubtful, .. } = self;
        let Counts { upserted, removed, set_aside, links, pages, .. } = outcome.counts;
        write!(f, "{}: dry run, nothing was written: ", outcome.feed().key())?;
        match outcome.ending {
            Ending::Busy { .. } => {
                return f.write_str("another run holds the lease, so this one would end at once");
            }
            Ending::Throttled { .. } => f.write_str("would be throttled")?,
            Ending::Held { .. } => f.write_str("would be complete, with the removals of the sweep held")?,
            Ending::Refused { .. } => f.write_str("would be refused by Microsoft Graph")?,
            Ending::Complete | Ending::Continued => f.write_str("would be complete")?,
        }
        match begins {
            Some("again") => f.write_str("; reads the whole list")?,
            Some(why) => write!(f, "; reads everything anew ({why})")?,
            None => f.write_str("; reads what changed")?,
        }
        write!(
            f,
            "; {upserted} upserted, {removed} removed, {set_aside} set aside, {links} links, {pages} pages"
        )?;
        if *swept != Sweep::default() {
            write!(f, "; the sweep removes {} objects and {} links of them", swept.objects, swept.links)?;
        }
        if *doubtful > 0 {
            write!(f, "; {doubtful} doubtful objects read again by id")?;
        }
        Ok(())
    }
}
