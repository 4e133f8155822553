//! Ages of checkpoints, and corrections for wrong clocks. Pure.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{Checkpoint, State};

/// Entra's tokens expire after seven days without use
/// (<https://learn.microsoft.com/graph/delta-query-overview#token-duration>): an operator should check before that.
pub(super) const OLD: Duration = Duration::from_secs(5 * 86_400);
/// The clocks of two machines may differ by this much.
pub const CLOCKS: Duration = Duration::from_secs(300);

/// Returns the checkpoint with no time later than `now`. A time from a clock that was ahead would otherwise delay the
/// next enumeration, or removals, until that time.
pub fn bounded(mut checkpoint: Checkpoint, now: OffsetDateTime) -> Checkpoint {
    checkpoint.generation_began = checkpoint.generation_began.min(now);
    for moment in [
        &mut checkpoint.open_since,
        &mut checkpoint.as_of,
        &mut checkpoint.links_removed_until,
        &mut checkpoint.failing_since,
    ] {
        *moment = moment.map(|moment| moment.min(now));
    }
    for abandoned in &mut checkpoint.abandoned {
        abandoned.at = abandoned.at.min(now);
    }
    checkpoint
}

/// How far ahead the clock was that wrote the checkpoint, if more than clocks may differ.
pub fn is_ahead(checkpoint: &Checkpoint, now: OffsetDateTime) -> Option<time::Duration> {
    let latest = checkpoint.as_of.max(checkpoint.open_since).max(Some(checkpoint.generation_began))?;
    Some(latest - now).filter(|ahead| *ahead > CLOCKS)
}

/// The age of the copy: the time since its last complete round began, or since its first round if none is complete.
pub fn age(checkpoint: &Checkpoint, now: OffsetDateTime) -> time::Duration {
    now - checkpoint.as_of.unwrap_or(checkpoint.generation_began)
}

/// Whether the feed has had no complete round for so long that its token may expire.
pub fn is_old(checkpoint: &Checkpoint, now: OffsetDateTime) -> bool {
    checkpoint.state != State::Start && age(checkpoint, now) > OLD
}
