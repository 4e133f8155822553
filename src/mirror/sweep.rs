//! The sweep: what a complete enumeration did not show is gone, and only then (rules 8, 9 and 12).
//!
//! Streamed, with If-Match on the version that was read: whoever wrote in between wins. A walk alone is not believed: each
//! object is asked for by its id first, and what Graph still shows is kept. The brake holds a sweep that would remove more
//! than a share *and* more than a number of the living documents of a container, or every object; and a walk that hid
//! several objects: a feed that suddenly shows half the tenant is more likely wrong than right.

use std::collections::HashSet;
use std::future::ready;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Options;
use super::ask::{Fate, ask};
use super::drive::Driver;
use super::error::SyncError;
use super::outcome::Hold;
use super::write::Wrote;
use crate::graph::{BATCH, GraphError};
use crate::protocol::change;
use crate::protocol::document::{self, Stamp};
use crate::protocol::machine::Weight;
use crate::protocol::plan::{self, Swept};
use crate::protocol::{Candidate, Checkpoint, Counts, Reason, Source};
use links::LinkFate;

pub(super) mod links;

impl Driver<'_> {
    /// What the owed sweep would take, and whether any link is doubtful.
    pub async fn weigh(&self, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
        let mut all = Weight::default();
        if checkpoint.hidden > 0 && !self.mirror.options.accepts_removals {
            all.missing = checkpoint.hidden;
            all.living = self.mirror.store.count_from(self.row.container, 0).await?;
            all.held = Some(Hold::WalkHidObjects);
            return Ok(all);
        }
        if let Some(owed) = checkpoint.owed {
            let older = self.mirror.store.older_than(self.row.container, owed).await?;
            let settled = older.try_filter(|one| ready(plan::is_weighed(checkpoint, plan::marks(one))));
            let missing = settled.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
            self.brake(self.row.container, missing, owed, &mut all).await?;
            if missing > 0 && all.held.is_none() && !self.mirror.options.accepts_removals {
                let others = self.mirror.store.has_others(self.row.container, owed).await?;
                if !others {
                    all.held = Some(Hold::Everything);
                    (all.missing, all.living) = (missing, missing);
                }
            }
        }
        for link in self.row.links {
            let owed = checkpoint.owed.unwrap_or(0);
            let found = self.mirror.store.older_or_burnt(link.container, owed, checkpoint).await?;
            // Doubtful ones go too, once that is announced.
            let count = |(missing, mut doubtful): (u64, HashSet<_>), one: Candidate| {
                let older = !one.removed && one.generation < owed;
                if plan::is_doubtful_link(checkpoint, plan::marks(&one)) {
                    doubtful.insert(one.source_id);
                }
                ready(Ok((missing + u64::from(older), doubtful)))
            };
            let (missing, doubtful) = found.try_fold((0, HashSet::new()), count).await?;
            if !doubtful.is_empty() && !all.doubtful_links {
                // Those of a source that the walk has not shown wait for the look at it, or for the walk that is begun
                // for its sake. Whom the sweep is about to ask for by its id need not wait.
                let holds = |one: &Candidate| plan::holds_links(checkpoint, plan::marks(one));
                let unseen = self.unseen_sources(checkpoint.generation, holds).await?;
                all.doubtful_links = doubtful.iter().any(|source| !links::is_of(&unseen, source.as_ref()));
            }
            self.brake(link.container, missing, owed, &mut all).await?;
        }
        if let Some(reason) = all.held {
            let Weight { missing, living, .. } = all;
            held(self.control.feed(), missing, living, reason);
        }
        Ok(all)
    }

    /// Adds a container that the brake holds.
    async fn brake(
        &self,
        container: &str,
        missing: u64,
        owed: u64,
        all: &mut Weight,
    ) -> Result<(), SyncError> {
        let options = &self.mirror.options;
        if missing > options.max_delete_count {
            let living = missing + self.mirror.store.count_from(container, owed).await?;
            hold_above_limit(all, missing, living, options);
        }
        Ok(())
    }

    /// Pays the sweep that is owed.
    pub async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, SyncError> {
        let Some(owed) = checkpoint.owed else { return Ok(Swept::default()) };
        let (mut wrote, mut swept) = self.sweep_objects(checkpoint, owed).await?;
        if swept.is_held() && !checkpoint.again {
            swept.living = self.mirror.store.count_from(self.row.container, 0).await?;
            held(self.control.feed(), swept.hidden, swept.living, Hold::WalkHidObjects);
        } else {
            wrote = wrote + self.tell_again(checkpoint, owed).await?;
            let unseen = match self.row.links {
                [] => HashSet::new(),
                _ => {
                    let keeps = |one: &Candidate| plan::keeps_links(checkpoint, plan::marks(one));
                    self.unseen_sources(owed, keeps).await?
                }
            };
            for link in self.row.links {
                let links = self.sweep_links(link.container, checkpoint, owed, &unseen).await?;
                wrote = wrote + links.0;
                swept.left |= links.1;
            }
        }
        self.charge += wrote.charge;
        Ok(Swept { counts: wrote.counts, ..swept })
    }

    /// What is doubtful is left alone: nobody knows which enumeration wrote it. Everything else is asked for by its id
    /// first, so many at a time as a batch takes; the rest waits for a later turn when the budget is spent, when Graph
    /// throttles, and when a replica that lags may not have known it.
    async fn sweep_objects(&self, checkpoint: &Checkpoint, owed: u64) -> Result<(Wrote, Swept), SyncError> {
        let young = AtomicBool::new(false);
        let due = |one: &Candidate| {
            let settled = !plan::is_doubtful(checkpoint, plan::marks(one));
            let is_told = self.is_told(checkpoint, one);
            young.fetch_or(settled && !is_told, Ordering::Relaxed);
            ready(settled && is_told)
        };
        let older = self.mirror.store.older_than(self.row.container, owed).await?.try_filter(due);
        let mut chunks = pin!(older.try_chunks(BATCH));
        let (mut wrote, mut swept, mut asked) = (Wrote::default(), Swept::default(), false);
        while let Some(some) = chunks.try_next().await.map_err(|error| error.1)? {
            if asked && self.is_spent() {
                // Without progress, going on at once would come to the same.
                (swept.left, swept.cut) = (true, wrote.counts != Counts::default());
                break;
            }
            asked = true;
            let fates = match ask(&self.mirror.graph, self.row, &some, self.deadline).await {
                Err(GraphError::Throttled { .. }) => {
                    swept.left = true;
                    break;
                }
                fates => fates.map_err(|error| self.explain(error))?,
            };
            wrote = wrote + self.keep_or_remove(checkpoint, some, &fates, &mut swept).await?;
            if swept.is_held() && !self.mirror.options.accepts_removals {
                return Ok((wrote, swept));
            }
        }
        swept.left |= young.into_inner();
        // Whoever accepted the removals has also seen that the walk hid some.
        swept.hidden = 0;
        Ok((wrote, swept))
    }

    /// What is still there is written as read by id, and everything else removed, unless the walk hid several.
    async fn keep_or_remove(
        &self,
        checkpoint: &Checkpoint,
        some: Vec<Candidate>,
        fates: &[Fate],
        swept: &mut Swept,
    ) -> Result<Wrote, SyncError> {
        swept.hidden += fates.iter().filter(|fate| matches!(fate, Fate::Shown(_))).count() as u64;
        swept.left |= fates.iter().any(|fate| matches!(fate, Fate::Unknown));
        let is_held = swept.is_held() && !self.mirror.options.accepts_removals;
        let stamp = &self.stamp(checkpoint);
        let writes = some.into_iter().zip(fates).map(|(candidate, fate)| async move {
            match fate {
                Fate::Shown(object) => {
                    let change = change::of_response(object);
                    let generation = candidate.generation;
                    let shown = &Stamp { generation, source: Source::ById, ..stamp.clone() };
                    self.write_change(&change, shown, Some(&candidate.etag), self.give_up()).await
                }
                Fate::Gone if !is_held => self.remove(candidate, stamp).await,
                Fate::Gone | Fate::Unknown => Ok(Wrote::default()),
            }
        });
        // By place, since a closure over borrowed answers would not be general enough for `Send`.
        let writes: Vec<_> = writes.collect();
        let written = stream::iter(writes).buffer_unordered(self.mirror.store.concurrency());
        written.try_fold(Wrote::default(), |all, one| ready(Ok(all + one))).await
    }

    /// Tombstones of what may come back, and which this walk did not show either, are written again: what was
    /// soft-deleted may have been deleted for good while the chain of tokens was broken, and then its links are read anew.
    async fn tell_again(&self, checkpoint: &Checkpoint, owed: u64) -> Result<Wrote, SyncError> {
        if !self.row.is_linked_to() {
            return Ok(Wrote::default());
        }
        let (stamp, container) = (&self.stamp(checkpoint), self.row.container);
        let older = self.mirror.store.restorable(container, owed).await?;
        let is_due = |one: &Candidate| {
            let settled = !plan::is_doubtful(checkpoint, plan::marks(one));
            settled && plan::is_to_be_told_again(one, stamp.now)
        };
        older
            .try_filter(|one| ready(is_due(one)))
            .map(|candidate| async move {
                let candidate = candidate?;
                let etag = candidate.etag.clone();
                let document = document::still_missing(candidate, stamp);
                let counts = Counts::default();
                Ok(self.write(container, &document, Some(&etag), counts, self.give_up()).await?)
            })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold(Wrote::default(), |all, one| ready(Ok(all + one)))
            .await
    }

    /// Objects that this walk has not shown, and of which nobody knows that they are gone: it has not told of their links
    /// either.
    async fn unseen_sources(
        &self,
        generation: u64,
        is_meant: impl Fn(&Candidate) -> bool,
    ) -> Result<HashSet<String>, SyncError> {
        let found = self.mirror.store.older_than(self.row.container, generation).await?;
        let found = found.try_filter(|one| ready(is_meant(one)));
        let ids = found.try_filter_map(|one| ready(Ok(one.object_id().map(str::to_owned))));
        Ok(ids.try_collect().await?)
    }

    fn is_told(&self, checkpoint: &Checkpoint, candidate: &Candidate) -> bool {
        plan::is_told(checkpoint, plan::read(candidate), self.mirror.options.doubt)
    }

    /// Takes the links that are to go; whether some have to wait.
    async fn sweep_links(
        &self,
        container: &str,
        checkpoint: &Checkpoint,
        owed: u64,
        unseen: &HashSet<String>,
    ) -> Result<(Wrote, bool), SyncError> {
        let stamp = &self.stamp(checkpoint);
        let found = self.mirror.store.older_or_burnt(container, owed, checkpoint).await?;
        let doubt = self.mirror.options.doubt;
        found
            .map(|link| async move {
                let link = link?;
                match links::fate(checkpoint, &link, unseen, doubt) {
                    LinkFate::Goes => Ok((self.bury(container, link, Reason::Missing, stamp).await?, false)),
                    LinkFate::Waits => Ok((Wrote::default(), true)),
                    LinkFate::Stays => Ok((Wrote::default(), false)),
                }
            })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold((Wrote::default(), false), |all, one| ready(Ok((all.0 + one.0, all.1 | one.1))))
            .await
    }

    /// One tombstone, unless somebody wrote the document in between. Also of what a look did not find.
    pub async fn remove(&self, candidate: Candidate, stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let etag = candidate.etag.clone();
        let document = document::missing(candidate, stamp);
        let counts = Counts { removed: 1, ..Counts::default() };
        Ok(self.write(self.row.container, &document, Some(&etag), counts, self.give_up()).await?)
    }
}

/// Says that a sweep is held.
fn held(resource: &str, missing: u64, of: u64, reason: Hold) {
    let reason = reason.sentence(missing, of);
    tracing::error!(event = "sweep_held", resource, missing, of, reason);
}

/// Adds what a container would lose, if the removal limit holds that.
pub(super) fn hold_above_limit(all: &mut Weight, missing: u64, living: u64, options: &Options) {
    if is_held(missing, living, options) {
        if all.held.is_none() {
            (all.missing, all.living) = (0, 0);
        }
        all.held = Some(Hold::RemovalLimit);
        all.missing += missing;
        all.living += living;
    }
}

/// More than both bounds: the brake holds.
fn is_held(missing: u64, living: u64, options: &Options) -> bool {
    let is_over = missing > options.max_delete_count
        && missing as f64 * 100.0 > living as f64 * options.max_delete_percent;
    is_over && !options.accepts_removals
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
            accepts_removals: false,
        };
        assert!(!is_held(10, 10, &options), "all of ten are within the number");
        assert!(!is_held(20, 100, &options), "a fifth is within the share");
        assert!(is_held(21, 100, &options));
        assert!(is_held(11, 11, &options));
        assert!(!is_held(11, 11, &Options { accepts_removals: true, ..options }), "somebody has looked");
    }
}
