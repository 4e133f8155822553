//! The format of the documents in the container `mirror`: each one says which it is, so that an older version refuses
//! what it would misread, by name. Pure.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The format that this version writes, and the newest that it reads. Documents without one are of the first.
pub const FORMAT: u64 = 3;

/// A document that is there, and that this version cannot read. Nothing of its content is told: it may have a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer version wrote it.
    #[error(
        "it has format {found} and this version reads format {FORMAT} at most: deploy the version again that wrote it, or a later one"
    )]
    Newer {
        /// Its format.
        found: u64,
    },
    /// It lacks what it needs, or has it in another form.
    #[error("it is not what this version writes")]
    Malformed,
}

/// A document with its format.
#[derive(Serialize)]
pub struct Stamped<'a, T> {
    format: u64,
    #[serde(flatten)]
    document: &'a T,
}

impl<'a, T> Stamped<'a, T> {
    /// As this version writes it.
    pub fn new(document: &'a T) -> Self {
        Self { format: FORMAT, document }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: u64,
}

/// Reads a document, unless a newer version wrote it.
///
/// # Errors
/// [`Unreadable`] says why this version cannot.
pub fn read<T: DeserializeOwned>(text: &RawValue) -> Result<T, Unreadable> {
    let head: Head = serde_json::from_str(text.get()).map_err(|_| Unreadable::Malformed)?;
    if head.format > FORMAT {
        return Err(Unreadable::Newer { found: head.format });
    }
    serde_json::from_str(text.get()).map_err(|_| Unreadable::Malformed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        id: String,
    }

    #[test]
    fn a_newer_format_is_refused_whatever_else_it_says() {
        let read = |value| read::<Thing>(&to_raw_value(&value).unwrap());
        assert_eq!(read(json!({"id": "a"})), Ok(Thing { id: "a".into() }), "the first had none");
        assert_eq!(read(json!({"id": "a", "format": FORMAT})), Ok(Thing { id: "a".into() }));
        let newer = FORMAT + 1;
        assert_eq!(read(json!({"id": "a", "format": newer})), Err(Unreadable::Newer { found: newer }));
        assert_eq!(read(json!({"format": newer})), Err(Unreadable::Newer { found: newer }));
        for odd in [json!({}), json!([]), json!({"id": 1}), json!({"id": "a", "format": "one"})] {
            assert_eq!(read(odd), Err(Unreadable::Malformed));
        }
    }

    #[test]
    fn every_document_says_its_format() {
        let json = serde_json::to_value(Stamped::new(&Thing { id: "a".into() })).unwrap();
        assert_eq!(json, json!({"format": FORMAT, "id": "a"}));
    }
}
