//! The sweep: what a complete enumeration did not show is gone, and only then (rules 8, 9 and 12).
//!
//! Streamed, with If-Match on the version that was read: whoever wrote in between wins. The brake holds
//! a sweep that would remove more than a share *and* more than a number of the living documents of a
//! container: a feed that suddenly shows half the tenant is more likely wrong than right.

use std::future::ready;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::Options;
use super::document::{self, Stamp};
use super::drive::Driver;
use super::error::SyncError;
use super::machine::Weight;
use super::plan;
use crate::store::{Candidate, Checkpoint, Found, Reason, StoreError};

impl Driver<'_> {
    /// What the owed sweep would take, and whether any link is doubtful.
    pub async fn weigh(&self, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
        let mut all = Weight::default();
        if let Some(owed) = checkpoint.owed {
            let older = self.mirror.store.older_than(self.row.container, owed).await?;
            let objects = self.weigh_found(self.row.container, checkpoint, older).await?;
            all = Weight { doubtful_links: false, ..objects };
        }
        for link in self.row.links {
            if checkpoint.owed.is_none() && checkpoint.burnt.is_empty() {
                break;
            }
            let owed = checkpoint.owed.unwrap_or(0);
            let found = self.mirror.store.older_or_burnt(link.container, owed, &checkpoint.burnt).await?;
            let links = self.weigh_found(link.container, checkpoint, found).await?;
            all.doubtful_links |= links.doubtful_links;
            // Told is what is held.
            if links.held {
                all.missing = links.missing + if all.held { all.missing } else { 0 };
                all.living += links.living;
                all.held = true;
            }
        }
        if all.held {
            let (missing, of) = (all.missing, all.living);
            tracing::error!(event = "sweep_held", feed = self.control.feed(), missing, of);
        }
        Ok(all)
    }

    async fn weigh_found(
        &self,
        container: &str,
        checkpoint: &Checkpoint,
        found: impl Found<Candidate>,
    ) -> Result<Weight, SyncError> {
        let count = |(missing, doubtful), one: Candidate| {
            let is_doubtful = plan::is_doubtful(checkpoint, plan::marks(&one));
            let older = !one.removed && checkpoint.owed.is_some_and(|owed| one.generation < owed);
            // Doubtful links go too, once that is announced; doubtful objects never do.
            let taken = older && (one.parent.is_some() || !is_doubtful);
            ready(Ok((missing + u64::from(taken), doubtful | is_doubtful)))
        };
        let (missing, doubtful_links) = found.try_fold((0, false), count).await?;
        let mut weight = Weight { missing, doubtful_links, ..Weight::default() };
        if let Some(owed) = checkpoint.owed.filter(|_| missing > self.mirror.options.max_delete_count) {
            weight.living = missing + self.mirror.store.count_from(container, owed).await?;
            weight.held = is_held(missing, weight.living, &self.mirror.options);
        }
        Ok(weight)
    }

    /// Pays the sweep that is owed; the number of tombstones.
    pub async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<u64, SyncError> {
        let Some(owed) = checkpoint.owed else { return Ok(0) };
        let (removed, mut charge) = self.sweep_objects(checkpoint, owed).await?;
        let mut all = removed;
        for link in self.row.links {
            let (removed, one) = self.sweep_links(link.container, checkpoint, owed).await?;
            all += removed;
            charge += one;
        }
        self.charge += charge;
        Ok(all)
    }

    /// What is doubtful is left alone: nobody knows which enumeration wrote it.
    async fn sweep_objects(&self, checkpoint: &Checkpoint, owed: u64) -> Result<(u64, f64), SyncError> {
        let stamp = &self.stamp(checkpoint);
        let older = self.mirror.store.older_than(self.row.container, owed).await?;
        older
            .try_filter(|one| ready(!plan::is_doubtful(checkpoint, plan::marks(one))))
            .map(|candidate| async move { self.remove(candidate?, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold((0, 0.0), |all, one| ready(Ok((all.0 + one.0, all.1 + one.1))))
            .await
    }

    /// Links cannot be looked up one by one: once another generation is announced to bring back what this
    /// takes too much, doubtful ones go too, and doubtful tombstones are written anew (rule 12).
    async fn sweep_links(
        &self,
        container: &str,
        checkpoint: &Checkpoint,
        owed: u64,
    ) -> Result<(u64, f64), SyncError> {
        let stamp = &self.stamp(checkpoint);
        let found = self.mirror.store.older_or_burnt(container, owed, &checkpoint.burnt).await?;
        let taken = |one: &Candidate| {
            let older = !one.removed && one.generation < owed;
            let doubtful = plan::is_doubtful(checkpoint, plan::marks(one));
            ready(if checkpoint.again { older || one.removed && doubtful } else { older && !doubtful })
        };
        found
            .try_filter(taken)
            .map(|link| async move { self.bury(container, link?, Reason::Missing, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold((0, 0.0), |all, one| ready(Ok((all.0 + one.0, all.1 + one.1))))
            .await
    }

    /// One tombstone, unless somebody wrote the document in between.
    async fn remove(&self, candidate: Candidate, stamp: &Stamp<'_>) -> Result<(u64, f64), SyncError> {
        let etag = candidate.etag.clone();
        let document = document::missing(candidate, stamp);
        let (store, container) = (&self.mirror.store, self.row.container);
        match store.write(container, &document, Some(&etag), self.lease, self.give_up()).await {
            Ok(written) => Ok((1, written.charge)),
            Err(StoreError::Overtaken | StoreError::Missing(_)) => Ok((0, 0.0)),
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
