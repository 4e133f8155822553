//! The links of a page: slices of relationships become one change for each link.
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

/// How the feed marks a slice of a relationship.
pub(super) const SUFFIX: &str = "@delta";

/// The links of a page so far; the last word on each one counts.
#[derive(Default)]
pub(super) struct Links<'a> {
    changes: Vec<LinkChange<'a>>,
    /// Where the change of a link is, by a hash of the link: a page may have hundreds of thousands of them.
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
    /// Where they point from.
    pub source: Cow<'a, str>,
    /// What is wrong with them.
    pub why: &'static str,
    /// How many; a slice that is no list counts as one.
    pub count: u64,
}

impl<'a> Links<'a> {
    /// Takes what an object tells of its relationships. Null tells nothing.
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

    /// Says whether it is a link.
    fn add(&mut self, property: Cow<'a, str>, source: Cow<'a, str>, target: &'a RawValue) -> bool {
        let Some(target) = Members::of(target.get()) else { return false };
        let Some(id) = target.exact("id").and_then(json::text).filter(|id| !id.is_empty()) else {
            return false;
        };
        let removed = match removed::read(target.exact(REMOVED)) {
            Removal::No => false,
            Removal::Certain(_) => true,
            // Neither that it is there nor that it is not: it stays as it is.
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

    /// Puts a change in the place of an earlier one of the same link.
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

    /// One change for each link, and where there are odd ones.
    pub fn into_changes(self) -> (Vec<LinkChange<'a>>, Vec<OddLinks<'a>>) {
        (self.changes, self.odd)
    }
}

/// What a link is known by.
fn named<'l>(change: &'l LinkChange<'_>) -> [&'l str; 3] {
    [&change.property, &change.source, &change.target]
}

/// A part of a text, borrowed where the text is.
fn part(text: Cow<'_, str>, part: impl FnOnce(&str) -> &str) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(&text).to_owned()),
    }
}
