//! Finding what a complete walk did not see.

use azure_core::http::Etag;
use azure_data_cosmos::options::{MaxItemCountHint, QueryOptions};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use super::connection::{Store, query_options};
use super::error::StoreError;

/// A living document, as far as the sweep needs to know it.
#[derive(Debug, Clone, Deserialize)]
pub struct Candidate {
    /// The document.
    pub id: String,
    /// The version that was read.
    pub etag: Etag,
    /// The object's own id, where it differs.
    #[serde(rename = "graphId")]
    pub graph_id: Option<String>,
    /// The save that covers it.
    pub save: u64,
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
        let text = "SELECT c.id, c._etag AS etag, c._mirror.graphId, c._mirror.save FROM c \
                    WHERE NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
        self.query(container, text, generation).await
    }

    /// Counts the living documents of `generation` and later. The SDK refuses an aggregate over several
    /// partitions, so the count is taken here, over a stream of ones.
    ///
    /// # Errors
    /// [`StoreError`], as the query fails.
    pub async fn count_from(&self, container: &str, generation: u64) -> Result<u64, StoreError> {
        let text = "SELECT VALUE 1 FROM c \
                    WHERE NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation >= @generation";
        let ones = self.query::<u64>(container, text, generation).await?;
        ones.try_fold(0, |count, one| async move { Ok(count + one) }).await
    }

    async fn query<T: for<'de> Deserialize<'de> + Send + 'static>(
        &self,
        container: &str,
        text: &str,
        generation: u64,
    ) -> Result<impl Stream<Item = Result<T, StoreError>> + use<T>, StoreError> {
        let container = self.container(container).await?;
        let query = Query::from(text)
            .with_parameter("@generation", generation)
            .map_err(|error| StoreError::Unknown(format!("a query parameter: {error}")))?;
        let options = QueryOptions::default()
            .with_operation_options(query_options())
            .with_max_item_count(MaxItemCountHint::Limit(std::num::NonZeroU32::MIN.saturating_add(999)));
        let found = container.query_items::<T>(query, FeedScope::full_container(), Some(options)).await?;
        Ok(found.map(|item| item.map_err(StoreError::from)))
    }
}
