//! JSON that others sent, read member by member; pure.
//!
//! Promises: an unknown, missing or odd member, one of another type or with a name that is no text, and a second
//! spelling of one never hide the others; a name is found in any case, the exact spelling first. Nothing is quoted.
//! Leaves out on purpose: what a member means. Who decides about removal, trust or identity asks for the exact name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

mod plain;

pub use plain::write_plain;

/// Some servers write it before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of a JSON object, in its order, each as it was sent.
#[derive(Debug)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The bytes without a byte-order mark.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// A string, if that is what the value is and it is text: a lone surrogate is none.
pub fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    // Most strings stand in the text as they are, and an error for what is none would be made for nothing.
    let quoted = value.get().strip_prefix('"')?;
    match quoted.strip_suffix('"').filter(|text| !text.contains('\\')) {
        Some(text) => Some(Cow::Borrowed(text)),
        None => serde_json::from_str(value.get()).ok().map(|Text(text)| text),
    }
}

/// The values of an array, if that is what the value is.
pub fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A whole number, also where it is written as a string or with a fraction of zero.
pub fn number(value: &RawValue) -> Option<i64> {
    let written = text(value).unwrap_or(Cow::Borrowed(value.get()));
    let written = written.trim();
    written.strip_suffix(".0").unwrap_or(written).parse().ok()
}

/// An id as a log or an error may show it: a GUID. Whatever else somebody sent may be an address or a secret.
pub fn shown_id(id: &str) -> &str {
    let is_guid = |id: &str| {
        id.len() == 36
            && id.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    if is_guid(id) { id } else { "(not a GUID)" }
}

/// A name as a log or an error may show it: letters, digits and underscores, no more than resources and functions have.
pub fn shown_name(name: &str) -> &str {
    let is_name = (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { name } else { "(not a name)" }
}

impl<'a> Members<'a> {
    /// The members of exactly one object.
    pub fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The same of bytes, after a byte-order mark where there is one.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(without_mark(bytes)).ok()
    }

    /// The members of the first object in these bytes, whatever comes before and after it.
    pub fn first_in(bytes: &'a [u8]) -> Option<Self> {
        let start = bytes.iter().position(|&byte| byte == b'{')?;
        serde_json::Deserializer::from_slice(&bytes[start..]).into_iter().next()?.ok()
    }

    /// The members, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(Cow<'a, str>, &'a RawValue)> {
        self.0.iter()
    }

    /// The members themselves.
    pub fn into_vec(self) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        self.0
    }

    /// The member that is called exactly so; the last one where there are several.
    pub fn exact(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Every member that is called so in any case: those that are called exactly so first, the last one of them first.
    pub fn called(&self, name: &str) -> impl Iterator<Item = &'a RawValue> {
        let exact = self.0.iter().rev().filter(move |(key, _)| key == name);
        let folded =
            self.0.iter().rev().filter(move |(key, _)| key != name && key.eq_ignore_ascii_case(name));
        exact.chain(folded).map(|(_, value)| *value)
    }

    /// The first member called so of which `read` makes something.
    pub fn find<T>(&self, name: &str, read: impl FnMut(&'a RawValue) -> Option<T>) -> Option<T> {
        self.called(name).find_map(read)
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.find(name, text)
    }

    /// A whole number, as [`number`] reads it.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.find(name, number)
    }

    /// A truth value, also where it is written as a string.
    pub fn truth(&self, name: &str) -> Option<bool> {
        self.find(name, |value| match text(value).as_deref().unwrap_or(value.get()) {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    /// A moment in the form of RFC 3339.
    pub fn moment(&self, name: &str) -> Option<OffsetDateTime> {
        self.find(name, |value| OffsetDateTime::parse(&text(value)?, &Rfc3339).ok())
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<Members<'a>> {
        self.find(name, |value| Members::of(value.get()))
    }

    /// An array.
    pub fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.find(name, list)
    }

    /// Anything of our own types.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.find(name, |value| serde_json::from_str(value.get()).ok())
    }

    /// The members whose values can be values; the exact spelling of the last one stands.
    pub fn into_map(self) -> Map<String, Value> {
        let value = |(name, value): (Cow<'a, str>, &RawValue)| {
            Some((name.into_owned(), serde_json::from_str(value.get()).ok()?))
        };
        self.0.into_iter().filter_map(value).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The name of a member. What is no text in it, such as a lone surrogate, is replaced: no name that anybody asks for
/// has it.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Name(String::from_utf8_lossy(name)))
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(String::from_utf8_lossy(name).into_owned())))
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_member_hides_another() {
        let odd =
            r#"{"a":1e400,"b":"\ud800","c\udc00":1,"d":"x","D":7,"e":null,"f":"7","f":8.0,"G":["y",1]}"#;
        let members = Members::of(odd).unwrap();
        assert_eq!(members.text("d").as_deref(), Some("x"), "the spelling that is no text does not count");
        assert_eq!((members.number("D"), members.number("f")), (Some(7), Some(8)));
        assert_eq!((members.text("b"), members.text("e"), members.number("a")), (None, None, None));
        assert_eq!(members.list("g").unwrap().len(), 2);
        assert_eq!((members.exact("g").is_some(), members.exact("G").is_some()), (false, true));
        assert_eq!(
            Value::Object(members.into_map()),
            serde_json::json!({"c\u{fffd}\u{fffd}\u{fffd}": 1, "d": "x", "D": 7, "e": null, "f": 8.0, "G": ["y", 1]})
        );
    }

    #[test]
    fn what_comes_before_is_passed_over_where_that_is_asked_for() {
        let body = b"\xef\xbb\xbf{\"a\":1}";
        assert_eq!(Members::read(body).unwrap().number("a"), Some(1));
        assert!(Members::read(b"junk {\"a\":1}").is_none());
        for body in [&body[..], b")]}',\n{\"a\":1}", b"\xff\xfe {\"a\":1} and more", b"7 {\"a\":1}"] {
            assert_eq!(Members::first_in(body).unwrap().number("a"), Some(1));
        }
        assert!(Members::first_in(b"<html>").is_none() && Members::first_in(b"{").is_none());
    }

    #[test]
    fn depth_is_no_matter() {
        let deep = format!(r#"{{"a":{}1{},"b":"x"}}"#, "[".repeat(5000), "]".repeat(5000));
        assert_eq!(Members::of(&deep).unwrap().text("b").as_deref(), Some("x"));
    }

    #[test]
    fn words_and_moments() {
        let members = Members::of(r#"{"t":"True","f":false,"m":"2026-01-02T03:04:05.6Z","n":"no"}"#).unwrap();
        assert_eq!(
            (members.truth("t"), members.truth("f"), members.truth("n")),
            (Some(true), Some(false), None)
        );
        assert_eq!(members.moment("m").unwrap().unix_timestamp(), 1_767_323_045);
        assert_eq!(members.moment("n"), None);
    }
}
