//! Detects feeds that make no progress although each of their turns ends without an error; the alert and `status` use
//! it (rule 7). Pure.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use super::listing::is_first_page;
use crate::protocol::{Checkpoint, State};

/// The longest time for an open round or a failing link.
const LONGEST: Duration = Duration::from_secs(86_400);
/// This many generations without a complete round, or for another shape, are not a coincidence.
const MOST: u32 = 3;

/// Why a feed makes no progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// Graph answers the stored link with server errors only.
    LinkFails {
        /// How long the link has failed, in hours.
        hours: i64,
    },
    /// A round does not end.
    RoundOpen {
        /// How long the round has been open, in hours.
        hours: i64,
    },
    /// Two deployed versions take turns, and each starts a new generation over the other's.
    Shapes {
        /// The number of generations that were started for another shape.
        times: u32,
    },
    /// New generations start, and none becomes complete.
    Generations {
        /// The number of generations.
        times: u32,
    },
}

impl Stuck {
    /// The name of the reason in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinkFails { .. } => "linkFails",
            Self::RoundOpen { .. } => "roundOpen",
            Self::Shapes { .. } => "shapes",
            Self::Generations { .. } => "generations",
        }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkFails { hours } => write!(
                f,
                "Microsoft Graph has answered the stored link with server errors only for {hours} h; everything is read anew"
            ),
            Self::RoundOpen { hours } => write!(
                f,
                "a round has been open for {hours} h and does not end: Microsoft Graph may send pages without an end, or the \
                 turns get too little time; `graph-mirror checkpoint reset` begins anew"
            ),
            Self::Shapes { times } => write!(
                f,
                "everything was read anew {times} times within a day of each other because the definition of the resource \
                 differs: two versions of graph-mirror take turns on this database; stop one of them"
            ),
            Self::Generations { times } => write!(
                f,
                "everything was begun anew {times} times and never read to its end: see the events `generation` and \
                 `token_dead` for the reasons"
            ),
        }
    }
}

/// Why a feed makes no progress; `None` when it does.
pub fn stuck(checkpoint: &Checkpoint, now: OffsetDateTime) -> Option<Stuck> {
    let long = |since: OffsetDateTime| Some((now - since).whole_hours()).filter(|_| now - since >= LONGEST);
    let enumerating = matches!(checkpoint.state, State::Enumerating { .. });
    let open = checkpoint.open_since.or_else(|| enumerating.then_some(checkpoint.generation_began));
    let shapes = Some(checkpoint.shape_changes)
        .filter(|times| *times >= MOST && now - checkpoint.generation_began < LONGEST);
    let generations = Some(checkpoint.unfinished_generations).filter(|times| *times >= MOST);
    let fails = checkpoint.failing_since.and_then(long).map(|hours| Stuck::LinkFails { hours });
    fails
        .or_else(|| shapes.map(|times| Stuck::Shapes { times }))
        .or_else(|| open.and_then(long).map(|hours| Stuck::RoundOpen { hours }))
        .or_else(|| generations.map(|times| Stuck::Generations { times }))
}

/// Whether the stored link has failed for so long that a new enumeration may work better.
pub(super) fn is_failing(checkpoint: &Checkpoint, now: OffsetDateTime) -> bool {
    checkpoint.failing_since.is_some_and(|since| now - since >= LONGEST)
}

/// Whether the stored link fails for the first time since it answered.
pub fn is_first_failure(checkpoint: &Checkpoint) -> bool {
    let has_link = !matches!(checkpoint.state, State::Start | State::Listed) && !is_first_page(checkpoint);
    has_link && checkpoint.failing_since.is_none()
}

/// The number of times that a generation started for another shape soon after the previous one, including one that
/// starts now.
pub(super) fn shape_changes(checkpoint: &Checkpoint, shape: &str, now: OffsetDateTime) -> u32 {
    let is_soon = now - checkpoint.generation_began < LONGEST;
    match checkpoint.state != State::Start && checkpoint.shape != shape {
        true if is_soon => checkpoint.shape_changes + 1,
        true => 1,
        false => checkpoint.shape_changes,
    }
}
