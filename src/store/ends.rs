//! Finding documents by the ids that they name: links by their ends, and objects by the one that they lie in.

use azure_data_cosmos::Query;

use super::connection::{Store, with};
use super::error::StoreError;
use super::find::{FIELDS, Found, query};
use crate::protocol::{Candidate, Existing, Scope};

/// Streams the living links from or to one of `ids`.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn linked(
    store: &Store,
    scope: Scope<'_>,
    ids: impl ExactSizeIterator<Item = &String>,
) -> Result<impl Found<Candidate>, StoreError> {
    let either =
        |list: &str| format!("{FIELDS}{LIVING} AND (c.targetId IN ({list}) OR c.sourceId IN ({list}))");
    query(store, scope, naming(either, ids)?).await
}

/// Streams the living links from one of `sources`.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn links_from(
    store: &Store,
    scope: Scope<'_>,
    sources: &[String],
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let from = |list: &str| format!("{FIELDS}{LIVING} AND c.sourceId IN ({list})");
    query(store, scope, naming(from, sources.iter())?).await
}

/// Streams the living objects, whole, that lie in one of `folders`, which they name by the property at this `place`.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn inside(
    store: &Store,
    scope: Scope<'_>,
    place: &[String],
    folders: &[String],
) -> Result<impl Found<Existing> + use<>, StoreError> {
    let within = |list: &str| format!("SELECT * FROM c WHERE {LIVING} AND c.{} IN ({list})", place.join("."));
    query(store, scope, naming(within, folders.iter())?).await
}

const LIVING: &str = "NOT IS_DEFINED(c._mirror.removed)";

/// The query with these ids; `text` makes it of their list.
fn naming<'a>(
    text: impl FnOnce(&str) -> String,
    ids: impl ExactSizeIterator<Item = &'a String>,
) -> Result<Query, StoreError> {
    let names: Vec<_> = (0..ids.len()).map(|number| format!("@id{number}")).collect();
    let mut asked = Query::from(text(&names.join(", ")));
    for (name, id) in names.iter().zip(ids) {
        asked = with(asked, name, id)?;
    }
    Ok(asked)
}
