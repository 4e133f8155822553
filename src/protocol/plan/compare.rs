//! Whether a generation writes only what differs from the copy, and when documents were last written (rule 13). Pure.

use time::OffsetDateTime;

use super::{Definition, containers};
use crate::protocol::{Checkpoint, Counts, State};

/// Whether a new generation writes only what differs. One that begins for a reset, for another definition or for another
/// container writes everything, and so does whatever takes its place before it is complete: all documents are to be as this
/// version writes them. A feed without a delta query is compared with every list.
pub(super) fn compares(checkpoint: &Checkpoint, definition: &Definition) -> bool {
    let is_whole = match checkpoint.state {
        State::Start => false,
        State::Enumerating { .. } => checkpoint.compares,
        State::Tracking { .. } | State::Listed => true,
    };
    let is_same = checkpoint.shape == definition.shape && !containers::is_another(checkpoint, definition);
    let lives = checkpoint.ended.is_none() && !definition.orphaned;
    lives && (!definition.mode.is_delta() || is_whole && is_same)
}

/// When documents were last written, after a save that covers these at `now`.
pub fn wrote_at(checkpoint: &Checkpoint, counts: Counts, now: OffsetDateTime) -> Option<OffsetDateTime> {
    match counts.written() {
        0 => checkpoint.wrote_at,
        _ => Some(now),
    }
}
