//! What lies in a resource's container: the object as Graph sent it, and one object of ours.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// A document that knows where it lies.
pub trait Stored: Serialize + Sync {
    /// Its id.
    fn id(&self) -> &str;
    /// The value of its partition key.
    fn partition(&self) -> &str;
}

/// A document. Properties are written as the text that Graph sent, never re-parsed.
#[derive(Debug)]
pub struct Document<'a> {
    /// The document's id, legal for Cosmos.
    pub id: String,
    /// The object's properties, without `id` and without those that Cosmos keeps for itself.
    pub properties: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Ours.
    pub meta: Meta<'a>,
    /// Seconds until Cosmos removes the document.
    pub ttl: Option<u64>,
}

/// `_mirror`: where a document comes from and which save covers it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<'a> {
    /// The catalogue's name of the resource.
    pub resource: &'a str,
    /// The tenant it was read from.
    pub tenant_id: &'a str,
    /// When it was read.
    #[serde(with = "time::serde::rfc3339")]
    pub synced_at: OffsetDateTime,
    /// How it was read.
    pub source: Source,
    /// The generation of the enumeration that saw it.
    pub generation: u64,
    /// The number of the checkpoint save that covers it.
    pub save: u64,
    /// The hash of the content of an object, with which an enumeration is compared (rule 13).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The parent, of a document that lies under one; then it is the partition key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The object's own id, where the document's differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_id: Option<Cow<'a, str>>,
    /// Properties whose names Cosmos keeps for itself, and the text of those whose values it cannot hold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shadowed: BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>,
    /// The names of the properties that this mirror wrote, where others may add some of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<Cow<'a, str>>>,
    /// Set on a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed>,
    /// Set instead of content that Cosmos refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
}

/// How an object was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", from = "String")]
pub enum Source {
    /// From the delta feed, or concluded from a complete enumeration of it.
    Delta,
    /// From a list, or concluded from a complete one.
    List,
    /// From a list of objects of a range of time.
    Window,
    /// By its id: doubtful until the feed delivers it or a later look confirms it.
    ById,
    /// By its id, and settled: a look long enough after the doubt began found the same.
    Checked,
    /// In a way that this version does not know: a later one wrote it. Never written.
    Unknown,
}

impl From<String> for Source {
    fn from(name: String) -> Self {
        match &*name {
            "delta" => Self::Delta,
            "list" => Self::List,
            "window" => Self::Window,
            "by-id" => Self::ById,
            "checked" => Self::Checked,
            _ => Self::Unknown,
        }
    }
}

/// Why an object is gone, and since when we know.
#[derive(Debug, Clone, Serialize)]
pub struct Removed {
    /// As Graph said, or as a complete enumeration showed.
    pub reason: Reason,
    /// When we learned of it.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Why an object is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Soft-deleted: it can be restored.
    Changed,
    /// Gone for good.
    Deleted,
    /// A complete enumeration did not show it.
    Missing,
}

/// Why a document has no content.
#[derive(Debug, Clone, Serialize)]
pub struct SetAside {
    /// What Cosmos, or the reader, said.
    pub reason: String,
    /// Size of the object, as JSON text.
    pub bytes: usize,
}

impl Stored for Document<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn partition(&self) -> &str {
        self.meta.parent.as_deref().unwrap_or(&self.id)
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        for (name, value) in &self.properties {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("_mirror", &self.meta)?;
        if let Some(ttl) = self.ttl {
            map.serialize_entry("ttl", &ttl)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_their_text() {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"n":1.10,"big":12345678901234567890,"s":"\u00e9"}"#).unwrap();
        let document = Document {
            id: "1".into(),
            properties: vec![("employeeOrgData".into(), &raw)],
            meta: Meta {
                resource: "users",
                tenant_id: "t",
                synced_at: OffsetDateTime::UNIX_EPOCH,
                source: Source::Delta,
                generation: 2,
                save: 7,
                hash: None,
                parent: None,
                graph_id: None,
                shadowed: BTreeMap::new(),
                properties: None,
                removed: None,
                set_aside: None,
            },
            ttl: None,
        };
        assert_eq!(
            serde_json::to_string(&document).unwrap(),
            r#"{"id":"1","employeeOrgData":{"n":1.10,"big":12345678901234567890,"s":"\u00e9"},"_mirror":{"resource":"users","tenantId":"t","syncedAt":"1970-01-01T00:00:00Z","source":"delta","generation":2,"save":7}}"#
        );
    }
}
