//! Finding documents by their marks: what a complete walk did not see, and what is doubtful.

use std::fmt::Write as _;

use azure_core::http::Etag;
use azure_data_cosmos::options::{MaxItemCountHint, QueryOptions};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use time::OffsetDateTime;

use super::checkpoint::Burnt;
use super::connection::{Store, query_options};
use super::documents::Source;
use super::error::StoreError;

/// What is read of a document that was found.
const FIELDS: &str = "SELECT c.id, c._etag AS etag, c._mirror.graphId, c._mirror.generation, \
                      c._mirror.save, c._mirror.source FROM c WHERE ";
/// Documents in a page of a query.
const PAGE: u32 = 1000;

/// A document, as far as its marks go.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The document.
    pub id: String,
    /// The version that was read.
    pub etag: Etag,
    /// The object's own id, where it differs.
    pub graph_id: Option<String>,
    /// The generation of the walk that vouches for it.
    pub generation: u64,
    /// The save that covers it.
    pub save: u64,
    /// How it was read.
    pub source: Source,
}

impl Candidate {
    /// The object's own id; none for a note about an object that has no id.
    pub fn object_id(&self) -> Option<&str> {
        match &self.graph_id {
            Some(id) => Some(id),
            None => (!self.id.starts_with('~')).then_some(&self.id),
        }
    }
}

impl Store {
    /// Streams the living documents whose generation is below `generation`.
    ///
    /// # Errors
    /// [`StoreError`], when the container cannot be opened or the query is refused; each item of the
    /// stream may fail too.
    pub async fn older_than(
        &self,
        container: &str,
        generation: u64,
    ) -> Result<impl Stream<Item = Result<Candidate, StoreError>> + use<>, StoreError> {
        let living_and_older = "NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
        let query = with(Query::from(format!("{FIELDS}{living_and_older}")), "@generation", generation)?;
        self.query(container, query).await
    }

    /// Counts the living documents of `generation` and later. The SDK refuses an aggregate over several
    /// partitions, so the count is taken here, over a stream of ones.
    ///
    /// # Errors
    /// [`StoreError`], as the query fails.
    pub async fn count_from(&self, container: &str, generation: u64) -> Result<u64, StoreError> {
        let text = "SELECT VALUE 1 FROM c \
                    WHERE NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation >= @generation";
        let ones = self.query::<u64>(container, with(Query::from(text), "@generation", generation)?).await?;
        ones.try_fold(0, |count, one| async move { Ok(count + one) }).await
    }

    /// Streams the documents, tombstones too, that were read by id or carry a burnt number, and were last
    /// written before `cutoff`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn doubtful(
        &self,
        container: &str,
        burnt: &[Burnt],
        cutoff: OffsetDateTime,
    ) -> Result<impl Stream<Item = Result<Candidate, StoreError>> + use<>, StoreError> {
        let mut text = format!("{FIELDS}c._ts <= @cutoff AND (c._mirror.source = 'by-id'");
        for Burnt { from, to, .. } in burnt {
            // Numbers of our own; a string always takes them.
            let _ = write!(text, " OR (c._mirror.save >= {from} AND c._mirror.save <= {to})");
        }
        text.push(')');
        let query = with(Query::from(text), "@cutoff", cutoff.unix_timestamp())?;
        self.query(container, query).await
    }

    async fn query<T: for<'de> Deserialize<'de> + Send + 'static>(
        &self,
        container: &str,
        query: Query,
    ) -> Result<impl Stream<Item = Result<T, StoreError>> + use<T>, StoreError> {
        let container = self.container(container).await?;
        let page = std::num::NonZeroU32::new(PAGE).map(MaxItemCountHint::Limit);
        let mut options = QueryOptions::default().with_operation_options(query_options());
        if let Some(page) = page {
            options = options.with_max_item_count(page);
        }
        let found = container.query_items::<T>(query, FeedScope::full_container(), Some(options)).await?;
        Ok(found.map(|item| item.map_err(StoreError::from)))
    }
}

fn with(query: Query, name: &str, value: impl serde::Serialize) -> Result<Query, StoreError> {
    query
        .with_parameter(name, value)
        .map_err(|error| StoreError::Unknown(format!("a query parameter: {error}")))
}
