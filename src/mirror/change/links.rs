//! The links of a page: slices of relationships become one change for each link.
//!
//! <https://learn.microsoft.com/graph/delta-query-groups>

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::removed::{self, Removal};
use super::{Change, Kind, LinkChange};

/// How the feed marks a slice of a relationship.
pub(super) const SUFFIX: &str = "@delta";

/// The links of a page so far; the last word on each one counts.
#[derive(Default)]
pub(super) struct Links<'a> {
    changes: Vec<LinkChange<'a>>,
    places: HashMap<(String, String, String), usize>,
    said: usize,
}

#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "@odata.type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "@removed")]
    removed: Option<&'a RawValue>,
}

impl<'a> Links<'a> {
    /// Takes what an object tells of its relationships.
    pub fn take(&mut self, change: &Change<'a>) -> Result<(), &'static str> {
        let (Some(source), Kind::Put { links, .. }) = (&change.id, &change.kind) else { return Ok(()) };
        for (name, slice) in links {
            let property = name.strip_suffix(SUFFIX).unwrap_or(name);
            let targets: Vec<Target<'a>> =
                serde_json::from_str(slice.get()).map_err(|_| "links that are not readable")?;
            for target in targets {
                self.add(property, source.clone(), target)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, property: &str, source: Cow<'a, str>, target: Target<'a>) -> Result<(), &'static str> {
        let id = target.id.filter(|id| !id.is_empty()).ok_or("a link without an id")?;
        let removed = match removed::read(target.removed) {
            Removal::No => false,
            Removal::Certain(_) => true,
            // Neither that it is there nor that it is not: it stays as it is.
            Removal::Unclear => return Ok(()),
        };
        let kind = target.kind.unwrap_or_default();
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
        Ok(())
    }

    /// One change for each link.
    pub fn into_changes(self) -> Vec<LinkChange<'a>> {
        self.changes
    }
}
