//! Abandoning the number of a turn that did not end cleanly, and forgetting it again (rule 3). Pure.

use std::time::Duration;

use time::OffsetDateTime;

use super::{listing, save};
use crate::protocol::{Abandoned, Checkpoint, State, Unclean};

/// How long abandoned numbers are kept: as long as documents may carry them unsettled.
pub(super) const BURNT_AGE: Duration = Duration::from_secs(30 * 86_400);
/// No write arrives so long after the lease of its turn ended: no connection lives that long.
pub(super) const LATEST: Duration = Duration::from_secs(2 * 3600);

/// A turn before us did not end cleanly: whatever carries its number is doubtful (rule 3).
pub fn abandon(checkpoint: &Checkpoint, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    let mut next = save(checkpoint, epoch);
    if begins_anew(checkpoint) {
        next.generation += 1;
    }
    let turns = checkpoint.unclean.map_or(0, |unclean| unclean.turns) + 1;
    next.unclean = Some(Unclean { turns, noticed_at: now });
    next.abandoned.retain(|abandoned| now - abandoned.at < BURNT_AGE);
    match next.abandoned.last_mut() {
        Some(last) if last.to + 1 == next.save => {
            last.to = next.save;
            last.at = now;
        }
        _ => next.abandoned.push(Abandoned { from: next.save, to: next.save, at: now }),
    }
    next
}

/// Whether the next page is the first one of an enumeration. If it was written already and is asked for again, that is another enumeration,
/// which may not show the same, and must not seem to vouch for what the first one has written (rule 7).
pub fn begins_anew(checkpoint: &Checkpoint) -> bool {
    match checkpoint.state {
        State::Enumerating { .. } => listing::is_first_page(checkpoint) || checkpoint.at_location,
        State::Start | State::Tracking { .. } | State::Listed => false,
    }
}

/// The abandoned numbers that no late write can bring back: once no document carries them, they are of no use (rule 3).
pub fn forgettable(checkpoint: &Checkpoint, now: OffsetDateTime) -> Vec<Abandoned> {
    checkpoint.abandoned.iter().filter(|abandoned| now - abandoned.at >= LATEST).cloned().collect()
}

/// No document carries these abandoned numbers any more.
pub fn forget(checkpoint: &Checkpoint, uncarried: &[Abandoned], epoch: u64) -> Checkpoint {
    let mut next = save(checkpoint, epoch);
    next.abandoned.retain(|abandoned| !uncarried.contains(abandoned));
    next
}
