//! Finding documents by their marks: what a complete walk did not see, and what is doubtful.

use std::fmt::Write as _;

use azure_core::http::Etag;
use azure_data_cosmos::options::{MaxItemCountHint, QueryOptions};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use time::OffsetDateTime;

use super::checkpoint::Burnt;
use super::connection::{Store, query_options, with};
use super::documents::{Reason, Source};
use super::error::StoreError;
use super::unfit::Fault;

/// What is read of a document that was found.
pub(super) const FIELDS: &str = "SELECT c.id, c._etag AS etag, c._mirror.graphId, c._mirror.parent, c._mirror.generation, \
                      c._mirror.save, c._mirror.source, c._mirror.syncedAt, IS_DEFINED(c._mirror.removed) AS removed, \
                      c._mirror.removed.reason, c._mirror.removed.at AS removedAt, c._ts AS written, c.sourceId, c.targetId \
                      FROM c WHERE ";
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
    /// The parent, of a document that lies under one.
    pub parent: Option<String>,
    /// The generation of the walk that vouches for it.
    pub generation: u64,
    /// The save that covers it.
    pub save: u64,
    /// How it was read.
    pub source: Source,
    /// When its page was read.
    #[serde(with = "time::serde::rfc3339")]
    pub synced_at: OffsetDateTime,
    /// It is a tombstone.
    pub removed: bool,
    /// Of a tombstone: why the object is gone.
    pub reason: Option<Reason>,
    /// Of a tombstone: since when we know.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub removed_at: Option<OffsetDateTime>,
    /// When Cosmos last wrote it, in seconds since 1970.
    pub written: i64,
    /// Of a link: where it points from.
    pub source_id: Option<String>,
    /// Of a link: where it points to.
    pub target_id: Option<String>,
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

/// Documents that were found, one after the other.
pub trait Found<T>: Stream<Item = Result<T, StoreError>> + Send {}

impl<T, S: Stream<Item = Result<T, StoreError>> + Send> Found<T> for S {}

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
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let living_and_older = "NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
        let query = with(Query::from(format!("{FIELDS}{living_and_older}")), "@generation", generation)?;
        self.query(container, query).await
    }

    /// Streams the tombstones below `generation` of objects that may come back.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn restorable(
        &self,
        container: &str,
        generation: u64,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let may_come_back = "(c._mirror.removed.reason = 'changed' OR c._mirror.removed.reason = 'missing')";
        let text = format!("{FIELDS}{may_come_back} AND c._mirror.generation < @generation");
        self.query(container, with(Query::from(text), "@generation", generation)?).await
    }

    /// Streams what a sweep of links has to look at: living ones whose generation is below `generation`,
    /// and whatever carries a burnt number.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn older_or_burnt(
        &self,
        container: &str,
        generation: u64,
        burnt: &[Burnt],
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let mut text =
            format!("{FIELDS}(NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation)");
        or_burnt(&mut text, burnt);
        self.query(container, with(Query::from(text), "@generation", generation)?).await
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
    /// written before `cutoff`, also if that was late in the second that Cosmos says.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn doubtful(
        &self,
        container: &str,
        burnt: &[Burnt],
        cutoff: OffsetDateTime,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let mut text = format!("{FIELDS}c._ts < @cutoff AND (c._mirror.source = 'by-id'");
        or_burnt(&mut text, burnt);
        text.push(')');
        self.query(container, with(Query::from(text), "@cutoff", cutoff.unix_timestamp())?).await
    }

    /// The tombstones for `reason` that were written since `since`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn gone_since(
        &self,
        container: &str,
        reason: Reason,
        since: OffsetDateTime,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let text = format!("{FIELDS}c._mirror.removed.reason = @reason AND c._ts >= @since");
        let query = with(Query::from(text), "@reason", reason)?;
        self.query(container, with(query, "@since", since.unix_timestamp())?).await
    }

    /// Streams the living links from or to one of `ids`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn linked(
        &self,
        container: &str,
        ids: impl ExactSizeIterator<Item = &String>,
    ) -> Result<impl Found<Candidate>, StoreError> {
        let names: Vec<_> = (0..ids.len()).map(|number| format!("@id{number}")).collect();
        let list = names.join(", ");
        let text = format!(
            "{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND (c.targetId IN ({list}) OR c.sourceId IN ({list}))"
        );
        let mut query = Query::from(text);
        for (name, id) in names.into_iter().zip(ids) {
            query = with(query, &name, id)?;
        }
        self.query(container, query).await
    }

    /// Streams the living links from one of `sources`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn links_from(
        &self,
        container: &str,
        sources: &[String],
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let names: Vec<_> = (0..sources.len()).map(|number| format!("@id{number}")).collect();
        let list = names.join(", ");
        let text = format!("{FIELDS}NOT IS_DEFINED(c._mirror.removed) AND c.sourceId IN ({list})");
        let mut query = Query::from(text);
        for (name, id) in names.iter().zip(sources) {
            query = with(query, name, id)?;
        }
        self.query(container, query).await
    }

    pub(super) async fn query<T: for<'de> Deserialize<'de> + Send + 'static>(
        &self,
        container: &str,
        query: Query,
    ) -> Result<impl Found<T> + use<T>, StoreError> {
        self.query_in(container, FeedScope::full_container(), query).await
    }

    pub(super) async fn query_in<T: for<'de> Deserialize<'de> + Send + 'static>(
        &self,
        container: &str,
        scope: FeedScope,
        query: Query,
    ) -> Result<impl Found<T> + use<T>, StoreError> {
        let gone = self.unfit(container, Fault::Missing);
        let container = self.container(container).await?;
        let page = std::num::NonZeroU32::new(PAGE).map(MaxItemCountHint::Limit);
        let mut options = QueryOptions::default().with_operation_options(query_options());
        if let Some(page) = page {
            options = options.with_max_item_count(page);
        }
        let named = move |error| match StoreError::from(error) {
            StoreError::NoContainer(_) => StoreError::Container(Box::new(gone.clone())),
            other => other,
        };
        let found = container.query_items::<T>(query, scope, Some(options)).await.map_err(&named)?;
        Ok(found.map(move |item| item.map_err(&named)))
    }
}

fn or_burnt(text: &mut String, burnt: &[Burnt]) {
    for Burnt { from, to, .. } in burnt {
        // Numbers of our own; a string always takes them.
        let _ = write!(text, " OR (c._mirror.save >= {from} AND c._mirror.save <= {to})");
    }
}
