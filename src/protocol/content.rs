//! What an object says, in a form in which Graph's side and the copy's can be compared. Pure.
//!
//! Two ways of saying the same are made one: a property that was never set is left out by the delta feed
//! and null when the object is read by its id, and Cosmos holds numbers as doubles. What is not content is
//! left out: Graph's annotations, links, and what Cosmos and this mirror add.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::change::{Change, Kind, SHADOWED};
use crate::json::Members;

/// The properties of an object that have a value.
#[derive(Debug, PartialEq)]
pub struct Content(BTreeMap<String, Value>);

/// What of `_mirror` is content.
#[derive(Default, Deserialize)]
pub struct Shadow<'a> {
    /// Properties whose names Cosmos keeps for itself.
    #[serde(borrow, default)]
    pub shadowed: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

impl Content {
    /// What Graph says; nothing of what does not live or cannot be stored.
    pub fn of(change: &Change<'_>) -> Option<Self> {
        let Kind::Put { properties, shadowed, .. } = &change.kind else { return None };
        let shadowed = shadowed.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        Some(Self::new(properties.iter().map(|(name, value)| (name.as_ref(), *value)).chain(shadowed)))
    }

    /// What the copy says.
    pub fn stored(document: &RawValue) -> Option<Self> {
        let fields = Members::of(document.get())?.into_vec();
        let is_ours = |name: &str| name == "id" || SHADOWED.contains(&name);
        let mirror = fields.iter().find(|(name, _)| name == "_mirror");
        let shadow: Shadow<'_> =
            mirror.and_then(|(_, text)| serde_json::from_str(text.get()).ok()).unwrap_or_default();
        let own = fields.iter().filter(|(name, _)| !is_ours(name));
        let own = own.map(|(name, value)| (name.as_ref(), *value));
        Some(Self::new(own.chain(shadow.shadowed.iter().map(|(name, value)| (name.as_ref(), *value)))))
    }

    fn new<'a>(properties: impl Iterator<Item = (&'a str, &'a RawValue)>) -> Self {
        let content = properties.filter(|(name, _)| !name.contains("@odata.")).filter_map(|(name, text)| {
            let value: Value = serde_json::from_str(text.get()).ok()?;
            (!value.is_null()).then(|| (name.to_owned(), as_doubles(value)))
        });
        Self(content.collect())
    }

    /// The names of the properties in which two differ.
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        names.filter(|name| self.0.get(*name) != other.0.get(*name)).map(String::as_str).collect()
    }

    /// A hash; the same within this process for the same content.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (name, value) in &self.0 {
            name.hash(&mut hasher);
            value.to_string().hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Whether two values are the same as far as Cosmos can tell them apart.
pub fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let read = |text: &RawValue| serde_json::from_str(text.get()).ok().map(as_doubles);
    one.get() == other.get() || read(one).is_some_and(|one| read(other) == Some(one))
}

fn as_doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            number.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        Value::Array(values) => Value::Array(values.into_iter().map(as_doubles).collect()),
        Value::Object(values) => {
            Value::Object(values.into_iter().map(|(name, value)| (name, as_doubles(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn graph(text: &str) -> Content {
        Content::of(&super::super::change::read(&raw(text))).unwrap()
    }

    fn copy(text: &str) -> Content {
        Content::stored(&raw(text)).unwrap()
    }

    #[test]
    fn two_ways_of_saying_the_same_are_the_same() {
        let by_id = graph(
            r##"{"@odata.context":"c","id":"1","n":1.10,"big":12345678901234567890,"never":null,"l@delta":[],"o":{"b":null,"a":[2]}}"##,
        );
        let stored = copy(
            r#"{"id":"1","o":{"a":[2.0],"b":null},"n":1.1,"big":12345678901234567000,"_mirror":{"generation":1},"_ts":9}"#,
        );
        assert_eq!((by_id.differing(&stored), by_id.digest()), (vec![], stored.digest()));
    }

    #[test]
    fn what_differs_is_named_on_either_side() {
        let (one, other) = (graph(r#"{"id":"1","a":1,"b":"x"}"#), copy(r#"{"id":"1","b":"y","c":0}"#));
        assert_eq!(one.differing(&other), ["a", "b", "c"]);
        assert_ne!(one.digest(), other.digest());
        assert_eq!(graph(r#"{"id":"1","o":{"a":1}}"#).differing(&copy(r#"{"o":{"a":1,"b":null}}"#)), ["o"]);
    }

    #[test]
    fn what_cosmos_keeps_for_itself_is_compared_where_it_was_put() {
        let stored = copy(r#"{"id":"1","ttl":5,"_mirror":{"shadowed":{"ttl":7}}}"#);
        assert_eq!(graph(r#"{"id":"1","ttl":7}"#).differing(&stored), Vec::<&str>::new());
        assert_eq!(graph(r#"{"id":"1","ttl":8}"#).differing(&stored), ["ttl"]);
    }
}
