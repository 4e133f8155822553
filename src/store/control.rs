//! The `mirror` container: per feed one partition with the lease, the checkpoint and the run records.
//!
//! Lease and checkpoint share a partition, so that whoever has just written the lease also reads the
//! newest checkpoint (session consistency is per partition).

use std::fmt;
use std::time::Instant;

use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::models::ItemResponse;
use azure_data_cosmos::options::{
    ContentResponseOnWrite, ItemReadOptions, ItemWriteOptions, OperationOptions, Precondition, QueryOptions,
};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::TryStreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::attempt;
use super::connection::{READ_TIMEOUT, Store, query_options, read_options, with, write_options};
use super::containers::{Blamer, blamer};
use super::definition::CONTROL;
use super::error::StoreError;
use super::{meter, newest};
use crate::protocol::format::{self, Stamped};
use crate::protocol::{CHECKPOINT, Etag, Unreadable};

/// One feed's partition of the `mirror` container.
#[derive(Clone)]
pub struct Control {
    container: ContainerClient,
    feed: String,
    blamer: Blamer,
}

/// A document as it lies in Cosmos, with the etag that the next save must match.
#[derive(Debug, Clone)]
pub struct Saved<T> {
    /// The document.
    pub document: T,
    /// Its version.
    pub etag: Etag,
}

impl Control {
    /// The control partition of the feed with this key.
    ///
    /// # Errors
    /// [`StoreError`], when the account or the container cannot be opened.
    pub async fn open(store: &Store, feed: &str) -> Result<Self, StoreError> {
        let (container, blamer) = (store.container(CONTROL.0).await?, blamer(store, CONTROL.0));
        Ok(Self { container, feed: feed.to_owned(), blamer })
    }

    /// The key of the feed.
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// Reads a document; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], also when it is not readable as what it should be.
    pub async fn read<T: DeserializeOwned>(&self, id: &str) -> Result<Option<Saved<T>>, StoreError> {
        let Some(Saved { document, etag }) = self.read_any(id).await? else { return Ok(None) };
        let document =
            document.map_err(|unreadable| StoreError::Unreadable { id: id.to_owned(), unreadable })?;
        Ok(Some(Saved { document, etag }))
    }

    /// The epoch of the checkpoint, whatever else it says; none where there is none.
    pub(super) async fn checkpoint_epoch(&self) -> Result<Option<u64>, StoreError> {
        let found: Option<Saved<Value>> = self.read(CHECKPOINT).await?;
        Ok(found.and_then(|found| found.document.get("epoch").and_then(Value::as_u64)))
    }

    /// Reads a document that may be there and not be readable.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read_any<T: DeserializeOwned>(
        &self,
        id: &str,
    ) -> Result<Option<Saved<Result<T, Unreadable>>>, StoreError> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let answer = attempt::patiently(deadline, || {
            let options = ItemReadOptions::default().with_operation_options(read_options());
            attempt::once(deadline, self.container.read_item(self.feed.clone(), id, Some(options)))
        });
        match answer.await {
            Ok(response) => {
                let etag = version(&response)?;
                let text: Result<Box<RawValue>, _> = response.into_model();
                let text = text.map_err(|_| StoreError::Unknown("a document that is no JSON".into()))?;
                Ok(Some(Saved { document: format::read(&text), etag }))
            }
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(self.blamer.named(error)),
        }
    }

    /// The last `most` documents in the order of ids among those whose id begins with `prefix`, the last one first, without
    /// those that this version cannot read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last<T: DeserializeOwned + Send + 'static>(
        &self,
        prefix: &str,
        most: u32,
    ) -> Result<Vec<T>, StoreError> {
        let text = format!("SELECT TOP {most} * FROM c WHERE STARTSWITH(c.id, @prefix) ORDER BY c.id DESC");
        let query = with(Query::from(text), "@prefix", prefix)?;
        let options = QueryOptions::default().with_operation_options(query_options());
        let partition = FeedScope::partition(self.feed.clone());
        let found = self.container.query_items::<Box<RawValue>>(query, partition, Some(options));
        let all = async { meter::rows(found.await?).try_collect().await };
        let all: Vec<_> = attempt::in_time(Instant::now() + READ_TIMEOUT, all)
            .await
            .map_err(|error| self.blamer.named(error))?;
        Ok(all.iter().filter_map(|text| format::read(text).ok()).collect())
    }

    /// Writes a document: creates it (`etag` is `None`) or replaces the version that was read.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when somebody else was faster; [`StoreError::Unknown`] when no answer
    /// came before `deadline`.
    pub async fn write<T: Serialize>(
        &self,
        id: &str,
        document: T,
        etag: Option<&Etag>,
        deadline: Instant,
    ) -> Result<Saved<T>, StoreError> {
        let answer = self.put(id, &document, etag, deadline, write_options()).await?;
        let etag = version(&answer)?;
        Ok(Saved { document, etag })
    }

    /// As [`Control::write`]; what comes back is the document as it lies in Cosmos, with Cosmos' time stamp.
    ///
    /// # Errors
    /// As [`Control::write`].
    pub async fn write_and_see<T: Serialize + DeserializeOwned>(
        &self,
        id: &str,
        document: &T,
        etag: Option<&Etag>,
        deadline: Instant,
    ) -> Result<Saved<T>, StoreError> {
        let mut options = write_options();
        options.content_response_on_write = Some(ContentResponseOnWrite::Enabled);
        let answer = self.put(id, document, etag, deadline, options).await?;
        let etag = version(&answer)?;
        let document = answer.into_model();
        let document = document.map_err(|_| StoreError::Unknown("a write that shows no document".into()))?;
        Ok(Saved { document, etag })
    }

    /// Writes a document, whatever is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace(
        &self,
        id: &str,
        document: &(impl Serialize + Sync),
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let stamped = &Stamped::new(document);
        let answer = attempt::patiently(deadline, || {
            let options = ItemWriteOptions::default().with_operation_options(write_options());
            attempt::once(deadline, self.container.upsert_item(self.feed.clone(), id, stamped, Some(options)))
        });
        answer.await.map(drop).map_err(|error| self.blamer.named(error))
    }

    async fn put<T: Serialize>(
        &self,
        id: &str,
        document: &T,
        etag: Option<&Etag>,
        deadline: Instant,
        options: OperationOptions,
    ) -> Result<ItemResponse, StoreError> {
        let stamped = &Stamped::new(document);
        let answer = attempt::patiently(deadline, || async {
            let options = ItemWriteOptions::default().with_operation_options(options.clone());
            let feed = self.feed.clone();
            match etag {
                None => {
                    attempt::once(deadline, self.container.create_item(feed, id, stamped, Some(options)))
                        .await
                }
                Some(etag) => {
                    let options = options.with_precondition(Precondition::IfMatch(etag.as_ref().into()));
                    attempt::once(deadline, self.container.replace_item(feed, id, stamped, Some(options)))
                        .await
                }
            }
        });
        answer.await.map_err(|error| self.blamer.named(error))
    }

    /// Has the next read see the newest version of a document; `document` is not written.
    ///
    /// # Errors
    /// [`StoreError`], when Cosmos could not be asked.
    pub(super) async fn reach_newest(
        &self,
        id: &str,
        document: &(impl Serialize + Sync),
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let reached = newest::reach(&self.container, &self.feed, id, document, deadline).await;
        reached.map_err(|error| self.blamer.named(error))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("feed", &self.feed).finish_non_exhaustive()
    }
}

fn version(response: &ItemResponse) -> Result<Etag, StoreError> {
    let etag = response.headers().etag().map(|etag| Etag::from(etag.to_string()));
    etag.ok_or_else(|| StoreError::Unknown("an answer without an etag".into()))
}
