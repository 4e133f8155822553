//! Links: written in batches by their source, and removed with what they hang on.

use std::collections::BTreeMap;
use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::change::LinkChange;
use super::document::{self, Stamp};
use super::drive::Driver;
use super::error::SyncError;
use crate::store::{BATCH, Candidate, Checkpoint, LinkDocument, Reason, StoreError, Stored as _};

/// Ids of one query for their links.
const IDS: usize = 50;
/// Clocks of Cosmos and ours may differ by as much.
const SKEW: Duration = Duration::from_secs(60);

/// Links written, and what they cost.
type Wrote = (u64, f64);

impl Driver<'_> {
    /// Writes the links of a page, those of one source together.
    pub async fn write_links(&self, links: &[LinkChange<'_>], stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let mut batches: BTreeMap<(&str, String), Vec<LinkDocument<'_>>> = BTreeMap::new();
        for change in links {
            let row = self.row.links.iter().find(|link| link.property == change.property);
            let Some(container) = row.map(|link| link.container) else { continue };
            let document = document::link(change, container, stamp);
            batches.entry((container, document.partition().to_owned())).or_default().push(document);
        }
        let batches: Vec<_> = batches
            .into_iter()
            .flat_map(|((container, _), mut documents)| {
                let mut parts = Vec::new();
                while !documents.is_empty() {
                    parts
                        .push((container, documents.drain(..documents.len().min(BATCH)).collect::<Vec<_>>()));
                }
                parts
            })
            .collect();
        let give_up = self.give_up();
        let writes = (0..batches.len()).map(|place| {
            let (container, documents) = &batches[place];
            async move {
                let store = &self.mirror.store;
                let written = store.write_batch(container, documents, self.lease, give_up).await?;
                Ok::<_, SyncError>((documents.len() as u64, written.charge))
            }
        });
        let written = stream::iter(writes).buffer_unordered(self.mirror.store.concurrency());
        written.try_fold((0, 0.0), |all, one| async move { Ok((all.0 + one.0, all.1 + one.1)) }).await
    }

    /// Removes the links, in both directions, of objects that are gone for good: Graph does not always
    /// tell. What the feeds of their targets have told since the last time is looked at, and a little
    /// before, since a replica that lags may have brought a link back.
    pub async fn cascade(&self, checkpoint: &Checkpoint, stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let mut wrote = (0, 0.0);
        if self.row.links.is_empty() {
            return Ok(wrote);
        }
        let since =
            checkpoint.cascaded.unwrap_or(checkpoint.generation_began) - self.mirror.options.doubt - SKEW;
        for container in self.row.targets {
            let gone = match self.mirror.store.gone_since(container, since).await {
                // The targets are not mirrored here.
                Err(StoreError::Missing(_)) => continue,
                gone => gone?,
            };
            let ids = gone.try_filter_map(|one| ready(Ok(one.object_id().map(str::to_owned))));
            let mut ids = Box::pin(ids.try_chunks(IDS));
            while let Some(ids) = ids.next().await {
                let ids = ids.map_err(|error| error.1)?;
                for link in self.row.links {
                    let one = self.unlink(link.container, &ids, stamp).await?;
                    wrote = (wrote.0 + one.0, wrote.1 + one.1);
                }
            }
        }
        Ok(wrote)
    }

    async fn unlink(&self, container: &str, ids: &[String], stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let linked = self.mirror.store.linked(container, ids).await?;
        linked
            .map(|link| async move { self.bury(container, link?, Reason::Deleted, stamp).await })
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold((0, 0.0), |all, one| async move { Ok((all.0 + one.0, all.1 + one.1)) })
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
        match self.mirror.store.write(container, &document, Some(&etag), self.lease, self.give_up()).await {
            Ok(written) => Ok((1, written.charge)),
            Err(StoreError::Overtaken | StoreError::Missing(_)) => Ok((0, 0.0)),
            Err(error) => Err(error.into()),
        }
    }
}
