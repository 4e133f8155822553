//! Ages, and clocks that are wrong. Pure.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{Checkpoint, State};

/// Entra's tokens are documented to die after seven days without use
/// (<https://learn.microsoft.com/graph/delta-query-overview#token-duration>): somebody should look before.
pub(super) const OLD: Duration = Duration::from_secs(5 * 86_400);
/// Clocks of two machines may differ so much.
pub const CLOCKS: Duration = Duration::from_secs(300);

/// The checkpoint as a right clock would have written it: nothing in it is later than `now`. What a clock that was ahead
/// wrote would else hold back the next walk, or removals, until that day.
pub fn bounded(mut checkpoint: Checkpoint, now: OffsetDateTime) -> Checkpoint {
    checkpoint.generation_began = checkpoint.generation_began.min(now);
    for moment in [
        &mut checkpoint.open_since,
        &mut checkpoint.as_of,
        &mut checkpoint.cascaded,
        &mut checkpoint.failing_since,
    ] {
        *moment = moment.map(|moment| moment.min(now));
    }
    for burnt in &mut checkpoint.burnt {
        burnt.at = burnt.at.min(now);
    }
    checkpoint
}

/// How far a clock was ahead that wrote the checkpoint, if that is more than clocks differ.
pub fn is_ahead(checkpoint: &Checkpoint, now: OffsetDateTime) -> Option<time::Duration> {
    let latest = checkpoint.as_of.max(checkpoint.open_since).max(Some(checkpoint.generation_began))?;
    Some(latest - now).filter(|ahead| *ahead > CLOCKS)
}

/// How old the copy is: since its last complete round began, or else its first one.
pub fn age(checkpoint: &Checkpoint, now: OffsetDateTime) -> time::Duration {
    now - checkpoint.as_of.unwrap_or(checkpoint.generation_began)
}

/// Whether nothing has come of the feed for so long that its token is in danger.
pub fn is_old(checkpoint: &Checkpoint, now: OffsetDateTime) -> bool {
    checkpoint.state != State::Start && age(checkpoint, now) > OLD
}
