//! Reads `@removed`, of objects and of links.
//!
//! Only the reasons that Graph documents remove an object or a link; their case does not matter. Null is no removal. An
//! annotation with any other reason decides nothing: the object is treated neither as removed nor as existing.
//!
//! <https://learn.microsoft.com/graph/delta-query-overview#resource-representation-in-the-delta-query-response>

use serde_json::value::RawValue;

use crate::json::{self, Members};
use crate::protocol::Reason;

pub(super) const REMOVED: &str = "@removed";

/// The meaning of the annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// The object or link is not removed.
    No,
    /// The object or link was removed, for this reason.
    Certain(Reason),
    /// The annotation does not give a documented reason.
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
