//! How large a page may be beyond its bytes: objects, links and members are counted before memory is taken for them.
//! Pure.
//!
//! Graph's own pages have a few hundred objects and some thousand links. What is larger by orders of magnitude comes from
//! something else that answers in Graph's place, and would end the process of a small instance in each turn.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Most objects of a page.
const OBJECTS: usize = 10_000;
/// Most links of a page: the items of the slices of all relationships.
const LINKS: usize = 200_000;
/// Most members of all objects of a page together.
const MEMBERS: usize = 500_000;
/// How the feed marks a slice of a relationship.
const SLICE: &[u8] = b"@delta";

/// What there is too much of, in words.
pub type Bound = &'static str;

/// The items of an array, counted as they are read; none when the value is no array.
///
/// # Errors
/// Which bound the page is beyond.
pub fn objects(value: &RawValue) -> Result<Option<Vec<Box<RawValue>>>, Bound> {
    let mut count = Count::default();
    let read = Objects(&mut count).deserialize(&mut Deserializer::from_str(value.get()));
    count.beyond.map_or(Ok(read.ok()), Err)
}

#[derive(Default)]
struct Count {
    links: usize,
    members: usize,
    beyond: Option<Bound>,
}

impl Count {
    /// Counts what one object has.
    fn add(&mut self, object: &RawValue) {
        // What is no object has no members; whoever reads it finds out.
        let _ = Deserializer::from_str(object.get()).deserialize_map(Object(self));
        if self.links > LINKS {
            self.beyond = Some("200,000 links");
        } else if self.members > MEMBERS {
            self.beyond = Some("500,000 properties");
        }
    }
}

struct Objects<'c>(&'c mut Count);

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = Vec<Box<RawValue>>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = Vec<Box<RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut objects = Vec::new();
        while let Some(object) = all.next_element::<&RawValue>()? {
            self.0.add(object);
            if objects.len() == OBJECTS {
                self.0.beyond = Some("10,000 objects");
            }
            if let Some(bound) = self.0.beyond {
                return Err(A::Error::custom(bound));
            }
            objects.push(object.to_owned());
        }
        Ok(objects)
    }
}

struct Object<'c>(&'c mut Count);

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(is_slice) = map.next_key_seed(Name)? {
            self.0.members += 1;
            match is_slice {
                true => self.0.links += items(map.next_value()?),
                false => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.0.members > MEMBERS || self.0.links > LINKS {
                return Err(A::Error::custom("too much"));
            }
        }
        Ok(())
    }
}

/// The items of an array, up to one more than there may be.
fn items(value: &RawValue) -> usize {
    struct Items;
    impl<'de> Visitor<'de> for Items {
        type Value = usize;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while count <= LINKS && all.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
    // One that stops early has not read to the end, which serde calls an error.
    let mut reader = Deserializer::from_str(value.get());
    match reader.deserialize_seq(Items) {
        Ok(count) => count,
        Err(error) if error.is_syntax() => LINKS + 1,
        Err(_) => 0,
    }
}

/// Whether a member is a slice of a relationship, by its name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Name {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name.ends_with(SLICE))
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name.as_bytes().ends_with(SLICE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: String) -> Result<Option<usize>, Bound> {
        objects(&RawValue::from_string(text).unwrap()).map(|read| read.map(|objects| objects.len()))
    }

    fn page(item: &str, count: usize) -> String {
        format!("[{}]", vec![item; count].join(","))
    }

    #[test]
    fn what_fits_is_read_and_one_more_is_named() {
        assert_eq!(read(page("{}", OBJECTS)), Ok(Some(OBJECTS)));
        assert_eq!(read(page("{}", OBJECTS + 1)), Err("10,000 objects"));
        assert_eq!(read(page("7", OBJECTS + 1)), Err("10,000 objects"));
        let links =
            |count| format!(r#"[{{"id":"g","members@delta":{}}},{{"n@delta":7}}]"#, page("{}", count));
        assert_eq!(read(links(LINKS)), Ok(Some(2)));
        assert_eq!(read(links(LINKS + 1)), Err("200,000 links"));
        let some = format!(r#"{{"members@delta":{}}}"#, page("{}", LINKS / 100));
        assert_eq!(read(page(&some, 100)), Ok(Some(100)));
        assert_eq!(read(page(&some, 101)), Err("200,000 links"), "of all objects together");
        let object = format!("{{{}}}", vec![r#""a":1e400"#; MEMBERS / 10].join(","));
        assert_eq!(read(page(&object, 10)), Ok(Some(10)));
        assert_eq!(read(page(&object, 11)), Err("500,000 properties"));
    }

    #[test]
    fn what_is_odd_counts_as_what_it_is() {
        for odd in ["7", "null", r#""x""#, "{}"] {
            assert_eq!(read(odd.into()), Ok(None), "{odd}");
        }
        let odd = r#"[7,null,"x",{"a\ud800":[],"b":"\ud800","m@delta":null},[[]]]"#;
        assert_eq!(read(odd.into()), Ok(Some(5)));
    }
}
