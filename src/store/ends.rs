//! Finding links by their ends.

use azure_data_cosmos::Query;

use super::connection::{Store, with};
use super::error::StoreError;
use super::find::{FIELDS, Found, query};
use crate::protocol::{Candidate, Scope};

/// Streams the living links from or to one of `ids`.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn linked(
    store: &Store,
    scope: Scope<'_>,
    ids: impl ExactSizeIterator<Item = &String>,
) -> Result<impl Found<Candidate>, StoreError> {
    let names: Vec<_> = (0..ids.len()).map(|number| format!("@id{number}")).collect();
    let list = names.join(", ");
    let text = format!(
        "{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND (c.targetId IN ({list}) OR c.sourceId IN ({list}))"
    );
    let mut asked = Query::from(text);
    for (name, id) in names.into_iter().zip(ids) {
        asked = with(asked, &name, id)?;
    }
    query(store, scope, asked).await
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
    let names: Vec<_> = (0..sources.len()).map(|number| format!("@id{number}")).collect();
    let list = names.join(", ");
    let text = format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND c.sourceId IN ({list})");
    let mut asked = Query::from(text);
    for (name, id) in names.iter().zip(sources) {
        asked = with(asked, name, id)?;
    }
    query(store, scope, asked).await
}
