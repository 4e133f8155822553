//! Where a feed goes on whose token is dead (rule 7): at the `Location` that Graph names, else, where Graph takes a time for
//! a token, with what changed since the last complete round, else with a new enumeration. Pure.
//!
//! A time is not trusted as a token is: clocks differ, replicas lag, and Graph asks clients to prefer its own links
//! (<https://learn.microsoft.com/graph/api/driveitem-delta>, example 4). So what changed since that time is written at once,
//! which keeps the copy fresh, and a new generation follows, which keeps it right.

use std::time::Duration;

use time::OffsetDateTime;

use super::save;
use crate::protocol::{Checkpoint, Link, State};

/// Where a feed goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restart {
    /// With the first page of a new enumeration.
    Anew,
    /// With a new enumeration, at the `Location` that Graph named.
    At(Link),
    /// With what changed since a time; then with a new enumeration.
    Since(OffsetDateTime),
}

/// Where a feed goes on. `lag`: Graph takes a time for a token, and its replicas may be so far behind; none if it takes no
/// time.
pub fn restart(checkpoint: &Checkpoint, location: Option<Link>, lag: Option<Duration>) -> Restart {
    let is_tracking =
        matches!(checkpoint.state, State::Tracking { .. }) && checkpoint.changes_since.is_none();
    match (location, lag, checkpoint.as_of) {
        (Some(location), ..) => Restart::At(location),
        (None, Some(lag), Some(as_of)) if is_tracking => Restart::Since(as_of - lag),
        (None, ..) => Restart::Anew,
    }
}

/// The next page is the first one of what changed since a time. Graph may refuse it.
pub fn catch_up(checkpoint: &Checkpoint, since: OffsetDateTime, epoch: u64) -> Checkpoint {
    Checkpoint {
        at_location: true,
        changes_since: Some(since),
        open_since: None,
        not_before: None,
        failing_since: None,
        ..save(checkpoint, epoch)
    }
}

/// Whether all that changed since a time is written, and the new generation is due.
pub(super) fn has_caught_up(checkpoint: &Checkpoint) -> bool {
    checkpoint.changes_since.is_some() && !checkpoint.at_location && checkpoint.open_since.is_none()
}
