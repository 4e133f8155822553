//! Which objects a container has, and below which parents: no more than a fan-out needs, since it reads all of them.

use std::borrow::Cow;

use azure_data_cosmos::Query;
use serde_json::value::RawValue;

use super::connection::Store;
use super::error::StoreError;
use super::find::{Found, Row, query};
use crate::json::Members;
use crate::protocol::{Scope, Source};

/// A document, tombstones too.
#[derive(Debug)]
pub struct Placed {
    /// The id of the object in Graph; `None` for a note about an object without an id.
    pub object_id: Option<String>,
    /// The parent of the object, if the document has one.
    pub parent: Option<String>,
    /// Whether the document is a tombstone.
    pub removed: bool,
    /// How the object was read from Graph.
    pub source: Source,
}

impl Row for Placed {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let text = |name: &str| row.text(name).map(Cow::into_owned);
        let id = text("id").ok_or("id")?;
        Ok(Self {
            object_id: text("graphId").or_else(|| Some(id).filter(|id| !id.starts_with('~'))),
            parent: text("parent"),
            removed: row.truth("removed").ok_or("removed")?,
            source: row.value("source").ok_or("source")?,
        })
    }
}

/// Streams all documents of a container.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn placed(store: &Store, container: &str) -> Result<impl Found<Placed> + use<>, StoreError> {
    let text = "SELECT c.id, c._mirror.graphId, c._mirror.parent, c._mirror.source, \
                IS_DEFINED(c._mirror.removed) AS removed FROM c";
    query(store, Scope::whole(container), Query::from(text)).await
}
