//! Turns the objects of a page into changes of the copy. Pure: text in, changes out.
//!
//! Rules: <https://learn.microsoft.com/graph/delta-query-overview>. Within a page the last occurrence of an object
//! wins; across pages the page that is written last wins.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::value::{RawValue, to_raw_value};

use crate::json::{self, Members};
use crate::protocol::{Counts, Reason};

mod holdable;
mod links;
mod removed;

use removed::{REMOVED, Removal};

pub use links::OddLinks;

/// Names that Cosmos or this mirror reserves: Graph properties with these names are stored aside.
/// <https://learn.microsoft.com/azure/cosmos-db/resource-model#properties-of-an-item>
pub(super) const SHADOWED: [&str; 7] = ["ttl", "_mirror", "_rid", "_self", "_etag", "_ts", "_attachments"];
/// Annotations that belong to a response, not to the object in it
/// (<https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation>);
/// Graph sends the last one as advice to clients that read without `$select`.
pub(super) const OF_RESPONSE: [&str; 6] = [
    "@odata.context",
    "@odata.metadataEtag",
    "@odata.count",
    "@odata.nextLink",
    "@odata.deltaLink",
    "@microsoft.graph.tips",
];

/// How a feed reports that an object is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Told {
    /// The entry has `@removed`.
    #[default]
    Removed,
    /// The entry has the facet `deleted` (<https://learn.microsoft.com/graph/api/driveitem-delta>).
    DeletedFacet,
    /// The entry has a value in `deletedDateTime` (<https://learn.microsoft.com/graph/api/chatmessage-delta>).
    DeletedDateTime,
}

impl Told {
    /// The property that says so, besides `@removed`.
    fn property(self) -> Option<&'static str> {
        match self {
            Self::Removed => None,
            Self::DeletedFacet => Some("deleted"),
            Self::DeletedDateTime => Some("deletedDateTime"),
        }
    }
}

/// A link to the content of a file, for an hour and for everybody who has it: it is never stored.
const DOWNLOAD: &str = "@microsoft.graph.downloadUrl";

/// One object of a page.
#[derive(Debug)]
pub struct Change<'a> {
    /// The id of the object; without an id, the object cannot be found again.
    pub id: Option<Cow<'a, str>>,
    /// The object as Graph sent it.
    pub text: &'a str,
    /// The action for the object.
    pub kind: Kind<'a>,
}

/// One link that a page reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange<'a> {
    /// The relationship, such as `members`.
    pub property: Cow<'a, str>,
    /// The id of the object that the link starts from.
    pub source: Cow<'a, str>,
    /// The id of the object that the link points to.
    pub target: Cow<'a, str>,
    /// The type of the target, such as `user`.
    pub target_type: Cow<'a, str>,
    /// Whether the link was removed.
    pub removed: bool,
    /// The position of the last occurrence of the link among the links of the page.
    pub said: usize,
}

/// The changes of one page.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// One change for each object.
    pub objects: Vec<Change<'a>>,
    /// One change for each link.
    pub links: Vec<LinkChange<'a>>,
    /// Objects with an `@removed` annotation whose reason Graph does not document.
    pub unclear: Vec<Cow<'a, str>>,
    /// Relationships whose links cannot be read.
    pub odd: Vec<OddLinks<'a>>,
}

/// The action for an object.
#[derive(Debug)]
pub enum Kind<'a> {
    /// The object exists: store it.
    Put {
        /// Its properties, in Graph's order.
        properties: Vec<(Cow<'a, str>, &'a RawValue)>,
        /// Properties whose names Cosmos reserves, and the text of properties whose values Cosmos cannot hold.
        shadowed: BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>,
        /// The names of the properties whose values Cosmos cannot hold.
        unholdable: Vec<Cow<'a, str>>,
        /// The relationship slices of the object, by `<property>@delta`.
        links: Vec<(Cow<'a, str>, &'a RawValue)>,
    },
    /// The object was removed: write a tombstone.
    Remove(Reason),
    /// The object has an `@removed` annotation with an undocumented reason: leave its document unchanged.
    Unclear,
    /// The object cannot be stored: write a note in its place.
    SetAside(&'static str),
}

impl Kind<'_> {
    /// How the change is counted once it is written. An object with a value that Cosmos cannot hold also counts as set
    /// aside.
    pub fn counts(&self) -> Counts {
        let set_aside = Counts { set_aside: 1, ..Counts::default() };
        match self {
            Kind::Put { unholdable, .. } if !unholdable.is_empty() => Counts { upserted: 1, ..set_aside },
            Kind::Put { .. } => Counts { upserted: 1, ..Counts::default() },
            Kind::Remove(_) => Counts { removed: 1, ..Counts::default() },
            Kind::Unclear => Counts::default(),
            Kind::SetAside(_) => set_aside,
        }
    }
}

/// The changes of a page. A page may contain the same object several times, each time with another slice of its links:
/// the last value of each property wins, and the links of all slices are combined. Links that cannot be read are
/// reported in `odd` and the other links are still processed, because an error would stop every object of the feed.
pub fn of(objects: &[Box<RawValue>], told: Told) -> Changes<'_> {
    let mut changes: Vec<Change<'_>> = Vec::with_capacity(objects.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(objects.len());
    let mut links = links::Links::default();
    let mut unclear = Vec::new();
    for object in objects {
        let change = told_as(object, told);
        links.take(&change);
        // An unclear entry does not replace another entry of the same object on this page.
        if let (Kind::Unclear, Some(id)) = (&change.kind, &change.id) {
            unclear.push(id.clone());
            continue;
        }
        match change.id.as_deref().and_then(|id| places.get(id)) {
            Some(place) => changes[*place].follow(change),
            None => {
                if let Some(id) = change.id.as_deref() {
                    places.insert(id.to_owned(), changes.len());
                }
                changes.push(change);
            }
        }
    }
    let (links, odd) = links.into_changes();
    Changes { objects: changes, links, unclear, odd }
}

impl<'a> Change<'a> {
    /// Whether the entry has no properties besides the id; it may have links.
    pub fn is_bare(&self) -> bool {
        match &self.kind {
            Kind::Put { properties, shadowed, .. } => {
                shadowed.is_empty() && properties.iter().all(|(name, _)| name.contains('@'))
            }
            _ => false,
        }
    }

    /// Whether the object has all of these properties.
    pub fn names_all(&self, names: &[String]) -> bool {
        match &self.kind {
            Kind::Put { properties, .. } => {
                names.iter().all(|wanted| properties.iter().any(|(name, _)| name == wanted))
            }
            _ => false,
        }
    }

    /// Merges a later entry of the same object on the same page. A property that the later entry omits keeps its value.
    fn follow(&mut self, next: Self) {
        match (&mut self.kind, next.kind) {
            (
                Kind::Put { properties, shadowed, unholdable, links },
                Kind::Put { properties: newer, shadowed: newer_shadowed, unholdable: others, links: newest },
            ) => {
                unholdable
                    .retain(|name| !newer.iter().any(|(held, _)| held == name) && !others.contains(name));
                unholdable.extend(others);
                overlay((properties, shadowed), newer, newer_shadowed);
                *links = newest;
            }
            (kind, newer) => *kind = newer,
        }
        self.text = next.text;
    }
}

/// Properties, and the properties that are stored aside.
type Properties<'p, 'a> = (&'p mut Vec<(Cow<'a, str>, &'a RawValue)>, &'p mut Aside<'a>);
/// Properties whose names Cosmos reserves, and the text of properties whose values Cosmos cannot hold.
type Aside<'a> = BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>;

/// Merges properties into others and appends new ones. Each property is in one of the two places only.
pub(super) fn overlay<'a>(
    (properties, shadowed): Properties<'_, 'a>,
    newer: impl IntoIterator<Item = (Cow<'a, str>, &'a RawValue)>,
    newer_shadowed: Aside<'a>,
) {
    properties.retain(|(name, _)| !newer_shadowed.contains_key(name));
    shadowed.extend(newer_shadowed);
    let mut places: HashMap<Cow<'a, str>, usize> =
        properties.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
    for (name, value) in newer {
        shadowed.remove(&name);
        match places.get(&name) {
            Some(place) => properties[*place].1 = value,
            None => {
                places.insert(name.clone(), properties.len());
                properties.push((name, value));
            }
        }
    }
}

/// The change of an object in a response, such as the response to a read by id, without the annotations of the
/// response.
pub fn of_response(object: &RawValue) -> Change<'_> {
    let mut change = read(object);
    if let Kind::Put { properties, .. } = &mut change.kind {
        properties.retain(|(name, _)| !OF_RESPONSE.contains(&name.as_ref()));
    }
    change
}

/// The change of one entry of a list.
pub fn read(object: &RawValue) -> Change<'_> {
    told_as(object, Told::Removed)
}

fn told_as(object: &RawValue, told: Told) -> Change<'_> {
    let text = object.get();
    let Some(members) = Members::of(text) else {
        return Change { id: None, text, kind: Kind::SetAside("not a readable JSON object") };
    };
    let id = members.exact("id").and_then(json::text);
    let is_there = |name| members.exact(name).is_some_and(|value| value.get() != "null");
    let is_gone = told.property().is_some_and(is_there);
    let kind = match (&id, removed::read(members.exact(REMOVED))) {
        (None, _) => Kind::SetAside("no id"),
        (Some(id), _) if id.is_empty() => Kind::SetAside("an empty id"),
        (_, Removal::No) if is_gone => Kind::Remove(Reason::Deleted),
        (_, Removal::Certain(reason)) => Kind::Remove(reason),
        (_, Removal::Unclear) => Kind::Unclear,
        (_, Removal::No) => put(members),
    };
    Change { id: id.filter(|id| !id.is_empty()), text, kind }
}

fn put<'a>(members: Members<'a>) -> Kind<'a> {
    let members = members.into_vec();
    let mut properties = Vec::with_capacity(members.len());
    let (mut shadowed, mut unholdable, mut links) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (name, value) in members {
        if name == "id" || name == REMOVED || name == DOWNLOAD {
            continue;
        }
        if name.ends_with(links::SUFFIX) {
            links.push((name, value));
        } else if !holdable::is_holdable(value.get()) || name.contains(char::REPLACEMENT_CHARACTER) {
            // Cosmos can hold the text of the value as a string.
            if let Ok(text) = to_raw_value(value.get()) {
                shadowed.insert(name.clone(), Cow::Owned(text));
            }
            unholdable.push(name);
        } else if SHADOWED.contains(&name.as_ref()) {
            shadowed.insert(name, Cow::Borrowed(value));
        } else {
            properties.push((name, value));
        }
    }
    Kind::Put { properties, shadowed, unholdable, links }
}

#[cfg(test)]
mod tests;
