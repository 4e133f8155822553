//! Which numbers of generations and saves the documents of a container carry.

use std::num::NonZeroU32;
use std::pin::pin;

use azure_data_cosmos::Query;
use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::connection::{Store, with};
use super::error::StoreError;
use super::find::{Found, Row, query, within};
use crate::protocol::{Abandoned, Numbers, Scope};

/// A document that is counted.
struct One;

impl Row for One {
    /// They are short: a million would be less than Cosmos DB sends at a time.
    const PAGE: NonZeroU32 = NonZeroU32::new(20_000).unwrap();

    fn read(_: &RawValue) -> Result<Self, &'static str> {
        Ok(Self)
    }
}

/// Counts the living documents of `generation` and later. The SDK refuses an aggregate over several
/// partitions, so the count is taken here, over a stream of ones.
///
/// # Errors
/// [`StoreError`], as the query fails.
pub async fn count_from(store: &Store, scope: Scope<'_>, generation: u64) -> Result<u64, StoreError> {
    let text = "SELECT VALUE 1 FROM c \
                WHERE NOT IS_DEFINED(c._mirror.removed) AND c._mirror.generation >= @generation";
    let ones = query::<One>(store, scope, with(Query::from(text), "@generation", generation)?).await?;
    ones.try_fold(0, async |count, One| Ok(count + 1)).await
}

/// Whether anything lives here besides what a sweep of what is older than `generation` would take.
///
/// # Errors
/// [`StoreError`], as the query fails.
pub async fn has_others(store: &Store, scope: Scope<'_>, generation: u64) -> Result<bool, StoreError> {
    let text = "SELECT VALUE 1 FROM c WHERE NOT IS_DEFINED(c._mirror.removed) AND \
                (c._mirror.generation >= @generation OR c._mirror.source = 'by-id')";
    let ones = query::<u64>(store, scope, with(Query::from(text), "@generation", generation)?).await?;
    Ok(pin!(ones).try_next().await?.is_some())
}

/// Streams the save numbers in `ranges` that documents carry, tombstones too.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn carried(
    store: &Store,
    scope: Scope<'_>,
    ranges: &[Abandoned],
) -> Result<impl Found<u64> + use<>, StoreError> {
    let text = format!("SELECT VALUE c._mirror.save FROM c WHERE {}", within(ranges));
    query(store, scope, Query::from(text)).await
}

/// Numbers, from `least` on, that no document of a container reaches. Costs two queries where none reaches `least`, as
/// it is unless a clock was wrong.
///
/// # Errors
/// As [`super::find::older_than`].
pub async fn above(store: &Store, scope: Scope<'_>, least: Numbers) -> Result<Numbers, StoreError> {
    let generation = above_all(
        store,
        scope,
        "SELECT VALUE 1 FROM c WHERE c._mirror.generation >= @number",
        least.generation,
    )
    .await?;
    let save =
        above_all(store, scope, "SELECT VALUE 1 FROM c WHERE c._mirror.save >= @number", least.save).await?;
    Ok(Numbers { generation, save })
}

/// Looks in steps that double: the SDK refuses an aggregate over several partitions.
async fn above_all(store: &Store, scope: Scope<'_>, text: &str, least: u64) -> Result<u64, StoreError> {
    let (mut number, mut step) = (least, 1);
    loop {
        let reach = query::<u64>(store, scope, with(Query::from(text), "@number", number)?).await?;
        if pin!(reach).try_next().await?.is_none() {
            return Ok(number);
        }
        number = number.saturating_add(step);
        step *= 2;
    }
}
