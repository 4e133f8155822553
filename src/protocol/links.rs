//! Link documents: one for each link between two objects, never an array on either.

use serde::Serialize;

use super::{Meta, Stored, document_id, hashed};

/// Longest id of an item, in bytes.
const LONGEST: usize = 1023;

/// A link, or the tombstone of one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkDocument<'a> {
    /// `<source>|<target>`, each as its own document's id.
    pub id: String,
    /// Where it points from; absent on a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<&'a str>,
    /// Where it points to; absent on a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<&'a str>,
    /// What it points to, such as `user`; absent on a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<&'a str>,
    /// Ours; the parent is the source.
    #[serde(rename = "_mirror")]
    pub meta: Meta<'a>,
    /// Seconds until Cosmos removes the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

impl Stored for LinkDocument<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn partition(&self) -> &str {
        self.meta.parent.as_deref().unwrap_or_default()
    }
}

/// The id of a link's document.
pub fn link_id(source: &str, target: &str) -> String {
    let id = format!("{}|{}", document_id(source), document_id(target));
    if id.len() <= LONGEST { id } else { hashed(format!("{source}|{target}").as_bytes()) }
}

/// The parent of a source's links: its id, percent-encoded, so that a path of parents stays readable.
pub fn parent_of(source: &str) -> String {
    percent_encoding::utf8_percent_encode(source, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        // Ids are made of these; they mean nothing in a path.
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".")
        .replace("%7E", "~")
        .replace("%3D", "=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_named_by_both_ends() {
        assert_eq!(link_id("g-1", "u-2"), "g-1|u-2");
        assert_eq!(link_id("a/b", "c"), "~YS9i|c");
        assert!(link_id(&"x".repeat(600), &"y".repeat(600)).starts_with("~sha256-"));
        assert_eq!(parent_of("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0"), "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0");
        assert_eq!(parent_of("a/b|c"), "a%2Fb%7Cc");
    }
}
