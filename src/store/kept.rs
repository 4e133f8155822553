//! Documents as a whole: one by its id, or all the living ones of a container.

use std::time::Instant;

use azure_core::http::Etag;
use azure_data_cosmos::options::ItemReadOptions;
use azure_data_cosmos::{FeedScope, Query};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::attempt;
use super::connection::{READ_TIMEOUT, Store, read_options};
use super::documents::{Reason, Source};
use super::error::StoreError;
use super::found::{Candidate, FIELDS, Found};

/// A document as it lies in Cosmos.
#[derive(Debug)]
pub struct Kept {
    /// Its marks.
    pub marks: Candidate,
    /// It is a tombstone, for this reason.
    pub removed: Option<Reason>,
    /// It stands for an object whose content Cosmos refused.
    pub set_aside: bool,
    /// All of it, as Cosmos sent it.
    pub text: Box<RawValue>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    #[serde(rename = "_etag")]
    etag: Etag,
    #[serde(rename = "_ts")]
    written: i64,
    #[serde(rename = "_mirror")]
    mirror: MirrorHead,
    #[serde(rename = "sourceId")]
    source_id: Option<String>,
    #[serde(rename = "targetId")]
    target_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MirrorHead {
    generation: u64,
    save: u64,
    source: Source,
    #[serde(with = "time::serde::rfc3339")]
    synced_at: OffsetDateTime,
    parent: Option<String>,
    graph_id: Option<String>,
    removed: Option<RemovedHead>,
    set_aside: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RemovedHead {
    reason: Reason,
    #[serde(with = "time::serde::rfc3339::option", default)]
    at: Option<OffsetDateTime>,
}

impl Kept {
    /// Reads the marks of a document.
    fn of(text: Box<RawValue>) -> Result<Self, StoreError> {
        let head: Head = serde_json::from_str(text.get())
            .map_err(|_| StoreError::Unknown("a document without the marks of this mirror".into()))?;
        let mirror = head.mirror;
        let marks = Candidate {
            id: head.id,
            etag: head.etag,
            graph_id: mirror.graph_id,
            parent: mirror.parent,
            generation: mirror.generation,
            save: mirror.save,
            source: mirror.source,
            synced_at: mirror.synced_at,
            removed: mirror.removed.is_some(),
            reason: mirror.removed.as_ref().map(|removed| removed.reason),
            removed_at: mirror.removed.as_ref().and_then(|removed| removed.at),
            written: head.written,
            source_id: head.source_id,
            target_id: head.target_id,
        };
        let removed = mirror.removed.map(|removed| removed.reason);
        Ok(Self { marks, removed, set_aside: mirror.set_aside.is_some(), text })
    }
}

impl Store {
    /// One document; none when there is none.
    ///
    /// # Errors
    /// [`StoreError`], also when it is not a document of this mirror.
    pub async fn kept(&self, container: &str, partition: &str, id: &str) -> Result<Option<Kept>, StoreError> {
        let (name, container) = (container, self.container(container).await?);
        let deadline = Instant::now() + READ_TIMEOUT;
        let answer = attempt::patiently(deadline, || {
            let options = ItemReadOptions::default().with_operation_options(read_options());
            attempt::once(deadline, container.read_item(partition.to_owned(), id, Some(options)))
        });
        match answer.await {
            Ok(response) => {
                let text = response.into_model();
                Kept::of(text.map_err(|_| StoreError::Unknown("a document that is no JSON".into()))?)
                    .map(Some)
            }
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(self.blame(name, error).await),
        }
    }

    /// Streams the living documents of a container, whole.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living(&self, container: &str) -> Result<impl Found<Kept> + use<>, StoreError> {
        let text = "SELECT * FROM c WHERE NOT IS_DEFINED(c._mirror.removed)";
        let found = self.query::<Box<RawValue>>(container, Query::from(text)).await?;
        Ok(found.and_then(|text| std::future::ready(Kept::of(text))))
    }

    /// Streams the living links that lie under `parent`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living_under(
        &self,
        container: &str,
        parent: &str,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let text = format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed)");
        self.query_in(container, FeedScope::partition(parent.to_owned()), Query::from(text)).await
    }

    /// Streams the marks of the living documents of a container.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn living_marks(&self, container: &str) -> Result<impl Found<Candidate> + use<>, StoreError> {
        self.query(container, Query::from(format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed)"))).await
    }
}
