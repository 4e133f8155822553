//! The plan: what follows from a checkpoint. Pure: no I/O, and `now` is an argument.
//!
//! Every function that returns a [`Checkpoint`] returns the next one to be saved, with the next save
//! number and our epoch in it (rule 4).

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{CHECKPOINT, Checkpoint, Counts, Ids, LastRun, Numbers, Opaque, State};

pub mod abandon;
mod clock;
mod containers;
pub mod doubt;
mod stuck;
mod swept;

pub use abandon::{burn, forget, forgettable};
pub use clock::{CLOCKS, age, bounded, is_ahead, is_old};
pub use containers::{acquainted, expired, gone};
pub use doubt::{
    has_outslept, holds_links, is_agreed, is_doubtful, is_doubtful_link, is_earlier, is_to_be_told_again,
    is_to_be_walked_again, is_told, is_unseen, is_weighed, keeps_links, marks, may_settle, read, refreshed,
    settle,
};
pub use swept::{Swept, swept};

/// A full round is read anew after this long: it mends what Graph's delta never reports.
const GENERATION_AGE: Duration = Duration::from_secs(30 * 86_400);
/// How long the `Location` of a dead token may keep us waiting before the first page is asked for instead.
const LOCATION_AGE: Duration = Duration::from_secs(86_400);
/// The longest that one turn may ask the next ones to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

pub use stuck::stuck;

/// What the feed is today; a checkpoint of another definition does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The feed.
    pub feed: String,
    /// Hash of path, select and mode.
    pub shape: String,
    /// The tenant we read from.
    pub tenant_id: String,
    /// Resource ids of the containers that there are; none before they were looked at.
    pub containers: Ids,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet: Graph asked to be left alone until then.
    Wait(OffsetDateTime),
    /// Begin a new generation.
    Begin(Why),
    /// Read the page that the checkpoint points to.
    Walk,
}

/// Why a new generation begins (rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no copy yet.
    First,
    /// The definition of the resource changed.
    Shape,
    /// A container is another one than before, or documents of it may have expired (rule 14).
    Container,
    /// The last enumeration is old.
    Age,
    /// Graph no longer knows our token.
    DeadToken,
    /// Where Graph sent us when the token died, there is nothing.
    DeadLocation,
    /// Graph has answered the stored link with nothing but server errors for a day.
    FailingLink,
    /// Links that nobody can look up one by one are doubtful (rule 12).
    DoubtfulLinks,
    /// An object lives that the walk did not show (rule 11): what else it did not tell, nobody knows.
    Unseen,
}

impl Why {
    /// Its name in JSON and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Shape => "shape",
            Self::Container => "container",
            Self::Age => "age",
            Self::DeadToken => "deadToken",
            Self::DeadLocation => "deadLocation",
            Self::FailingLink => "failingLink",
            Self::DoubtfulLinks => "doubtfulLinks",
            Self::Unseen => "unseen",
        }
    }
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
        open_since: None,
        generation: numbers.generation.saturating_sub(1),
        generation_began: now,
        owed: None,
        again: false,
        hidden: 0,
        unseen: false,
        save: numbers.save,
        failing_since: None,
        unfinished_generations: 0,
        shape_changes: 0,
        unclean: None,
        first_save: numbers.save,
        epoch: 0,
        burnt: Vec::new(),
        shape: definition.shape.clone(),
        tenant_id: definition.tenant_id.clone(),
        containers: Ids::new(),
        not_before: None,
        as_of: None,
        cascaded: None,
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
        _ if checkpoint.state == State::Start => Step::Begin(Why::First),
        _ if checkpoint.shape != definition.shape => Step::Begin(Why::Shape),
        _ if containers::is_another(checkpoint, definition) => Step::Begin(Why::Container),
        _ if tracking && age >= GENERATION_AGE => Step::Begin(Why::Age),
        _ if stuck::is_failing(checkpoint, now) => Step::Begin(Why::FailingLink),
        _ if checkpoint.at_location && age >= LOCATION_AGE => Step::Begin(Why::DeadLocation),
        _ => Step::Walk,
    }
}

/// A new generation: from its first write on, nothing is owed from the old one (rule 7). Its number comes from time, so
/// that a feed whose checkpoint was lost starts above whatever its documents carry. It begins at `location`, where Graph
/// sends whoever has a dead token, or else with the first page.
pub fn begin(
    checkpoint: &Checkpoint,
    definition: &Definition,
    location: Option<Opaque>,
    epoch: u64,
    now: OffsetDateTime,
) -> Checkpoint {
    Checkpoint {
        at_location: location.is_some(),
        state: State::Enumerating { link: location },
        open_since: None,
        generation: Numbers::from_time(now).generation.max(checkpoint.generation + 1),
        generation_began: now,
        owed: None,
        again: false,
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
        open_since: None,
        not_before: None,
        ..save(checkpoint, epoch)
    }
}

/// What a saved page leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To another page of the same round.
    On(Opaque),
    /// To the end of the round; the link starts the next one.
    Home(Opaque),
}

/// What a page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// Documents written.
    pub counts: Counts,
    /// Some links that are stored have become doubtful, whatever their marks say.
    pub doubtful: bool,
    /// When it was asked for.
    pub at: OffsetDateTime,
}

/// A page is written (rules 5 and 8). `run` is what this turn has done, this page included.
pub fn page(checkpoint: &Checkpoint, leads: Leads, took: Took, run: LastRun, epoch: u64) -> Checkpoint {
    let mut next = save(checkpoint, epoch);
    let enumerating = matches!(checkpoint.state, State::Enumerating { .. });
    let began = checkpoint.open_since.unwrap_or(took.at);
    next.open_since = matches!(leads, Leads::On(_)).then_some(began);
    match leads {
        Leads::On(link) if enumerating => next.state = State::Enumerating { link: Some(link) },
        Leads::On(link) => next.state = State::Tracking { link },
        Leads::Home(link) => {
            next.state = State::Tracking { link };
            next.as_of = Some(began);
            next.cascaded = Some(took.at);
            next.unfinished_generations = 0;
            if enumerating {
                next.owed = Some(checkpoint.generation);
            }
        }
    }
    next.at_location = false;
    next.not_before = None;
    next.failing_since = None;
    next.again |= took.doubtful;
    next.counts += took.counts;
    next.last_run = Some(run);
    next
}

/// Doubtful links are about to be swept: another generation has to bring back what that takes too much
/// (rule 12).
pub fn again(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint { again: true, ..save(checkpoint, epoch) }
}

/// Graph answers the stored link with a server error; how long that has been so.
pub fn failing(checkpoint: &Checkpoint, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    Checkpoint { failing_since: checkpoint.failing_since.or(Some(now)), ..save(checkpoint, epoch) }
}

/// Graph asked for a longer wait than this turn has.
pub fn throttled(checkpoint: &Checkpoint, after: Duration, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    Checkpoint { not_before: Some(now + after.min(LONGEST_WAIT)), ..save(checkpoint, epoch) }
}

fn save(checkpoint: &Checkpoint, epoch: u64) -> Checkpoint {
    Checkpoint { save: checkpoint.save + 1, epoch, ..checkpoint.clone() }
}

#[cfg(test)]
mod tests;
