//! Documents of its own in `mirror`, with which `doctor --prove` tries what the store relies on.
//!
//! Promises: every document lies in one partition that no feed has, and expires by itself; each request has one try
//! within its time, and only a throttled one is repeated. Leaves out on purpose: what an answer means.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::models::ItemResponse;
use azure_data_cosmos::options::{
    BatchOptions, ContentResponseOnWrite, ItemReadOptions, ItemWriteOptions, OperationOptions, Precondition,
    QueryOptions,
};
use azure_data_cosmos::{FeedScope, Query, TransactionalBatch};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connection::{Store, read_options, write_options};
use super::definition::CONTROL;
use super::error::StoreError;
use super::{attempt, batch, meter};
use crate::protocol::Etag;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// After so many requests without a certain answer, one after the other, the account is silent.
const SILENT: u32 = 2;
/// How long a document stays that could not be deleted.
pub const TTL_SECONDS: u32 = 600;

/// One partition of `mirror` that no feed has.
pub struct Trial {
    container: ContainerClient,
    partition: String,
    /// What may be there, for an identity that may not query.
    written: Mutex<BTreeSet<String>>,
    /// Requests that had no certain answer.
    unanswered: AtomicU32,
}

/// A document of a trial as it is written. Each has a `ttl`.
#[derive(Debug, Serialize)]
pub struct Draft {
    id: String,
    feed: String,
    ttl: u32,
    content: Value,
}

/// A document of a trial as Cosmos DB has it.
#[derive(Debug, Deserialize)]
pub struct Item {
    /// What was written.
    pub content: Value,
    /// `_ts`.
    #[serde(rename = "_ts")]
    pub written: Option<Value>,
    /// Its version.
    #[serde(skip)]
    pub etag: Option<Etag>,
}

impl Trial {
    /// Opens `mirror`; nothing is written.
    ///
    /// # Errors
    /// [`StoreError`], when the account or the container cannot be opened.
    pub async fn open(store: &Store, partition: &str) -> Result<Self, StoreError> {
        let container = store.container(CONTROL.0).await?;
        Ok(Self {
            container,
            partition: partition.to_owned(),
            written: Mutex::default(),
            unanswered: AtomicU32::new(0),
        })
    }

    /// A document that expires after [`TTL_SECONDS`].
    pub fn draft(&self, id: &str, content: Value) -> Draft {
        Draft { id: id.to_owned(), feed: self.partition.clone(), ttl: TTL_SECONDS, content }
    }

    /// Creates a document.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when it is there already.
    pub async fn create(&self, draft: &Draft) -> Result<Item, StoreError> {
        let deadline = Instant::now() + TIMEOUT;
        let written = attempt::patiently(deadline, || {
            let options = ItemWriteOptions::default().with_operation_options(showing());
            let created = self.container.create_item(self.partition.clone(), &draft.id, draft, Some(options));
            attempt::once(deadline, created)
        });
        let written = self.heard(written.await);
        self.note(&draft.id, written.as_ref().err());
        item(written?)
    }

    /// Replaces a document over this version.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when it has another version.
    pub async fn replace(&self, draft: &Draft, over: &Etag) -> Result<Item, StoreError> {
        let deadline = Instant::now() + TIMEOUT;
        let written = attempt::patiently(deadline, || {
            let options = ItemWriteOptions::default()
                .with_operation_options(showing())
                .with_precondition(Precondition::IfMatch(over.as_ref().into()));
            let replaced =
                self.container.replace_item(self.partition.clone(), &draft.id, draft, Some(options));
            attempt::once(deadline, replaced)
        });
        item(self.heard(written.await)?)
    }

    /// Reads a document; none when it is not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let deadline = Instant::now() + TIMEOUT;
        let read = attempt::patiently(deadline, || {
            let options = ItemReadOptions::default().with_operation_options(read_options());
            attempt::once(deadline, self.container.read_item(self.partition.clone(), id, Some(options)))
        });
        match self.heard(read.await) {
            Ok(response) => item(response).map(Some),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates all of these in one transactional batch.
    ///
    /// # Errors
    /// The refusal of the first operation that failed by itself.
    pub async fn create_together(&self, drafts: &[Draft]) -> Result<(), StoreError> {
        let deadline = Instant::now() + TIMEOUT;
        let mut all = TransactionalBatch::new(self.partition.clone());
        for draft in drafts {
            all = all.create_item(draft)?;
        }
        let sent = attempt::patiently(deadline, || {
            let options = BatchOptions::default().with_operation_options(write_options());
            attempt::once(deadline, self.container.execute_transactional_batch(all.clone(), Some(options)))
        });
        let sent = match self.heard(sent.await) {
            Ok(response) => batch::judged(&response.into_body().single()?),
            Err(error) => Err(error),
        };
        drafts.iter().for_each(|draft| self.note(&draft.id, sent.as_ref().err()));
        sent
    }

    /// The ids of all documents, by a query.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ids(&self) -> Result<Vec<String>, StoreError> {
        let options = QueryOptions::default().with_operation_options(read_options());
        let partition = FeedScope::partition(self.partition.clone());
        let query = Query::from("SELECT VALUE c.id FROM c");
        let found = self.container.query_items::<String>(query, partition, Some(options));
        let all = async { meter::rows(found.await?).try_collect().await };
        self.heard(attempt::in_time(Instant::now() + TIMEOUT, all).await)
    }

    /// Deletes all documents, and looks whether any are left: their number.
    ///
    /// # Errors
    /// [`StoreError`], when that cannot be known; what is left expires.
    pub async fn clear(&self) -> Result<usize, StoreError> {
        // What cannot be found by a query is known by its id all the same.
        let mut all = self.locked().clone();
        all.extend(self.ids().await.unwrap_or_default());
        for id in all {
            if self.is_silent() {
                break;
            }
            let deadline = Instant::now() + TIMEOUT;
            let deleted = attempt::patiently(deadline, || {
                let options = ItemWriteOptions::default().with_operation_options(write_options());
                let deleted = self.container.delete_item(self.partition.clone(), &id, Some(options));
                attempt::once(deadline, deleted)
            });
            // Whether it is gone is asked below, of all of them.
            let _ = self.heard(deleted.await);
        }
        Ok(self.ids().await?.len())
    }

    /// Whether the account has stopped answering, so that there is no use in asking on.
    pub fn is_silent(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= SILENT
    }

    /// Counts answers that say nothing, one after the other.
    fn heard<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match &answer {
            Err(StoreError::Unknown(_)) => drop(self.unanswered.fetch_add(1, Ordering::Relaxed)),
            _ => self.unanswered.store(0, Ordering::Relaxed),
        }
        answer
    }

    /// A document may be there, unless its write was refused for certain.
    fn note(&self, id: &str, error: Option<&StoreError>) {
        if matches!(error, None | Some(StoreError::Unknown(_))) {
            self.locked().insert(id.to_owned());
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // No panic is possible while it is held.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft {
    /// The same with another time to live.
    #[must_use]
    pub fn expiring_after(self, seconds: u32) -> Self {
        Self { ttl: seconds, ..self }
    }
}

/// Options of a write whose answer shows the document.
fn showing() -> OperationOptions {
    let mut options = write_options();
    options.content_response_on_write = Some(ContentResponseOnWrite::Enabled);
    options
}

fn item(response: ItemResponse) -> Result<Item, StoreError> {
    let etag = response.headers().etag().map(|etag| Etag::from(etag.to_string()));
    let item: Result<Item, _> = response.into_model();
    let item = item.map_err(|_| StoreError::Unknown("a document that cannot be read".into()))?;
    Ok(Item { etag, ..item })
}
