//! Deleting documents for good, and finding those that are about one object.
//!
//! Promises: a document is deleted only while the lease of its feed is held; one that is gone already is as good.
//! Leaves out on purpose: copies that Cosmos DB keeps, such as backups.

use std::time::{Duration, Instant};

use azure_data_cosmos::Query;
use azure_data_cosmos::options::ItemWriteOptions;
use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::attempt;
use super::connection::{Store, with, write_options};
use super::containers::blame;
use super::error::StoreError;
use super::find::{Row, query};
use super::lease::Lease;
use crate::json::Members;
use crate::protocol::{Scope, document_id, parent_of};

/// For so long a throttled deletion is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A document, as far as deleting it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: String,
    /// The parent of the feed that it belongs to, or the feed's key where it lies in `mirror`.
    pub below: Option<String>,
}

impl Row for Trace {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let id = row.text("id").ok_or("id")?.into_owned();
        Ok(Self { id, below: row.text("below").map(Into::into) })
    }
}

/// The documents of an object in the container of its resource, whatever they lie under.
///
/// # Errors
/// [`StoreError`].
pub async fn of_object(store: &Store, container: &str, id: &str) -> Result<Vec<Trace>, StoreError> {
    let text = "SELECT c.id, c._mirror.parent AS below FROM c WHERE c.id = @id";
    let found =
        query(store, Scope::whole(container), with(Query::from(text), "@id", document_id(id))?).await?;
    found.try_collect().await
}

/// The links of an object, on both ends, tombstones too: those have no ends any more, but an id made of them.
///
/// # Errors
/// [`StoreError`].
pub async fn of_links(store: &Store, container: &str, id: &str) -> Result<Vec<Trace>, StoreError> {
    let text = "SELECT c.id, c._mirror.parent AS below FROM c WHERE c.sourceId = @id OR c.targetId = @id \
                OR c._mirror.parent = @parent OR ENDSWITH(c.id, @target)";
    let asked = with(with(Query::from(text), "@id", id)?, "@parent", parent_of(id))?;
    let asked = with(asked, "@target", format!("|{}", document_id(id)))?;
    query(store, Scope::whole(container), asked).await?.try_collect().await
}

/// The documents whose parent has an object's id in it, at this place of the path.
///
/// # Errors
/// [`StoreError`].
pub async fn of_children(
    store: &Store,
    container: &str,
    id: &str,
    place: usize,
) -> Result<Vec<Trace>, StoreError> {
    let text = "SELECT c.id, c._mirror.parent AS below FROM c WHERE CONTAINS(c._mirror.parent, @parent)";
    below(store, container, text, &parent_of(id), place).await
}

/// What `mirror` has of the feeds below an object: their leases, checkpoints and run records. `place`: that of the id in
/// the keys of the feeds.
///
/// # Errors
/// [`StoreError`].
pub async fn of_feeds(
    store: &Store,
    container: &str,
    resource: &str,
    id: &str,
    place: usize,
) -> Result<Vec<Trace>, StoreError> {
    let text = "SELECT c.id, c.feed AS below FROM c WHERE CONTAINS(c.feed, @parent)";
    let found = below(store, container, text, &parent_of(id), place + 1).await?;
    let is_of =
        |trace: &Trace| trace.below.as_deref().and_then(|feed| feed.split('/').next()) == Some(resource);
    Ok(found.into_iter().filter(is_of).collect())
}

/// The run records whose error names an object.
///
/// # Errors
/// [`StoreError`].
pub async fn of_runs(
    store: &Store,
    container: &str,
    prefix: &str,
    id: &str,
) -> Result<Vec<Trace>, StoreError> {
    let text =
        "SELECT c.id, c.feed AS below FROM c WHERE STARTSWITH(c.id, @prefix) AND CONTAINS(c.error, @id)";
    let asked = with(with(Query::from(text), "@prefix", prefix)?, "@id", id)?;
    query(store, Scope::whole(container), asked).await?.try_collect().await
}

async fn below(
    store: &Store,
    container: &str,
    text: &str,
    parent: &str,
    place: usize,
) -> Result<Vec<Trace>, StoreError> {
    let asked = with(Query::from(text), "@parent", parent)?;
    let found: Vec<Trace> = query(store, Scope::whole(container), asked).await?.try_collect().await?;
    let is_below =
        |trace: &Trace| trace.below.as_deref().and_then(|path| path.split('/').nth(place)) == Some(parent);
    Ok(found.into_iter().filter(is_below).collect())
}

/// Deletes a document; false if it was gone. `lease`: of its feed, where that may be written by others.
///
/// # Errors
/// [`StoreError`]: nobody knows whether it is gone.
pub async fn delete(
    store: &Store,
    container: &str,
    trace: &Trace,
    lease: Option<&Lease>,
) -> Result<bool, StoreError> {
    let client = store.container(container).await?;
    let partition = match store.partition_key(container) {
        "/id" => trace.id.clone(),
        _ => trace.below.clone().unwrap_or_default(),
    };
    let deleted = attempt::patiently(Instant::now() + PATIENCE, || async {
        let deadline = match lease {
            Some(lease) => lease.guard().await?,
            None => Instant::now() + Duration::from_secs(10),
        };
        let options = ItemWriteOptions::default().with_operation_options(write_options());
        attempt::once(deadline, client.delete_item(partition.clone(), &trace.id, Some(options))).await
    });
    match deleted.await {
        Ok(_) => Ok(true),
        Err(StoreError::Missing(_)) => Ok(false),
        Err(error) => Err(blame(store, container, error).await),
    }
}
