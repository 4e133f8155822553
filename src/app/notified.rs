//! What change notifications may lead to. Nothing is asked for that.

use super::parts::Parts;
use crate::protocol::Feed;

/// Whether notifications may lead to a feed, or to several: those of a resource without parents, or below a parent of one
/// whose row wants them.
pub(super) fn is_notified(parts: &Parts, feed: &Feed) -> bool {
    let row = parts.resources().iter().find(|row| row.name == feed.resource);
    match (row, &feed.parent) {
        (Some(row), None) => row.notified().is_some(),
        (Some(row), Some(_)) => row.notified_below().is_some(),
        (None, _) => false,
    }
}

/// Whether a path of parents is shorter than those of the feeds of a resource, which are all meant then.
pub(super) fn is_part(parts: &Parts, feed: &Feed) -> bool {
    let row =
        parts.resources().iter().find(|row| row.name == feed.resource && row.notified_below().is_some());
    let ids = feed.parent.as_ref().map_or(0, |path| path.split('/').count());
    row.is_some_and(|row| 0 < ids && ids < row.parents().len())
}
