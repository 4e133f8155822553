//! The reader of `@removed`, for objects and links alike.
//!
//! Only the words that Graph documents remove something; their case does not matter. Null is no removal. What says that
//! something is removed without such a word decides nothing: neither that it is gone nor that it lives.
//!
//! <https://learn.microsoft.com/graph/delta-query-overview#resource-representation-in-the-delta-query-response>

use serde_json::value::RawValue;

use crate::json::{self, Members};
use crate::protocol::Reason;

/// The annotation.
pub(super) const REMOVED: &str = "@removed";

/// What the annotation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// Nothing is removed.
    No,
    /// It is gone, for this reason.
    Certain(Reason),
    /// Nobody can say.
    Unclear,
}

/// Reads the annotation, if there is one.
pub(super) fn read(annotation: Option<&RawValue>) -> Removal {
    let Some(text) = annotation.map(RawValue::get).filter(|text| *text != "null") else {
        return Removal::No;
    };
    let reason = Members::of(text).and_then(|members| members.called("reason").next().and_then(json::text));
    match reason.map(|reason| reason.trim().to_ascii_lowercase()).as_deref() {
        Some("deleted") => Removal::Certain(Reason::Deleted),
        Some("changed") => Removal::Certain(Reason::Changed),
        _ => Removal::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certain_words_remove() {
        let read = |text: &str| read(Some(&RawValue::from_string(text.to_owned()).unwrap()));
        for (text, removal) in [
            ("null", Removal::No),
            (r#"{"reason":"deleted"}"#, Removal::Certain(Reason::Deleted)),
            (r#"{"Reason":"DELETED ","x":1}"#, Removal::Certain(Reason::Deleted)),
            (r#"{"reason":"Changed"}"#, Removal::Certain(Reason::Changed)),
            (r#"{"reason":"moved"}"#, Removal::Unclear),
            (r#"{"reason":null}"#, Removal::Unclear),
            (r#"{"reason":{"deleted":true}}"#, Removal::Unclear),
            ("{}", Removal::Unclear),
            ("true", Removal::Unclear),
            (r#""deleted""#, Removal::Unclear),
        ] {
            assert_eq!(read(text), removal, "{text}");
        }
        assert_eq!(super::read(None), Removal::No);
    }
}
