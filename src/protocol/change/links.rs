//! The links of a page: turns slices of relationships into one change per link.
//!
//! <https://learn.microsoft.com/graph/delta-query-groups>

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::value::RawValue;

use super::removed::{self, REMOVED, Removal};
use super::{Change, Kind, LinkChange};
use crate::json::{self, Members};

/// The suffix of a relationship slice in the feed.
pub(super) const SUFFIX: &str = "@delta";

/// The links of a page so far. The last occurrence of each link wins.
#[derive(Default)]
pub(super) struct Links<'a> {
    changes: Vec<LinkChange<'a>>,
    /// The position of each link's change, by a hash of the link: a page may have hundreds of thousands of links.
    places: HashMap<u64, u32>,
    hasher: RandomState,
    said: usize,
    odd: Vec<OddLinks<'a>>,
}

/// Links of one object that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddLinks<'a> {
    /// The relationship, such as `members`.
    pub property: String,
    /// The id of the object that the links start from.
    pub source: Cow<'a, str>,
    /// Why they cannot be read.
    pub why: &'static str,
    /// The number of links; a slice that is not a list counts as one.
    pub count: u64,
}

impl<'a> Links<'a> {
    /// Adds the relationship slices of an object. A slice that is null is ignored.
    pub fn take(&mut self, change: &Change<'a>) {
        let (Some(source), Kind::Put { links, .. }) = (&change.id, &change.kind) else { return };
        for (name, slice) in links.iter().filter(|(_, slice)| slice.get() != "null") {
            let property = part(name.clone(), |name| name.strip_suffix(SUFFIX).unwrap_or(name));
            let Some(targets) = json::list(slice) else {
                self.note(&property, source.clone(), "not a list", 1);
                continue;
            };
            let all = targets.len();
            let read = targets
                .into_iter()
                .filter(|target| self.add(property.clone(), source.clone(), target))
                .count();
            if read < all {
                self.note(&property, source.clone(), "without an id", (all - read) as u64);
            }
        }
    }

    fn note(&mut self, property: &str, source: Cow<'a, str>, why: &'static str, count: u64) {
        self.odd.push(OddLinks { property: property.to_owned(), source, why, count });
    }

    /// Adds one link; returns false if it is not a valid link.
    fn add(&mut self, property: Cow<'a, str>, source: Cow<'a, str>, target: &'a RawValue) -> bool {
        let Some(target) = Members::of(target.get()) else { return false };
        let Some(id) = target.exact("id").and_then(json::text).filter(|id| !id.is_empty()) else {
            return false;
        };
        let removed = match removed::read(target.exact(REMOVED)) {
            Removal::No => false,
            Removal::Certain(_) => true,
            // Graph neither confirms nor removes the link: it stays as it is.
            Removal::Unclear => return true,
        };
        let kind = target.text("@odata.type").unwrap_or_default();
        self.said += 1;
        let change = LinkChange {
            property,
            source,
            target_type: part(kind, |kind| kind.rsplit('.').next().unwrap_or_default()),
            removed,
            target: id,
            said: self.said,
        };
        self.put(change);
        true
    }

    /// Replaces an earlier change of the same link.
    fn put(&mut self, change: LinkChange<'a>) {
        let mut key = self.hasher.hash_one(named(&change));
        loop {
            match self.places.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(self.changes.len() as u32);
                    return self.changes.push(change);
                }
                Entry::Occupied(place) => {
                    let before = &mut self.changes[*place.get() as usize];
                    if named(before) == named(&change) {
                        *before = change;
                        return;
                    }
                    // Another link has the same hash.
                    key = key.wrapping_add(1);
                }
            }
        }
    }

    /// One change for each link, and the links that cannot be read.
    pub fn into_changes(self) -> (Vec<LinkChange<'a>>, Vec<OddLinks<'a>>) {
        (self.changes, self.odd)
    }
}

/// The three values that identify a link.
fn named<'l>(change: &'l LinkChange<'_>) -> [&'l str; 3] {
    [&change.property, &change.source, &change.target]
}

/// A part of a text, borrowed if the text is borrowed.
fn part(text: Cow<'_, str>, part: impl FnOnce(&str) -> &str) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(&text).to_owned()),
    }
}
