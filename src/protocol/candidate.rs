//! The marks of a stored document, on which decisions are based.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::{Etag, Reason, Source};
use crate::json::Members;

/// The marks of a stored document.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The id of the document.
    pub id: String,
    /// The etag of the version that was read.
    pub etag: Etag,
    /// The id of the object in Graph, where it differs from the document id.
    pub graph_id: Option<String>,
    /// The parent of the object, if the document has one.
    pub parent: Option<String>,
    /// The generation of the enumeration that reported it.
    pub generation: u64,
    /// The number of the save that covers it.
    pub save: u64,
    /// How the object was read from Graph.
    pub source: Source,
    /// When its page was read.
    pub synced_at: OffsetDateTime,
    /// Whether the document is a tombstone.
    pub removed: bool,
    /// For a tombstone: why the object was removed.
    pub reason: Option<Reason>,
    /// For a tombstone: when the removal was first known.
    pub removed_at: Option<OffsetDateTime>,
    /// When Cosmos last wrote it, in seconds since 1970.
    pub written: i64,
    /// For a link: the id of the object that it starts from.
    pub source_id: Option<String>,
    /// For a link: the id of the object that it points to.
    pub target_id: Option<String>,
}

impl Candidate {
    /// Reads the marks of a living document from `marks`, and the properties that Cosmos adds under the names in
    /// `of_cosmos`. A decision needs all of them.
    ///
    /// # Errors
    /// The name of a mark that is missing or has an unexpected value.
    pub fn of(
        document: &Members<'_>,
        marks: &Members<'_>,
        of_cosmos: [&'static str; 2],
    ) -> Result<Self, &'static str> {
        let [etag, written] = of_cosmos;
        let text = |of: &Members<'_>, name: &str| of.text(name).map(Cow::into_owned);
        let number = |name: &'static str| marks.number(name).and_then(|n| u64::try_from(n).ok()).ok_or(name);
        Ok(Self {
            id: text(document, "id").ok_or("id")?,
            etag: text(document, etag).ok_or("etag")?.into(),
            graph_id: text(marks, "graphId"),
            parent: text(marks, "parent"),
            generation: number("generation")?,
            save: number("save")?,
            source: marks.value("source").ok_or("source")?,
            synced_at: marks.moment("syncedAt").ok_or("syncedAt")?,
            removed: false,
            reason: None,
            removed_at: None,
            written: document.number(written).ok_or("_ts")?,
            source_id: text(document, "sourceId"),
            target_id: text(document, "targetId"),
        })
    }

    /// The id of the object in Graph; `None` for a note about an object without an id.
    pub fn object_id(&self) -> Option<&str> {
        match &self.graph_id {
            Some(id) => Some(id),
            None => (!self.id.starts_with('~')).then_some(&self.id),
        }
    }
}
