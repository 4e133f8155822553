//! Links: written in batches by their source, and removed with what they hang on.

use std::collections::BTreeMap;
use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use time::OffsetDateTime;

use super::drive::Driver;
use super::error::SyncError;
use super::one;
use super::write::Wrote;
use crate::protocol::change::LinkChange;
use crate::protocol::document::{self, Stamp};
use crate::protocol::plan;
use crate::protocol::{Candidate, Checkpoint, Counts, Reason};
use crate::store::{BATCH, StoreError};

/// Most batches under way: each takes most of a megabyte until it is answered, and those of one source share a partition.
const BATCHES: usize = 8;
/// Ids of one query for their links.
const IDS: usize = 50;
/// Clocks of Cosmos and ours may differ by as much.
const SKEW: Duration = Duration::from_secs(60);

impl Driver<'_> {
    /// Writes the links of a page, and ends those that they took the place of.
    pub async fn write_links(&self, links: &[LinkChange<'_>], stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let links = one::last_told(self.row, links);
        let wrote = self.write_together(&links, stamp).await?;
        let replaced = one::replaced(&self.mirror.store, self.row, &links).await?;
        Ok(wrote + self.write_together(&replaced, stamp).await?)
    }

    /// Writes links, those of one source together.
    async fn write_together(&self, links: &[LinkChange<'_>], stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let container = |link: &LinkChange<'_>| {
            let row = self.row.links.iter().find(|linked| linked.property == link.property);
            row.map(|linked| linked.container)
        };
        let mut known: Vec<_> =
            links.iter().filter_map(|link| Some((container(link)?, &*link.source, link))).collect();
        // Stable: of one source they stay in the order of the page.
        known.sort_by_key(|(container, source, _)| (*container, *source));
        let batches: Vec<_> = known
            .chunk_by(|(container, source, _), next| (*container, *source) == (next.0, next.1))
            .flat_map(|of_source| of_source.chunks(BATCH))
            .collect();
        let give_up = self.give_up();
        // The documents are made as they are written: all at once, those of a large page would need much memory.
        let writes = (0..batches.len()).map(|place| {
            let batch = batches[place];
            async move {
                let container = batch[0].0;
                let documents: Vec<_> =
                    batch.iter().map(|(_, _, link)| document::link(link, container, stamp)).collect();
                let written =
                    self.mirror.store.write_batch(container, &documents, self.lease, give_up).await?;
                let links = documents.len() as u64;
                Ok(Wrote { counts: Counts { links, ..Counts::default() }, charge: written.charge })
            }
        });
        let written = stream::iter(writes).buffer_unordered(self.mirror.store.concurrency().min(BATCHES));
        written.try_fold(Wrote::default(), |all, one| ready(Ok(all + one))).await
    }

    /// At the end of a round: what the feeds of the links' ends have told since the last time, and a little
    /// before, since a replica that lags may have brought a link back.
    ///
    /// The links of what is gone for good are removed in both directions, because Graph does not always tell.
    /// What a walk merely did not show may be restored with its links. Once the replicas must agree, a link
    /// that was last told of before that is doubtful (rule 12), which is the second answer.
    pub async fn cascade(
        &self,
        checkpoint: &Checkpoint,
        stamp: &Stamp<'_>,
    ) -> Result<(Wrote, bool), SyncError> {
        let ttl = self.mirror.options.tombstone_ttl.saturating_sub(self.mirror.options.doubt + SKEW);
        // What went meanwhile may have left no trace: then only another walk can say which links are left.
        let has_outslept = !self.row.links.is_empty() && plan::has_outslept(checkpoint, stamp.now, ttl);
        let (mut wrote, mut doubtful) = (Wrote::default(), has_outslept);
        for ends in self.row.targets {
            let deleted = self.gone(ends, Reason::Deleted, checkpoint, None).await?;
            let missing = self.gone(ends, Reason::Missing, checkpoint, Some(stamp.now)).await?;
            for link in self.row.links {
                for gone in &deleted {
                    wrote = wrote + self.unlink(link.container, gone, stamp).await?;
                }
                for gone in &missing {
                    doubtful |= self.is_any_doubtful(link.container, gone, checkpoint).await?;
                    wrote = wrote + self.unlink_spared(link.container, gone, checkpoint, stamp).await?;
                }
            }
        }
        Ok((wrote, doubtful))
    }

    /// Which objects went, if it matters so long ago that the replicas agree on it `by` then, and when their
    /// tombstones were written; so many at a time as one query takes. Without `by`, since Cosmos stamps what this page has just written by its own
    /// clock, which may be ahead of ours.
    async fn gone(
        &self,
        container: &str,
        reason: Reason,
        checkpoint: &Checkpoint,
        by: Option<OffsetDateTime>,
    ) -> Result<Vec<BTreeMap<String, i64>>, SyncError> {
        let since = checkpoint.cascaded.unwrap_or(checkpoint.generation_began);
        let since = since - self.mirror.options.doubt - SKEW;
        let gone = match self.mirror.store.gone_since(container, reason, since).await {
            // The ends of these links are not mirrored here; or they were, and a new generation follows once their
            // container is there again (rule 14).
            Err(StoreError::Container(unfit)) if unfit.is_missing() => return Ok(Vec::new()),
            gone => gone?,
        };
        let (by, doubt) = (by.map(OffsetDateTime::unix_timestamp), self.mirror.options.doubt);
        let named = gone.try_filter_map(|one| {
            let is_agreed = by.is_none_or(|by| plan::is_agreed(one.written, by, doubt));
            let named = one.object_id().filter(|_| is_agreed);
            ready(Ok(named.map(|id| (id.to_owned(), one.written))))
        });
        let chunks = named.try_chunks(IDS).map_ok(|chunk| chunk.into_iter().collect());
        chunks.try_collect().await.map_err(|error| error.1.into())
    }

    /// Whether any of these links was last told of, in this generation, before the replicas had to agree that
    /// its end is missing.
    async fn is_any_doubtful(
        &self,
        container: &str,
        missing: &BTreeMap<String, i64>,
        checkpoint: &Checkpoint,
    ) -> Result<bool, SyncError> {
        let linked = self.mirror.store.linked(container, missing.keys()).await?;
        let doubt = self.mirror.options.doubt;
        let is_doubtful = |link: &Candidate| {
            let ends = [&link.source_id, &link.target_id];
            let went = ends.into_iter().flatten().filter_map(|id| missing.get(id)).max();
            let is_agreed = |went: &i64| plan::is_agreed(*went, link.written, doubt);
            link.generation == checkpoint.generation && went.is_some_and(|went| !is_agreed(went))
        };
        let found = linked.try_fold(false, |any, link| ready(Ok(any || is_doubtful(&link)))).await?;
        Ok(found)
    }

    /// Links that a sweep has spared since their source lived unseen, and which is gone now.
    async fn unlink_spared(
        &self,
        container: &str,
        gone: &BTreeMap<String, i64>,
        checkpoint: &Checkpoint,
        stamp: &Stamp<'_>,
    ) -> Result<Wrote, SyncError> {
        if checkpoint.owed.is_some() {
            return Ok(Wrote::default());
        }
        let linked = self.mirror.store.linked(container, gone.keys()).await?;
        let is_spared = |link: &Candidate| {
            let of_gone = link.source_id.as_ref().is_some_and(|source| gone.contains_key(source));
            of_gone && link.generation < checkpoint.generation
        };
        linked
            .try_filter(|link| ready(is_spared(link)))
            .map(|link| async move { self.bury(container, link?, Reason::Missing, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold(Wrote::default(), |all, one| ready(Ok(all + one)))
            .await
    }

    async fn unlink(
        &self,
        container: &str,
        gone: &BTreeMap<String, i64>,
        stamp: &Stamp<'_>,
    ) -> Result<Wrote, SyncError> {
        let linked = self.mirror.store.linked(container, gone.keys()).await?;
        linked
            .map(|link| async move { self.bury(container, link?, Reason::Deleted, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold(Wrote::default(), |all, one| ready(Ok(all + one)))
            .await
    }

    /// One tombstone of a link, unless somebody wrote it in between.
    pub async fn bury(
        &self,
        container: &str,
        link: Candidate,
        reason: Reason,
        stamp: &Stamp<'_>,
    ) -> Result<Wrote, SyncError> {
        let etag = link.etag.clone();
        let document = document::missing_link(link, container, reason, stamp);
        let counts = Counts { links: 1, ..Counts::default() };
        Ok(self.write(container, &document, Some(&etag), counts, self.give_up()).await?)
    }
}
