//! Finding documents by their marks: what a complete enumeration did not see, and what is doubtful.

use std::fmt::Write as _;
use std::num::NonZeroU32;

use azure_data_cosmos::options::{MaxItemCountHint, QueryOptions};
use azure_data_cosmos::{FeedScope, Query};
use futures_util::{Stream, TryStreamExt as _};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::connection::{Store, query_options, with};
use super::containers::blamer;
use super::error::StoreError;
use super::meter;
use crate::json::Members;
use crate::protocol::compare::Summary;
use crate::protocol::{Abandoned, Candidate, Checkpoint, Existing, Scope};

/// What is read of a document that was found.
pub(super) const FIELDS: &str = "SELECT c.id, c._etag AS etag, c._mirror.graphId, c._mirror.parent, c._mirror.generation, \
                      c._mirror.save, c._mirror.source, c._mirror.syncedAt, IS_DEFINED(c._mirror.removed) AS removed, \
                      c._mirror.removed.reason, c._mirror.removed.at AS removedAt, c._ts AS written, c.sourceId, c.targetId, \
                      c.targetType, c._mirror.hash, IS_DEFINED(c._mirror.setAside) AS setAside FROM c WHERE ";
/// What is read of a row.
pub(super) trait Row: Sized + Send + 'static {
    /// Rows in a page of a query.
    const PAGE: NonZeroU32 = NonZeroU32::new(1000).unwrap();

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
        marks(&Members::of(row.get()).ok_or("members")?)
    }
}

impl Row for Summary {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        let row = Members::of(row.get()).ok_or("members")?;
        let set_aside = row.truth("setAside").ok_or("setAside")?;
        let text = |name: &str| row.text(name).map(Into::into);
        Ok(Self { marks: marks(&row)?, hash: text("hash"), set_aside, target_type: text("targetType") })
    }
}

/// The marks of a row.
fn marks(row: &Members<'_>) -> Result<Candidate, &'static str> {
    let removed = row.truth("removed").ok_or("removed")?;
    let marks = Candidate::of(row, row, ["etag", "written"])?;
    Ok(Candidate { removed, reason: row.value("reason"), removed_at: row.moment("removedAt"), ..marks })
}

impl Row for Existing {
    fn read(row: &RawValue) -> Result<Self, &'static str> {
        Self::of(row.to_owned())
    }
}

/// Documents that were found, one after the other.
pub trait Found<T>: Stream<Item = Result<T, StoreError>> + Send {}

impl<T, S: Stream<Item = Result<T, StoreError>> + Send> Found<T> for S {}

/// Streams the living documents whose generation is below `generation`.
///
/// # Errors
/// [`StoreError`], when the container cannot be opened or the query is refused; each item of the
/// stream may fail too.
pub async fn older_than(
    store: &Store,
    scope: Scope<'_>,
    generation: u64,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let living_and_older = "NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
    let asked = with(Query::from(format!("{FIELDS}{living_and_older}")), "@generation", generation)?;
    query(store, scope, asked).await
}

/// The same documents, whole.
///
/// # Errors
/// As [`older_than`].
pub async fn older_whole(
    store: &Store,
    scope: Scope<'_>,
    generation: u64,
) -> Result<impl Found<Existing> + use<>, StoreError> {
    let text =
        "SELECT * FROM c WHERE NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation";
    query(store, scope, with(Query::from(text), "@generation", generation)?).await
}

/// Streams the tombstones below `generation` of objects that may come back.
///
/// # Errors
/// As [`older_than`].
pub async fn restorable(
    store: &Store,
    scope: Scope<'_>,
    generation: u64,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let may_come_back = "(c._mirror.removed.reason = 'changed' OR c._mirror.removed.reason = 'missing')";
    let text = format!("{FIELDS}{may_come_back} AND c._mirror.generation < @generation");
    query(store, scope, with(Query::from(text), "@generation", generation)?).await
}

/// Streams what a sweep of links has to look at: living ones whose generation is below `generation`,
/// and whatever carries an abandoned number of `checkpoint`.
///
/// # Errors
/// As [`older_than`].
pub async fn older_or_abandoned(
    store: &Store,
    scope: Scope<'_>,
    generation: u64,
    checkpoint: &Checkpoint,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let mut text =
        format!("{FIELDS}(NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation < @generation)");
    or_abandoned(&mut text, checkpoint);
    query(store, scope, with(Query::from(text), "@generation", generation)?).await
}

/// Streams the documents, tombstones too, that were read by id or carry an abandoned number.
///
/// # Errors
/// As [`older_than`].
pub async fn doubtful(
    store: &Store,
    scope: Scope<'_>,
    checkpoint: &Checkpoint,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let mut text = format!("{FIELDS}(c._mirror.source = 'by-id'");
    or_abandoned(&mut text, checkpoint);
    text.push(')');
    query(store, scope, Query::from(text)).await
}

/// The tombstones that were written since `since`.
///
/// # Errors
/// As [`older_than`].
pub async fn gone_since(
    store: &Store,
    scope: Scope<'_>,
    since: OffsetDateTime,
) -> Result<impl Found<Candidate> + use<>, StoreError> {
    let text = format!("{FIELDS}IS_DEFINED(c._mirror.removed) AND c._ts >= @since");
    query(store, scope, with(Query::from(text), "@since", since.unix_timestamp())?).await
}

/// Streams the rows of a query. A row that cannot be read is nothing that this version wrote: it is named, and passed
/// over.
pub(super) async fn query<T: Row>(
    store: &Store,
    scope: Scope<'_>,
    query: Query,
) -> Result<impl Found<T> + use<T>, StoreError> {
    let blamer = blamer(store, scope.container);
    let container = store.container(scope.container).await?;
    let page = MaxItemCountHint::Limit(T::PAGE);
    let options = QueryOptions::default().with_operation_options(query_options()).with_max_item_count(page);
    let partitions =
        scope.parent.map_or(FeedScope::full_container(), |parent| FeedScope::partition(parent.to_owned()));
    let named = move |error| blamer.named(StoreError::from(error).of_container());
    let found =
        container.query_items::<Box<RawValue>>(query, partitions, Some(options)).await.map_err(&named)?;
    let name = scope.container.to_owned();
    let read = move |row: Box<RawValue>| match T::read(&row) {
        Ok(row) => Some(row),
        Err(lacks) => {
            tracing::warn!(event = "document_passed_over", container = name, lacks);
            None
        }
    };
    Ok(meter::rows(found).map_err(named).try_filter_map(move |row| std::future::ready(Ok(read(row)))))
}

/// Numbers of our own; a string always takes them.
fn or_abandoned(text: &mut String, checkpoint: &Checkpoint) {
    let (first, next) = (checkpoint.first_save, checkpoint.save + 1);
    let _ = write!(text, " OR c._mirror.save < {first} OR c._mirror.save > {next}");
    if !checkpoint.abandoned.is_empty() {
        let _ = write!(text, " OR {}", within(&checkpoint.abandoned));
    }
}

/// Ranges up to this length are written as numbers.
const SHORT: u64 = 16;

/// Whether a save lies in one of the ranges, in a query. Each turn that was killed leaves one of one number, as a rule, so
/// these stand in one list: a thousand conditions beside each other are more than a reader of queries takes.
pub(super) fn within(ranges: &[Abandoned]) -> String {
    let is_short = |range: &&Abandoned| range.from <= range.to && range.to - range.from < SHORT;
    let (short, long): (Vec<_>, Vec<_>) = ranges.iter().partition(is_short);
    let numbers: Vec<_> =
        short.iter().flat_map(|range| range.from..=range.to).map(|n| n.to_string()).collect();
    let list = (!numbers.is_empty()).then(|| format!("c._mirror.save IN ({})", numbers.join(", ")));
    let long = long
        .iter()
        .map(|Abandoned { from, to, .. }| format!("(c._mirror.save >= {from} AND c._mirror.save <= {to})"));
    list.into_iter().chain(long).collect::<Vec<_>>().join(" OR ")
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn short_ranges_stand_in_one_list_and_long_ones_beside_it() {
        let ranges = |all: &[(u64, u64)]| {
            let at = OffsetDateTime::UNIX_EPOCH;
            within(&all.iter().map(|&(from, to)| Abandoned { from, to, at }).collect::<Vec<_>>())
        };
        assert_eq!(ranges(&[(3, 3), (5, 6)]), "c._mirror.save IN (3, 5, 6)");
        let long = "(c._mirror.save >= 10 AND c._mirror.save <= 40)";
        assert_eq!(ranges(&[(10, 40)]), long);
        assert_eq!(ranges(&[(10, 40), (50, 50)]), format!("c._mirror.save IN (50) OR {long}"));
    }
}
