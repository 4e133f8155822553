//! Which numbers of generations and saves the documents of a container carry.

use std::pin::pin;

use azure_data_cosmos::Query;
use futures_util::TryStreamExt as _;

use super::connection::{Store, with};
use super::error::StoreError;
use super::found::Found;
use crate::protocol::{Burnt, Numbers};

impl Store {
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

    /// Streams the save numbers in `ranges` that documents carry, tombstones too.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn carried(
        &self,
        container: &str,
        ranges: &[Burnt],
    ) -> Result<impl Found<u64> + use<>, StoreError> {
        let text = format!("SELECT VALUE c._mirror.save FROM c WHERE {}", within(ranges));
        self.query(container, Query::from(text)).await
    }

    /// Numbers, from `least` on, that no document of a container reaches. Costs two queries where none reaches `least`, as
    /// it is unless a clock was wrong.
    ///
    /// # Errors
    /// As [`Store::older_than`].
    pub async fn above(&self, container: &str, least: Numbers) -> Result<Numbers, StoreError> {
        let generation = self
            .above_all(
                container,
                "SELECT VALUE 1 FROM c WHERE c._mirror.generation >= @number",
                least.generation,
            )
            .await?;
        let save = self
            .above_all(container, "SELECT VALUE 1 FROM c WHERE c._mirror.save >= @number", least.save)
            .await?;
        Ok(Numbers { generation, save })
    }

    /// Looks in steps that double: the SDK refuses an aggregate over several partitions.
    async fn above_all(&self, container: &str, text: &str, least: u64) -> Result<u64, StoreError> {
        let (mut number, mut step) = (least, 1);
        loop {
            let reach = self.query::<u64>(container, with(Query::from(text), "@number", number)?).await?;
            if pin!(reach).try_next().await?.is_none() {
                return Ok(number);
            }
            number = number.saturating_add(step);
            step *= 2;
        }
    }
}

/// Ranges up to this length are written as numbers.
const SHORT: u64 = 16;

/// Whether a save lies in one of the ranges, in a query. Each turn that was killed leaves one of one number, as a rule, so
/// these stand in one list: a thousand conditions beside each other are more than a reader of queries takes.
pub(super) fn within(ranges: &[Burnt]) -> String {
    let is_short = |range: &&Burnt| range.from <= range.to && range.to - range.from < SHORT;
    let (short, long): (Vec<_>, Vec<_>) = ranges.iter().partition(is_short);
    let numbers: Vec<_> =
        short.iter().flat_map(|range| range.from..=range.to).map(|n| n.to_string()).collect();
    let list = (!numbers.is_empty()).then(|| format!("c._mirror.save IN ({})", numbers.join(", ")));
    let long = long
        .iter()
        .map(|Burnt { from, to, .. }| format!("(c._mirror.save >= {from} AND c._mirror.save <= {to})"));
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
            within(&all.iter().map(|&(from, to)| Burnt { from, to, at }).collect::<Vec<_>>())
        };
        assert_eq!(ranges(&[(3, 3), (5, 6)]), "c._mirror.save IN (3, 5, 6)");
        let long = "(c._mirror.save >= 10 AND c._mirror.save <= 40)";
        assert_eq!(ranges(&[(10, 40)]), long);
        assert_eq!(ranges(&[(10, 40), (50, 50)]), format!("c._mirror.save IN (50) OR {long}"));
    }
}
