//! The plan: what follows from a checkpoint. Pure: no I/O, and `now` is an argument.
//!
//! Every function that returns a [`Checkpoint`] returns the next one to be saved, with the next save
//! number and our epoch in it (rule 4).

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{CHECKPOINT, Checkpoint, Counts, FirstCopy, Ids, Link, Mode, Numbers, Refused, State};

pub mod abandon;
mod clock;
mod compare;
mod containers;
pub mod listing;
mod page;
mod quiet;
mod restart;
mod stuck;
mod swept;
mod why;
mod window;

pub use abandon::{abandon, forget, forgettable};
pub use clock::{CLOCKS, age, bounded, is_ahead, is_old};
pub use compare::wrote_at;
pub use containers::{acquainted, expired, gone};
pub use page::{PageWritten, page};
pub use quiet::{has_looked_since, may_be_quiet};
pub use restart::{Restart, catch_up, restart};
pub use stuck::{is_first_failure, stuck};
pub use swept::{Swept, swept};
pub use why::Why;
pub use window::is_up_to_date;

/// A full round is read anew after this long: it mends what Graph's delta never reports.
const GENERATION_AGE: Duration = Duration::from_secs(30 * 86_400);
/// How long the `Location` of a dead token may keep us waiting before the first page is asked for instead.
const LOCATION_AGE: Duration = Duration::from_secs(86_400);
/// The longest that one turn may ask the next ones to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What the feed is today; a checkpoint of another definition does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The feed.
    pub feed: String,
    /// How it is read.
    pub mode: Mode,
    /// Hash of path, select and mode.
    pub shape: String,
    /// The tenant we read from.
    pub tenant_id: String,
    /// Resource ids of the containers that there are; none before they were looked at.
    pub containers: Ids,
    /// The parent of the feed is gone: whatever lies under it goes too.
    pub orphaned: bool,
    /// How its first copy is read.
    pub first_copy: FirstCopy,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet: Graph asked to be left alone until then.
    Wait(OffsetDateTime),
    /// Begin a new generation.
    Begin(Why),
    /// Read the page that the checkpoint points to.
    Continue,
    /// Nothing: the parent is gone, and the documents of the feed went with it.
    Rest,
}

/// A checkpoint that belongs to another tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnotherTenant {
    /// The tenant that the copy is of.
    pub stored: String,
    /// The tenant that our token is of.
    pub ours: String,
}

/// The checkpoint of a feed that has none, or has lost it. It starts above all `numbers` that documents may carry, and
/// whatever lies below is doubtful (rule 7).
pub fn blank(definition: &Definition, numbers: Numbers, now: OffsetDateTime) -> Checkpoint {
    Checkpoint {
        id: CHECKPOINT.into(),
        feed: definition.feed.clone(),
        state: State::Start,
        at_location: false,
        changes_since: None,
        open_since: None,
        generation: numbers.generation.saturating_sub(1),
        generation_began: now,
        pending_sweep: None,
        reenumerate: false,
        compares: false,
        seen_pages: 0,
        listing: None,
        wrote_at: None,
        written_before: None,
        window: None,
        read_until: None,
        ended: None,
        refused: None,
        hidden: 0,
        unseen: false,
        save: numbers.save,
        failing_since: None,
        unfinished_generations: 0,
        shape_changes: 0,
        unclean: None,
        first_save: numbers.save,
        epoch: 0,
        abandoned: Vec::new(),
        shape: definition.shape.clone(),
        tenant_id: definition.tenant_id.clone(),
        containers: Ids::new(),
        not_before: None,
        as_of: None,
        links_removed_until: None,
        counts: Counts::default(),
        last_run: None,
    }
}

/// Refuses the checkpoint of another tenant: its copy must not be mixed with ours.
pub fn belongs(checkpoint: &Checkpoint, definition: &Definition) -> Result<(), AnotherTenant> {
    if checkpoint.tenant_id == definition.tenant_id {
        Ok(())
    } else {
        Err(AnotherTenant { stored: checkpoint.tenant_id.clone(), ours: definition.tenant_id.clone() })
    }
}

/// What is to be done next.
pub fn next(checkpoint: &Checkpoint, definition: &Definition, now: OffsetDateTime) -> Step {
    let tracking = matches!(checkpoint.state, State::Tracking { .. });
    let age = now - checkpoint.generation_began;
    match checkpoint.not_before {
        // A clock that was wrong when it was written must not stop the feed for longer than it could ask.
        Some(until) if now < until && until <= now + LONGEST_WAIT => Step::Wait(until),
        _ if definition.orphaned && checkpoint.ended.is_some() => Step::Rest,
        _ if definition.orphaned && listing::is_first_page(checkpoint) => Step::Continue,
        _ if definition.orphaned => Step::Begin(Why::ParentGone),
        _ if checkpoint.ended.is_some() => Step::Begin(Why::ParentBack),
        _ if checkpoint.state == State::Start => Step::Begin(Why::First),
        _ if checkpoint.shape != definition.shape => Step::Begin(Why::Shape),
        _ if containers::is_another(checkpoint, definition) => Step::Begin(Why::Container),
        _ if checkpoint.state == State::Listed => Step::Begin(Why::Again),
        // An earlier version began this list, and kept what it has shown in another way.
        _ if definition.mode == Mode::List && !checkpoint.compares => Step::Begin(Why::SeenLost),
        _ if restart::has_caught_up(checkpoint) => Step::Begin(Why::DeadToken),
        _ if tracking && listing::is_unconfirmed(checkpoint, definition, now) => Step::Begin(Why::Listed),
        _ if tracking && age >= GENERATION_AGE => Step::Begin(Why::Age),
        _ if tracking && window::is_over(checkpoint, definition, now) => Step::Begin(Why::Range),
        _ if stuck::is_failing(checkpoint, now) => Step::Begin(Why::FailingLink),
        _ if checkpoint.at_location && checkpoint.changes_since.is_none() && age >= LOCATION_AGE => {
            Step::Begin(Why::DeadLocation)
        }
        _ => Step::Continue,
    }
}

/// A new generation: from its first write on, nothing is pending from the old one (rule 7). Its number comes from time, so
/// that a feed whose checkpoint was lost starts above whatever its documents carry. It begins at `location`, where Graph
/// sends whoever has a dead token, or else with the first page.
pub fn begin(
    checkpoint: &Checkpoint,
    definition: &Definition,
    location: Option<Link>,
    epoch: u64,
    now: OffsetDateTime,
) -> Checkpoint {
    // Which range of time a `Location` has, nobody knows.
    let location = location.filter(|_| !matches!(definition.mode, Mode::Rolling(_)));
    Checkpoint {
        at_location: location.is_some(),
        changes_since: None,
        state: State::Enumerating { link: location },
        open_since: None,
        generation: Numbers::from_time(now).generation.max(checkpoint.generation + 1),
        generation_began: now,
        pending_sweep: None,
        reenumerate: false,
        compares: compare::compares(checkpoint, definition),
        seen_pages: 0,
        listing: None,
        written_before: checkpoint.wrote_at,
        window: window::next(checkpoint, definition, now),
        read_until: window::known_until(checkpoint, definition),
        ended: None,
        refused: None,
        hidden: 0,
        shape: definition.shape.clone(),
        containers: containers::of_generation(checkpoint, definition),
        not_before: None,
        failing_since: None,
        unfinished_generations: checkpoint.unfinished_generations + 1,
        shape_changes: stuck::shape_changes(checkpoint, &definition.shape, now),
        counts: Counts::default(),
        ..save(checkpoint, epoch)
    }
}

/// Whatever the feed has told so far is told anew, in a new generation (rule 7).
pub fn reset(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint {
        state: State::Start,
        at_location: false,
        changes_since: None,
        open_since: None,
        not_before: None,
        read_until: None,
        ..save(checkpoint, epoch)
    }
}

/// Objects are about to be read by their ids into a feed that ended with its parent: it is due again.
pub fn reopened(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint { ended: None, as_of: None, ..reset(checkpoint, epoch) }
}

/// Doubtful links are about to be swept: another generation has to bring back what that takes too much
/// (rule 12).
pub fn again(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint { reenumerate: true, ..save(checkpoint, epoch) }
}

/// Graph answers the stored link with a server error; how long that has been so.
pub fn failing(checkpoint: &Checkpoint, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    Checkpoint { failing_since: checkpoint.failing_since.or(Some(now)), ..save(checkpoint, epoch) }
}

/// Graph asked for a longer wait than this turn has.
pub fn throttled(checkpoint: &Checkpoint, after: Duration, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    Checkpoint { not_before: Some(now + after.min(LONGEST_WAIT)), ..save(checkpoint, epoch) }
}

/// Graph refuses to show what lies under the parent of the feed.
pub fn refused(checkpoint: &Checkpoint, status: u16, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    Checkpoint { refused: Some(Refused { at: now, status }), ..save(checkpoint, epoch) }
}

/// Once the sweep is done, the documents of a feed whose parent is gone went with it. But a write of a turn that did not end
/// cleanly may still arrive, and nobody looks at a feed that has ended: until then it is swept again.
pub fn ended(checkpoint: Checkpoint, definition: &Definition, now: OffsetDateTime) -> Checkpoint {
    let is_settled = forgettable(&checkpoint, now).len() == checkpoint.abandoned.len();
    let is_done = definition.orphaned && checkpoint.pending_sweep.is_none() && is_settled;
    Checkpoint { ended: is_done.then_some(now), ..checkpoint }
}

fn save(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint { save: checkpoint.save + 1, epoch, ..checkpoint.clone() }
}

#[cfg(test)]
mod tests;
