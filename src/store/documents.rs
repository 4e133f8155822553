//! Documents as a whole: one by its id, or all the living ones of a container.

use std::collections::HashMap;
use std::time::Instant;

use azure_data_cosmos::Query;
use azure_data_cosmos::options::ItemReadOptions;
use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::attempt;
use super::connection::{READ_TIMEOUT, Store, read_options, with};
use super::containers::blame;
use super::error::StoreError;
use super::find::{FIELDS, Found, query};
use super::newest;
use crate::protocol::compare::Summary;
use crate::protocol::{Candidate, Existing, Scope};

/// Most ids in one query: a page of a list has as many (<https://learn.microsoft.com/graph/paging>).
const MOST_IDS: usize = 1000;
/// Finds nothing, and keeps the client from asking for each id by itself where the id is the partition key: it would send as
/// many queries, and refuses to send more than a hundred.
const NO_KEYS: &str = "c._mirror.save < 0";
/// An id that no document has.
const NO_DOCUMENT: &str = "none";

/// One document; none when there is none.
///
/// # Errors
/// [`StoreError`], also when it is not a document of this mirror.
pub async fn read(store: &Store, scope: Scope<'_>, id: &str) -> Result<Option<Existing>, StoreError> {
    let lacks =
        |what| StoreError::Unknown(format!("a document that is none of this mirror: it lacks `{what}`"));
    let read = text_of(store, scope, id).await?;
    read.map(|text| Existing::of(text).map_err(lacks)).transpose()
}

/// One document of this mirror; none when there is none, or when what is there is none of ours: the feed overwrites it.
///
/// # Errors
/// [`StoreError`], as it cannot be read.
pub async fn read_ours(store: &Store, scope: Scope<'_>, id: &str) -> Result<Option<Existing>, StoreError> {
    let read = text_of(store, scope, id).await?;
    Ok(read.and_then(|text| Existing::of(text).ok()))
}

/// What is known of the documents with these ids, each under its id.
///
/// # Errors
/// [`StoreError`], as the query fails.
pub async fn summaries(
    store: &Store,
    scope: Scope<'_>,
    ids: &[String],
) -> Result<HashMap<String, Summary>, StoreError> {
    let mut all = HashMap::with_capacity(ids.len());
    for some in ids.chunks(MOST_IDS) {
        let names: Vec<_> = (0..some.len()).map(|place| format!("@i{place}")).collect();
        let mut asked = Query::from(format!("{FIELDS}({NO_KEYS} OR c.id IN ({}))", names.join(",")));
        for (name, id) in names.iter().zip(some) {
            asked = with(asked, name, id)?;
        }
        let found: Vec<Summary> = query(store, scope, asked).await?.try_collect().await?;
        all.extend(found.into_iter().map(|one| (one.marks.id.clone(), one)));
    }
    Ok(all)
}

/// Has the next read see the newest version of a document, for whoever decides by it to write nothing.
///
/// # Errors
/// [`StoreError`], when Cosmos could not be asked.
pub async fn reach_newest(store: &Store, scope: Scope<'_>, kept: &Existing) -> Result<(), StoreError> {
    let (id, container) = (&kept.marks.id, store.container(scope.container).await?);
    match newest::reach(&container, scope.partition(id), id, &kept.text, Instant::now() + READ_TIMEOUT).await
    {
        Ok(()) => Ok(()),
        Err(error) => Err(blame(store, scope.container, error).await),
    }
}

/// Has the next query of a feed below a parent see whatever has been written to its partition, by any process. It writes
/// nothing.
///
/// # Errors
/// [`StoreError`], when Cosmos could not be asked.
pub async fn reach_newest_below(store: &Store, scope: Scope<'_>) -> Result<(), StoreError> {
    let Some(parent) = scope.parent else { return Ok(()) };
    let container = store.container(scope.container).await?;
    let document = serde_json::json!({"id": NO_DOCUMENT, "_mirror": {"parent": parent}});
    match newest::reach(&container, parent, NO_DOCUMENT, &document, Instant::now() + READ_TIMEOUT).await {
        Ok(()) => Ok(()),
        Err(error) => Err(blame(store, scope.container, error).await),
    }
}

/// The text of a document.
async fn text_of(store: &Store, scope: Scope<'_>, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
    let container = store.container(scope.container).await?;
    let partition = scope.partition(id);
    let deadline = Instant::now() + READ_TIMEOUT;
    let answer = attempt::patiently(deadline, || {
        let options = ItemReadOptions::default().with_operation_options(read_options());
        attempt::once(deadline, container.read_item(partition.to_owned(), id, Some(options)))
    });
    match answer.await {
        Ok(response) => {
            let text = response.into_model();
            let text = text.map_err(|_| StoreError::Unknown("a document that is no JSON".into()))?;
            Ok(Some(text))
        }
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(blame(store, scope.container, error).await),
    }
}

/// Streams the living documents of a container, whole.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn living(store: &Store, scope: Scope<'_>) -> Result<impl Found<Existing> + use<>, StoreError> {
    let text = "SELECT * FROM c WHERE NOT IS_DEFINED(c._mirror.removed)";
    query(store, scope, Query::from(text)).await
}

/// The parents below which a living document has this id. One query of the whole container.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn parents_of(store: &Store, container: &str, id: &str) -> Result<Vec<String>, StoreError> {
    let text = format!("{FIELDS}c.id = @id AND NOT IS_DEFINED(c._mirror.removed)");
    let found = query(store, Scope::whole(container), with(Query::from(text), "@id", id)?).await?;
    let found: Vec<Candidate> = found.try_collect().await?;
    Ok(found.into_iter().filter_map(|one| one.parent).collect())
}

/// Streams the marks of the living documents of a container.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn living_marks(
    store: &Store,
    scope: Scope<'_>,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    query(store, scope, Query::from(format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed)"))).await
}
