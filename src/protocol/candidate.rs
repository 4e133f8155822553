//! A document as far as its marks go: what is decided by.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::{Etag, Reason, Source};
use crate::json::Members;

/// A document, as far as its marks go.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The document.
    pub id: String,
    /// The version that was read.
    pub etag: Etag,
    /// The object's own id, where it differs.
    pub graph_id: Option<String>,
    /// The parent, of a document that lies under one.
    pub parent: Option<String>,
    /// The generation of the walk that vouches for it.
    pub generation: u64,
    /// The save that covers it.
    pub save: u64,
    /// How it was read.
    pub source: Source,
    /// When its page was read.
    pub synced_at: OffsetDateTime,
    /// It is a tombstone.
    pub removed: bool,
    /// Of a tombstone: why the object is gone.
    pub reason: Option<Reason>,
    /// Of a tombstone: since when we know.
    pub removed_at: Option<OffsetDateTime>,
    /// When Cosmos last wrote it, in seconds since 1970.
    pub written: i64,
    /// Of a link: where it points from.
    pub source_id: Option<String>,
    /// Of a link: where it points to.
    pub target_id: Option<String>,
}

impl Candidate {
    /// The marks of a living document that stand among `marks`, and what Cosmos adds under the names `of_cosmos`. Whatever decides needs all of
    /// them.
    ///
    /// # Errors
    /// The name of one that is missing or odd.
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

    /// The object's own id; none for a note about an object that has no id.
    pub fn object_id(&self) -> Option<&str> {
        match &self.graph_id {
            Some(id) => Some(id),
            None => (!self.id.starts_with('~')).then_some(&self.id),
        }
    }
}
