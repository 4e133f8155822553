//! What the objects of a page mean for the copy. Pure: text in, changes out.
//!
//! Rules: <https://learn.microsoft.com/graph/delta-query-overview>. Within a page the last occurrence of
//! an object wins; between pages the order of writing does.

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

/// Names that Cosmos keeps for itself, and our own: such a Graph property moves aside.
/// <https://learn.microsoft.com/azure/cosmos-db/resource-model#properties-of-an-item>
pub(super) const SHADOWED: [&str; 7] = ["ttl", "_mirror", "_rid", "_self", "_etag", "_ts", "_attachments"];
/// Annotations that belong to a response, not to the object in it
/// (<https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation>);
/// the last one is advice that Graph gives to whoever reads without `$select`.
pub(super) const OF_RESPONSE: [&str; 6] = [
    "@odata.context",
    "@odata.metadataEtag",
    "@odata.count",
    "@odata.nextLink",
    "@odata.deltaLink",
    "@microsoft.graph.tips",
];

/// One object of a page.
#[derive(Debug)]
pub struct Change<'a> {
    /// The object's id; without one there is nothing to find it by.
    pub id: Option<Cow<'a, str>>,
    /// The object as Graph sent it.
    pub text: &'a str,
    /// What to do.
    pub kind: Kind<'a>,
}

/// One link that a page tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange<'a> {
    /// The relationship, such as `members`.
    pub property: Cow<'a, str>,
    /// Where it points from.
    pub source: Cow<'a, str>,
    /// Where it points to.
    pub target: Cow<'a, str>,
    /// What it points to, such as `user`.
    pub target_type: Cow<'a, str>,
    /// It is gone.
    pub removed: bool,
    /// Where among the links of the page the last word on it stands.
    pub said: usize,
}

/// What a page means.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// One for each object.
    pub objects: Vec<Change<'a>>,
    /// One for each link.
    pub links: Vec<LinkChange<'a>>,
    /// Objects that Graph calls removed in words that decide nothing.
    pub unclear: Vec<Cow<'a, str>>,
    /// Where links cannot be read.
    pub odd: Vec<OddLinks<'a>>,
}

/// What to do about an object.
#[derive(Debug)]
pub enum Kind<'a> {
    /// It lives: store it.
    Put {
        /// Its properties, in Graph's order.
        properties: Vec<(Cow<'a, str>, &'a RawValue)>,
        /// Those whose names Cosmos keeps for itself, and the text of those whose values it cannot hold.
        shadowed: BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>,
        /// The names of those whose values Cosmos cannot hold.
        unholdable: Vec<Cow<'a, str>>,
        /// What it tells of its relationships, by `<property>@delta`.
        links: Vec<(Cow<'a, str>, &'a RawValue)>,
    },
    /// It is gone: leave a tombstone.
    Remove(Reason),
    /// Graph says that it is removed, in words that decide nothing: leave everything as it is.
    Unclear,
    /// It cannot be stored: leave a note.
    SetAside(&'static str),
}

impl Kind<'_> {
    /// What it counts as, once it is written. An object without one of its values counts as set aside too.
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

/// The changes of a page. The same object may come several times in it, each time with another slice of
/// its links: of each property the last word counts, and all slices for the links. What cannot be read of the links is
/// named, and the others go on: it would stop every object of the feed.
pub fn of(objects: &[Box<RawValue>]) -> Changes<'_> {
    let mut changes: Vec<Change<'_>> = Vec::with_capacity(objects.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(objects.len());
    let mut links = links::Links::default();
    let mut unclear = Vec::new();
    for object in objects {
        let change = read(object);
        links.take(&change);
        // What says nothing hides nothing that the page says of the object elsewhere.
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
    /// Whether it says nothing of the object but that it is there, and perhaps something of its links.
    pub fn is_bare(&self) -> bool {
        match &self.kind {
            Kind::Put { properties, shadowed, .. } => {
                shadowed.is_empty() && properties.iter().all(|(name, _)| name.contains('@'))
            }
            _ => false,
        }
    }

    /// Whether it names all of these properties.
    pub fn names_all(&self, names: &[&str]) -> bool {
        match &self.kind {
            Kind::Put { properties, .. } => {
                names.iter().all(|wanted| properties.iter().any(|(name, _)| name == wanted))
            }
            _ => false,
        }
    }

    /// The same object, once more on the same page. A property never ends by not being named.
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

/// Properties, and those that lie aside.
type Properties<'p, 'a> = (&'p mut Vec<(Cow<'a, str>, &'a RawValue)>, &'p mut Aside<'a>);
/// Properties whose names Cosmos keeps for itself, and the text of those whose values it cannot hold.
type Aside<'a> = BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>;

/// Puts properties over others, those that are new at the end. Each one ends up in one place.
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

/// The object of a response, such as that to a read by id: without the annotations of the response.
pub fn of_response(object: &RawValue) -> Change<'_> {
    let mut change = read(object);
    if let Kind::Put { properties, .. } = &mut change.kind {
        properties.retain(|(name, _)| !OF_RESPONSE.contains(&name.as_ref()));
    }
    change
}

/// The change that one entry of a list stands for.
pub fn read(object: &RawValue) -> Change<'_> {
    let text = object.get();
    let Some(members) = Members::of(text) else {
        return Change { id: None, text, kind: Kind::SetAside("not a readable JSON object") };
    };
    let id = members.exact("id").and_then(json::text);
    let kind = match (&id, removed::read(members.exact(REMOVED))) {
        (None, _) => Kind::SetAside("no id"),
        (Some(id), _) if id.is_empty() => Kind::SetAside("an empty id"),
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
        if name == "id" || name == REMOVED {
            continue;
        }
        if name.ends_with(links::SUFFIX) {
            links.push((name, value));
        } else if !holdable::is_holdable(value.get()) || name.contains(char::REPLACEMENT_CHARACTER) {
            // Its text, as a string: that can be held.
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
