//! The sweep: what a complete enumeration did not show is gone, and only then (rules 8 and 9).
//!
//! Streamed, with If-Match on the version that was read: whoever wrote in between wins. The brake holds
//! a sweep that would remove more than a share *and* more than a number of the living documents: a feed
//! that suddenly shows half the tenant is more likely wrong than right.

use std::future::ready;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::Options;
use super::document;
use super::error::SyncError;
use super::outcome::Ending;
use super::plan;
use super::turn::Turn;
use crate::store::{Candidate, StoreError};

impl Turn<'_> {
    /// Pays the sweep that is owed, if any.
    pub async fn sweep(&mut self) -> Result<Ending, SyncError> {
        let Some(owed) = self.checkpoint.owed else {
            return Ok(Ending::Complete);
        };
        let missing = self.candidates(owed).await?.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
        if missing > self.mirror.options.max_delete_count {
            let seen = self.mirror.store.count_from(self.row.container, owed).await?;
            if is_held(missing, missing + seen, &self.mirror.options) {
                tracing::error!(
                    event = "sweep_held",
                    feed = self.control.feed(),
                    missing,
                    of = missing + seen
                );
                return Ok(Ending::Held { missing, of: missing + seen });
            }
        }
        let removed = if missing == 0 { 0 } else { self.remove(owed).await? };
        self.counts.removed += removed;
        self.save(plan::swept(&self.checkpoint, removed, self.epoch)).await?;
        Ok(Ending::Complete)
    }

    /// Streams the living documents that the enumeration did not write. What carries a burnt number is
    /// doubtful: nobody knows which enumeration wrote it, so the sweep leaves it alone.
    async fn candidates(
        &self,
        owed: u64,
    ) -> Result<impl Stream<Item = Result<Candidate, SyncError>> + use<>, SyncError> {
        let burnt = self.checkpoint.burnt.clone();
        let older = self.mirror.store.older_than(self.row.container, owed).await?;
        Ok(older.map_err(SyncError::from).try_filter(move |one| ready(!plan::is_burnt(&burnt, one.save))))
    }

    /// Turns the candidates into tombstones.
    async fn remove(&mut self, owed: u64) -> Result<u64, SyncError> {
        let candidates = self.candidates(owed).await?;
        self.dirty = true;
        let turn: &Turn<'_> = self;
        let (removed, charge) = candidates
            .map(|candidate| async { turn.remove_one(candidate?).await })
            .buffer_unordered(turn.mirror.store.concurrency())
            .try_fold((0, 0.0), |(removed, total), charge: Option<f64>| {
                ready(Ok(charge.map_or((removed, total), |charge| (removed + 1, total + charge))))
            })
            .await?;
        self.charge += charge;
        Ok(removed)
    }

    /// Request units of one tombstone; `None` when somebody wrote the document in between.
    async fn remove_one(&self, candidate: Candidate) -> Result<Option<f64>, SyncError> {
        let document = document::missing(candidate.id, candidate.graph_id, &self.stamp());
        let (store, container) = (&self.mirror.store, self.row.container);
        match store.write(container, &document, Some(&candidate.etag), self.lease, self.give_up()).await {
            Ok(written) => Ok(Some(written.charge)),
            Err(StoreError::Overtaken | StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// More than both bounds: the brake holds.
fn is_held(missing: u64, living: u64, options: &Options) -> bool {
    missing > options.max_delete_count && missing as f64 * 100.0 > living as f64 * options.max_delete_percent
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_brake_holds_above_both_bounds_only() {
        let options = Options {
            lease: Duration::ZERO,
            tombstone_ttl: Duration::ZERO,
            max_delete_percent: 20.0,
            max_delete_count: 10,
        };
        assert!(!is_held(10, 10, &options), "all of ten are within the number");
        assert!(!is_held(20, 100, &options), "a fifth is within the share");
        assert!(is_held(21, 100, &options));
        assert!(is_held(11, 11, &options));
    }
}
