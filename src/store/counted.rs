//! Whether a sweep would take everything.

use std::pin::pin;

use azure_data_cosmos::Query;
use futures_util::TryStreamExt as _;

use super::connection::{Store, with};
use super::error::StoreError;

impl Store {
    /// Whether anything lives here besides what a sweep of what is older than `generation` would take.
    ///
    /// # Errors
    /// [`StoreError`], as the query fails.
    pub async fn has_others(&self, container: &str, generation: u64) -> Result<bool, StoreError> {
        let text = "SELECT VALUE 1 FROM c WHERE NOT IS_DEFINED(c._mirror.removed) AND \
                    (c._mirror.generation >= @generation OR c._mirror.source = 'by-id')";
        let ones = self.query::<u64>(container, with(Query::from(text), "@generation", generation)?).await?;
        Ok(pin!(ones).try_next().await?.is_some())
    }
}
