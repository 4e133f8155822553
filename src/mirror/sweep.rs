//! The sweep: what a complete enumeration did not show is gone, and only then (rules 8 and 9).
//!
//! Streamed, with If-Match on the version that was read: whoever wrote in between wins. The brake holds
//! a sweep that would remove more than a share *and* more than a number of the living documents: a feed
//! that suddenly shows half the tenant is more likely wrong than right.

use std::future::ready;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::Options;
use super::document::{self, Stamp};
use super::drive::Driver;
use super::error::SyncError;
use super::machine::Weight;
use super::plan;
use crate::store::{Candidate, Checkpoint, StoreError};

impl Driver<'_> {
    /// What the owed sweep would take.
    pub async fn weigh(&self, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
        let Some(owed) = checkpoint.owed else { return Ok(Weight::default()) };
        let options = &self.mirror.options;
        let candidates = self.candidates(checkpoint, owed).await?;
        let missing = candidates.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
        if missing <= options.max_delete_count {
            return Ok(Weight { missing, ..Weight::default() });
        }
        let living = missing + self.mirror.store.count_from(self.row.container, owed).await?;
        let held = is_held(missing, living, options);
        if held {
            tracing::error!(event = "sweep_held", feed = self.control.feed(), missing, of = living);
        }
        Ok(Weight { missing, living, held, doubtful_links: false })
    }

    /// Pays the sweep that is owed; the number of tombstones.
    pub async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<u64, SyncError> {
        let Some(owed) = checkpoint.owed else { return Ok(0) };
        let candidates = self.candidates(checkpoint, owed).await?;
        let stamp = self.stamp(checkpoint);
        let (driver, stamp) = (&*self, &stamp);
        let (removed, charge) = candidates
            .map(|candidate| async move { driver.remove(candidate?, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold((0, 0.0), |(removed, total), charge: Option<f64>| {
                ready(Ok(charge.map_or((removed, total), |charge| (removed + 1, total + charge))))
            })
            .await?;
        self.charge += charge;
        Ok(removed)
    }

    /// Streams the living documents that the enumeration did not write. What is doubtful is left alone:
    /// nobody knows which enumeration wrote it.
    async fn candidates(
        &self,
        checkpoint: &Checkpoint,
        owed: u64,
    ) -> Result<impl Stream<Item = Result<Candidate, SyncError>> + use<>, SyncError> {
        let checkpoint = checkpoint.clone();
        let older = self.mirror.store.older_than(self.row.container, owed).await?;
        let settled = move |one: &Candidate| ready(!plan::is_doubtful(&checkpoint, plan::marks(one)));
        Ok(older.map_err(SyncError::from).try_filter(settled))
    }

    /// Request units of one tombstone; `None` when somebody wrote the document in between.
    async fn remove(&self, candidate: Candidate, stamp: &Stamp<'_>) -> Result<Option<f64>, SyncError> {
        let etag = candidate.etag.clone();
        let document = document::missing(candidate, stamp);
        let (store, container) = (&self.mirror.store, self.row.container);
        match store.write(container, &document, Some(&etag), self.lease, self.give_up()).await {
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
            doubt: Duration::ZERO,
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
