//! The content of an object, in a form that compares an object from Graph with its stored document. Pure.
//!
//! Equivalent values are made equal: the delta feed omits a property that was never set, while a read by id returns
//! null, and Cosmos holds numbers as doubles. Content excludes Graph's annotations, links, and the properties that
//! Cosmos and this mirror add.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use super::change::{Change, Kind, SHADOWED};
use super::ids::short;
use crate::json::{self, Members};

/// The properties of an object that have a value.
#[derive(Debug, PartialEq)]
pub struct Content(BTreeMap<String, Value>);

/// The part of `_mirror` that is content.
#[derive(Default, Deserialize)]
pub struct Shadow<'a> {
    /// Properties whose names Cosmos reserves.
    #[serde(borrow, default)]
    pub shadowed: BTreeMap<Cow<'a, str>, &'a RawValue>,
    /// The names of the properties that this mirror wrote, where others may have added some.
    #[serde(borrow, default)]
    pub properties: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Shadow<'a> {
    /// That of a document with these members.
    pub fn of(document: &Members<'a>) -> Self {
        document.exact("_mirror").and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
    }

    /// Whether a member of the document is a property that this mirror wrote.
    pub fn wrote(&self, name: &str) -> bool {
        let listed = self.properties.as_ref().is_none_or(|ours| ours.iter().any(|our| our == name));
        listed && name != "id" && !SHADOWED.contains(&name)
    }
}

impl Content {
    /// The content of a change; `None` for an object that was removed or cannot be stored.
    pub fn of(change: &Change<'_>) -> Option<Self> {
        Some(Self::new(told(change)?))
    }

    /// The content of a stored document.
    pub fn stored(document: &RawValue) -> Option<Self> {
        let fields = Members::of(document.get())?;
        let shadow = Shadow::of(&fields);
        let own = fields.iter().filter(|(name, _)| shadow.wrote(name));
        let own = own.map(|(name, value)| (name.as_ref(), *value));
        Some(Self::new(own.chain(shadow.shadowed.iter().map(|(name, value)| (name.as_ref(), *value)))))
    }

    fn new<'a>(properties: impl Iterator<Item = (&'a str, &'a RawValue)>) -> Self {
        let content = properties.filter(|(name, _)| is_content(name));
        Self(content.filter_map(|(name, text)| Some((name.to_owned(), value(text)?))).collect())
    }

    /// The names of the properties in which the two contents differ.
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        names.filter(|name| self.0.get(*name) != other.0.get(*name)).map(String::as_str).collect()
    }

    /// A hash of the content. Equal content has the same hash within this process.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (name, value) in &self.0 {
            name.hash(&mut hasher);
            value.to_string().hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// A hash of the content of a change that can be stored: the same in every version and on every machine, and the same for
/// equal content in the same order. `with_nulls`: a null is not the same as no property, since the copy keeps both as Graph
/// sends them. `None` for an object that was removed or cannot be stored.
pub fn fingerprint(change: &Change<'_>, with_nulls: bool) -> Option<String> {
    let counts = |(name, text): &(&str, &RawValue)| is_content(name) && (with_nulls || text.get() != "null");
    let mut all: Vec<_> = told(change)?.filter(counts).collect();
    all.sort_by_key(|(name, _)| *name);
    let mut hash = Sha256::new();
    for (name, text) in all {
        hash.update(name);
        hash.update("\0");
        feed(&mut hash, text.get());
        hash.update("\0");
    }
    Some(short(hash))
}

/// Hashes the text that all equal values have. Most values have it already.
fn feed(hash: &mut Sha256, text: &str) {
    let is_plain = match text.as_bytes() {
        b"true" | b"false" | b"null" | b"[]" | b"{}" => true,
        [b'"', ..] => !text.contains('\\'),
        _ => false,
    };
    if is_plain {
        return hash.update(text);
    }
    let mut read = hash.clone();
    *hash = match json::write_plain(text, &mut read) {
        true => read,
        // What cannot be read, such as a number that is too large, is only equal to itself.
        false => hash.clone().chain_update(text),
    };
}

/// What a change says of its object.
fn told<'a>(change: &'a Change<'_>) -> Option<impl Iterator<Item = (&'a str, &'a RawValue)>> {
    let Kind::Put { properties, shadowed, .. } = &change.kind else { return None };
    let shadowed = shadowed.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    Some(properties.iter().map(|(name, value)| (name.as_ref(), *value)).chain(shadowed))
}

fn is_content(name: &str) -> bool {
    // Most names have no such sign, and one byte is found sooner than a word.
    !(name.contains('@') && name.contains("@odata."))
}

/// A value; none if there is none.
fn value(text: &RawValue) -> Option<Value> {
    let value: Value = serde_json::from_str(text.get()).ok()?;
    (!value.is_null()).then(|| as_doubles(value))
}

/// Whether two values are equal at the precision of Cosmos.
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

    /// Another one makes every deployment write all listed objects anew.
    #[test]
    fn the_fingerprint_is_that_of_the_copies_that_there_are() {
        let print = |text: &str| fingerprint(&super::super::change::read(&raw(text)), true).unwrap();
        let one = print(r#"{"id":"1","o":{"b":1,"a":[2.0,"ü",null]},"n":null,"s":"ü","@odata.type":"user"}"#);
        assert_eq!(one, print(r#"{"s":"\u00fc","n":null,"o":{ "b":1.0, "a":[2,"\u00fc",null] },"id":"2"}"#));
        assert_ne!(one, print(r#"{"s":"\u00fc","o":{"b":1,"a":[2,"ü",null]},"id":"2"}"#), "it has no `n`");
        let large = |digits: &str| print(&format!(r#"{{"id":"1","n":[{digits}]}}"#));
        assert_ne!(large("1e999"), large("2e999"), "neither is a number");
        let deep = |value: &str| {
            print(&format!(r#"{{"id":"1","n":{}{value}{}}}"#, "[".repeat(500), "]".repeat(500)))
        };
        assert_ne!(deep("1"), deep("2"));
        assert_eq!(one, "63cc20bb638dca07221bd06ebbdec2a8");
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

    #[test]
    fn what_others_added_is_no_content() {
        let stored = copy(r#"{"id":"1","a":1,"note":"x","_mirror":{"properties":["a"]}}"#);
        assert_eq!(graph(r#"{"id":"1","a":1}"#).differing(&stored), Vec::<&str>::new());
        assert_eq!(graph(r#"{"id":"1","a":1,"note":"x"}"#).differing(&stored), ["note"]);
    }
}
