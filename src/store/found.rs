//! Finding documents by their marks: what a complete walk did not see, and what is doubtful.

use std::fmt::Write as _;

use azure_data_cosmos::options::{MaxItemCountHint, QueryOptions};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::{Stream, TryStreamExt as _};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::connection::{Store, query_options, with};
use super::error::StoreError;
use super::numbers::within;
use crate::json::Members;
use crate::protocol::{Candidate, Checkpoint, Reason};

/// What is read of a document that was found.
pub(super) const FIELDS: &str = "SELECT c.id, c._etag AS etag, c._mirror.graphId, c._mirror.parent, c._mirror.generation, \
                      c._mirror.save, c._mirror.source, c._mirror.syncedAt, IS_DEFINED(c._mirror.removed) AS removed, \
                      c._mirror.removed.reason, c._mirror.removed.at AS removedAt, c._ts AS written, c.sourceId, c.targetId \
                      FROM c WHERE ";
/// Documents in a page of a query.
const PAGE: u32 = 1000;

/// What is read of a row.
pub(super) trait Row: Sized + Send + 'static {
    /// Reads it; else what it lacks.
    fn read(row: &RawValue) -> Result<Self, &'static str>;
}

impl Row for u64 {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        row.get().parse().map_err(|_| "a number")
    }
}

impl Row for Candidate {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let removed = row.truth("removed").ok_or("removed")?;
        let marks = Self::of(&row, &row, ["etag", "written"])?;
        Ok(Self { removed, reason: row.value("reason"), removed_at: row.moment("removedAt"), ..marks })
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
    /// and whatever carries an abandoned number of `checkpoint`.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn older_or_burnt(
        &self,
        container: &str,
        generation: u64,
        checkpoint: &Checkpoint,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let mut text =
            format!("{FIELDS}(NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation)");
        or_abandoned(&mut text, checkpoint);
        self.query(container, with(Query::from(text), "@generation", generation)?).await
    }

    /// Streams the documents, tombstones too, that were read by id or carry an abandoned number, and were last
    /// written before `cutoff`, also if that was late in the second that Cosmos says.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn doubtful(
        &self,
        container: &str,
        checkpoint: &Checkpoint,
        cutoff: OffsetDateTime,
    ) -> Result<impl Found<Candidate> + use<>, StoreError> {
        let mut text = format!("{FIELDS}c._ts < @cutoff AND (c._mirror.source = 'by-id'");
        or_abandoned(&mut text, checkpoint);
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

    pub(super) async fn query<T: Row>(
        &self,
        container: &str,
        query: Query,
    ) -> Result<impl Found<T> + use<T>, StoreError> {
        self.query_in(container, FeedScope::full_container(), query).await
    }

    /// Streams the rows of a query. A row that cannot be read is nothing that this version wrote: it is named, and passed
    /// over.
    pub(super) async fn query_in<T: Row>(
        &self,
        name: &str,
        scope: FeedScope,
        query: Query,
    ) -> Result<impl Found<T> + use<T>, StoreError> {
        let blamer = self.blamer(name);
        let container = self.container(name).await?;
        let page = std::num::NonZeroU32::new(PAGE).map(MaxItemCountHint::Limit);
        let mut options = QueryOptions::default().with_operation_options(query_options());
        if let Some(page) = page {
            options = options.with_max_item_count(page);
        }
        let named = move |error| blamer.named(StoreError::from(error));
        let found =
            container.query_items::<Box<RawValue>>(query, scope, Some(options)).await.map_err(&named)?;
        let name = name.to_owned();
        let read = move |row: Box<RawValue>| match T::read(&row) {
            Ok(row) => Some(row),
            Err(lacks) => {
                tracing::warn!(event = "document_passed_over", container = name, lacks);
                None
            }
        };
        Ok(found.map_err(named).try_filter_map(move |row| std::future::ready(Ok(read(row)))))
    }
}

/// Numbers of our own; a string always takes them.
fn or_abandoned(text: &mut String, checkpoint: &Checkpoint) {
    let (first, next) = (checkpoint.first_save, checkpoint.save + 1);
    let _ = write!(text, " OR c._mirror.save < {first} OR c._mirror.save > {next}");
    if !checkpoint.burnt.is_empty() {
        let _ = write!(text, " OR {}", within(&checkpoint.burnt));
    }
}
