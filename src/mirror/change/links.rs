//! The links of a page: slices of relationships become one change for each link.
//!
//! <https://learn.microsoft.com/graph/delta-query-groups>

use std::borrow::Cow;
use std::collections::HashMap;

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
    places: HashMap<(String, String, String), usize>,
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
            let property = name.strip_suffix(SUFFIX).unwrap_or(name);
            let Some(targets) = json::list(slice) else {
                self.note(property, source.clone(), "not a list", 1);
                continue;
            };
            let all = targets.len();
            let read =
                targets.into_iter().filter(|target| self.add(property, source.clone(), target)).count();
            if read < all {
                self.note(property, source.clone(), "without an id", (all - read) as u64);
            }
        }
    }

    fn note(&mut self, property: &str, source: Cow<'a, str>, why: &'static str, count: u64) {
        self.odd.push(OddLinks { property: property.to_owned(), source, why, count });
    }

    /// Says whether it is a link.
    fn add(&mut self, property: &str, source: Cow<'a, str>, target: &'a RawValue) -> bool {
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
            property: property.to_owned(),
            source,
            target_type: kind.rsplit('.').next().unwrap_or_default().to_owned(),
            removed,
            target: id,
            said: self.said,
        };
        let key =
            (change.property.clone(), change.source.clone().into_owned(), change.target.clone().into_owned());
        match self.places.get(&key) {
            Some(place) => self.changes[*place] = change,
            None => {
                self.places.insert(key, self.changes.len());
                self.changes.push(change);
            }
        }
        true
    }

    /// One change for each link, and where there are odd ones.
    pub fn into_changes(self) -> (Vec<LinkChange<'a>>, Vec<OddLinks<'a>>) {
        (self.changes, self.odd)
    }
}
