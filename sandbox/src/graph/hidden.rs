//! Objects that one enumeration does not show although they are there: Graph has been seen to lose some on the way.
//!
//! Promises: by its id a hidden object is found as ever, and only one enumeration hides it. Whatever happens to an object
//! that no later page would tell (it is removed, restored, or linked otherwise) brings it back to view, since nobody
//! could know of that.

use std::collections::{BTreeMap, BTreeSet};

use super::collection::{Collection, Event};

/// What the next enumeration of each feed hides.
#[derive(Debug, Default)]
pub(super) struct Hidden(BTreeMap<&'static str, (usize, BTreeSet<String>)>);

impl Hidden {
    /// Hides these, as they are at that position of the feed's log.
    pub(super) fn hide(
        &mut self,
        feed: &'static str,
        position: usize,
        ids: impl IntoIterator<Item = String>,
    ) {
        self.0.insert(feed, (position, ids.into_iter().collect()));
    }

    /// What an enumeration that begins now hides; the one after it hides nothing.
    pub(super) fn take(&mut self, feed: &str, all: &Collection) -> BTreeSet<String> {
        let Some((position, mut hidden)) = self.0.remove(feed) else { return BTreeSet::new() };
        for change in all.changes(position, all.position()) {
            if !matches!(change.event, Event::Changed(_)) {
                hidden.remove(&change.id);
            }
        }
        hidden
    }
}
