//! When a first copy is read as a list, and when a delta query has to confirm it (rule 16). Pure.

use time::{Duration, OffsetDateTime};

use super::{Definition, Why};
use crate::protocol::{Checkpoint, FirstCopy, Listing, Shards, State};

/// For so long, a list that shows all that the delta query does is followed by its changes only. A replica that was behind
/// may have shown an object as it was before the delta link was given out, and no change tells of that.
const CONFIRMED_AFTER: Duration = Duration::HOUR;

/// Whether a generation that begins for this reason may be read as a list: there has never been a complete copy.
pub fn begins(why: Why, begun: &Checkpoint, definition: &Definition) -> Option<Listing> {
    let is_first = why == Why::First && begun.as_of.is_none() && !begun.compares && !definition.orphaned;
    (is_first && definition.first_copy != FirstCopy::Delta).then_some(Listing::Due)
}

/// Whether a delta query has to confirm the list now: at once if that has no links, or has shown too little.
pub fn is_unconfirmed(checkpoint: &Checkpoint, definition: &Definition, now: OffsetDateTime) -> bool {
    let Some(Listing::Done { is_short }) = checkpoint.listing else { return false };
    let is_old = now - checkpoint.generation_began >= CONFIRMED_AFTER;
    is_short || is_old || definition.first_copy != FirstCopy::List
}

/// The shards that are being read.
pub fn open(checkpoint: &Checkpoint) -> Option<&Shards> {
    match &checkpoint.listing {
        Some(Listing::Open(shards)) => Some(shards),
        _ => None,
    }
}

/// Whether the next page is the first one of the delta query, or the beginning of a list.
pub fn is_first_page(checkpoint: &Checkpoint) -> bool {
    checkpoint.state == (State::Enumerating { link: None }) && open(checkpoint).is_none()
}

/// A page of each of some shards is written. After the last one, the feed goes on with what changed since the list began.
pub(super) fn read(next: &mut Checkpoint, shards: Shards, began: OffsetDateTime, definition: &Definition) {
    if !shards.open.is_empty() {
        next.listing = Some(Listing::Open(shards));
        return;
    }
    next.listing = Some(Listing::Done { is_short: shards.shown < shards.counted });
    next.state = State::Tracking { link: shards.token };
    if definition.first_copy == FirstCopy::List {
        next.as_of = Some(began);
        next.unfinished_generations = 0;
    }
}
