//! The dry run of a sync: what the next run would do, decided by the machine of a real turn, while nothing is
//! written.
//!
//! Promises: no lease is taken, no checkpoint, document or run record is written; Graph and Cosmos are only read.
//! The feed is read to its end as the checkpoint says, and the copy where a sweep is due, so that the counts are
//! those that `sync` would report if nothing changed in between. Leaves out on purpose: the links that a run
//! removes because their ends were permanently deleted, and what a look by id at doubtful objects would find;
//! those objects are counted.
//!
//! [`hands`] has what performs the actions of the machine.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use time::OffsetDateTime;

use super::drive;
use super::error::SyncError;
use super::outcome::{Ending, Outcome};
use super::status::{self, State};
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::protocol::machine::{Machine, Task};
use crate::protocol::plan::{Definition, Why};
use crate::protocol::{CHECKPOINT, Checkpoint, Counts};
use crate::store::Lease;
use hands::Dry;

mod hands;

/// What the next run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// How it would end, with its counts. The request units and seconds are those of the dry run itself.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Always true: nothing was written.
    pub dry_run: bool,
    /// The state that the copy is in now.
    pub state: State,
    /// Why the run would read the whole resource anew, if it would: `first`, `shape`, `container`, `age`,
    /// `deadToken`, `deadLocation`, `failingLink`, `doubtfulLinks` or `unseen`.
    pub begins: Option<&'static str>,
    /// What the sweep would remove; part of `removed` and `links`.
    pub swept: Sweep,
    /// Objects that the run would read again by their ids, because a turn that wrote them did not end cleanly.
    pub doubtful: u64,
}

/// What a sweep would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Objects.
    pub objects: u64,
    /// Links.
    pub links: u64,
}

/// Says what the next run on a feed would do.
///
/// # Errors
/// As a run; nothing was changed.
pub async fn preview(
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    budget: Duration,
) -> Result<Preview, SyncError> {
    let started = Instant::now();
    let control = mirror.store.control(row.resource).await?;
    let state = status::status(mirror, row, 0).await?.state;
    let found = control.read_any::<Checkpoint>(CHECKPOINT).await?;
    let charge = found.as_ref().map_or(0.0, |found| found.charge);
    let found = found.map(|found| found.document).transpose();
    let found = found.map_err(|why| SyncError::unreadable(row.resource, why))?;
    let lease = Lease::seen(&control).await?;
    let outcome = |ending, counts| Outcome::new(row.resource, ending, counts, charge, started.elapsed());
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
    let containers = drive::containers(mirror, row, found.as_ref()).await?;
    let definition = Definition {
        feed: row.resource.to_owned(),
        shape: row.shape(),
        tenant_id: reader.tenant_id.clone(),
        containers: containers.ids.clone(),
    };
    let epoch = lease.epoch.max(found.as_ref().map_or(0, |found| found.epoch)) + 1;
    let now = OffsetDateTime::now_utc();
    let machine = Machine::new(Task::Walk, definition, !row.links.is_empty(), epoch, lease.clean, now);
    let generation = found.as_ref().map_or(0, |found| found.generation);
    let mut dry = Dry::new(mirror, row, reader, budget, generation);
    let (ending, counts) = dry.run(machine, found, containers).await?;
    let outcome = outcome(ending, counts);
    let (begins, swept, doubtful) = (dry.begins.map(Why::name), dry.swept, dry.doubtful);
    Ok(Preview { outcome, dry_run: true, state, begins, swept, doubtful })
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, begins, swept, doubtful, .. } = self;
        let Counts { upserted, removed, set_aside, links, pages, .. } = outcome.counts;
        write!(f, "{}: dry run, nothing was written: ", outcome.feed)?;
        match outcome.ending {
            Ending::Busy { .. } => {
                return f.write_str("another run holds the lease, so this one would end at once");
            }
            Ending::Throttled { .. } => f.write_str("would be throttled")?,
            Ending::Held { .. } => f.write_str("would be complete, with the removals of the sweep held")?,
            Ending::Complete | Ending::Continued => f.write_str("would be complete")?,
        }
        match begins {
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
