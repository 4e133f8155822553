//! What the objects of a page mean for the copy. Pure: text in, changes out.
//!
//! Rules: <https://learn.microsoft.com/graph/delta-query-overview>. Within a page the last occurrence of
//! an object wins; between pages the order of writing does.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::store::Reason;

mod links;
mod removed;

use removed::{REMOVED, Removal};

/// Names that Cosmos keeps for itself, and our own: such a Graph property moves aside.
/// <https://learn.microsoft.com/azure/cosmos-db/resource-model#properties-of-an-item>
pub(super) const SHADOWED: [&str; 7] = ["ttl", "_mirror", "_rid", "_self", "_etag", "_ts", "_attachments"];
/// Annotations that belong to a response, not to the object in it
/// (<https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation>);
/// the last one is advice that Graph gives to whoever reads without `$select`.
const OF_RESPONSE: [&str; 6] = [
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
    pub property: String,
    /// Where it points from.
    pub source: Cow<'a, str>,
    /// Where it points to.
    pub target: Cow<'a, str>,
    /// What it points to, such as `user`.
    pub target_type: String,
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
}

/// What to do about an object.
#[derive(Debug)]
pub enum Kind<'a> {
    /// It lives: store it.
    Put {
        /// Its properties, in Graph's order.
        properties: Vec<(Cow<'a, str>, &'a RawValue)>,
        /// Those whose names Cosmos keeps for itself.
        shadowed: BTreeMap<Cow<'a, str>, &'a RawValue>,
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

/// The changes of a page. The same object may come several times in it, each time with another slice of
/// its links: the last one counts for the object, and all of them for the links.
///
/// # Errors
/// What is wrong, when a link cannot be read: passing it over would lose it for good.
pub fn of(objects: &[Box<RawValue>]) -> Result<Changes<'_>, &'static str> {
    let mut changes: Vec<Change<'_>> = Vec::with_capacity(objects.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(objects.len());
    let mut links = links::Links::default();
    let mut unclear = Vec::new();
    for object in objects {
        let change = read(object);
        links.take(&change)?;
        // What says nothing hides nothing that the page says of the object elsewhere.
        if let (Kind::Unclear, Some(id)) = (&change.kind, &change.id) {
            unclear.push(id.clone());
            continue;
        }
        match change.id.as_deref().and_then(|id| places.get(id)) {
            Some(place) => changes[*place] = change,
            None => {
                if let Some(id) = change.id.as_deref() {
                    places.insert(id.to_owned(), changes.len());
                }
                changes.push(change);
            }
        }
    }
    Ok(Changes { objects: changes, links: links.into_changes(), unclear })
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
    let Some(fields) = fields(text) else {
        return Change { id: None, text, kind: Kind::SetAside("not a readable JSON object") };
    };
    let find = |name: &str| fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value);
    let id = find("id").and_then(|id| serde_json::from_str::<Text<'_>>(id.get()).ok()).map(|Text(id)| id);
    let kind = match (&id, removed::read(find(REMOVED))) {
        (None, _) => Kind::SetAside("no id"),
        (Some(id), _) if id.is_empty() => Kind::SetAside("an empty id"),
        (_, Removal::Certain(reason)) => Kind::Remove(reason),
        (_, Removal::Unclear) => Kind::Unclear,
        (_, Removal::No) => put(fields),
    };
    Change { id: id.filter(|id| !id.is_empty()), text, kind }
}

/// The members of a JSON object, read one level deep; none when it is no object.
pub(super) fn fields(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    serde_json::from_str(text).ok().map(|Fields(fields)| fields)
}

fn put<'a>(fields: Vec<(Cow<'a, str>, &'a RawValue)>) -> Kind<'a> {
    let mut properties = Vec::with_capacity(fields.len());
    let mut shadowed = BTreeMap::new();
    let mut links = Vec::new();
    for (name, value) in fields {
        if name == "id" || name == REMOVED {
            continue;
        }
        if name.ends_with(links::SUFFIX) {
            links.push((name, value));
        } else if SHADOWED.contains(&name.as_ref()) {
            shadowed.insert(name, value);
        } else {
            properties.push((name, value));
        }
    }
    Kind::Put { properties, shadowed, links }
}

/// A string that borrows where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object read one level deep.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(64);
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests;
