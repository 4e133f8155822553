//! How a made-up object comes to its properties, as its row says.

use serde::Deserialize;
use serde_json::Value;

/// How a made-up object comes to a property.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Maker {
    /// A GUID, always there and never changed.
    Guid,
    /// A point in time.
    Moment,
    /// True or false, always there.
    Flag,
    /// This text, always there; `{number}` is one that no other object has.
    Text(String),
    /// One of these values.
    OneOf(Vec<Value>),
}

impl Maker {
    /// Whether some objects lack it, or have it as null.
    pub(super) fn is_optional(&self) -> bool {
        matches!(self, Self::Moment | Self::OneOf(_))
    }
}
