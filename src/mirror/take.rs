//! Taking a page: all its documents are written, the next page in flight meanwhile.

use std::borrow::Cow;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use time::OffsetDateTime;
use tracing::Instrument as _;

use super::drive::Driver;
use super::error::SyncError;
use super::outcome::request_units;
use super::write::Wrote;
use crate::graph::{Next, Page, Request};
use crate::json::shown_id;
use crate::protocol::change::{self, Change, OddLinks};
use crate::protocol::document::Stamp;
use crate::protocol::merge::{self, Step};
use crate::protocol::plan::Took;
use crate::protocol::{Checkpoint, Counts, document_id};

/// Times that a document may be written by somebody else between its reading and its writing.
const TRIES: u32 = 4;

impl Driver<'_> {
    /// Writes a page. Page N+1 may be fetched, but is not written, before save N (rule 5).
    pub async fn take(
        &mut self,
        page: &Page,
        asked: OffsetDateTime,
        checkpoint: &Checkpoint,
    ) -> Result<Took, SyncError> {
        let ahead = match &page.next {
            Next::Page(link) if !self.is_spent() => Some(link.clone()),
            _ => None,
        };
        let fetch = async {
            let Some(link) = ahead else { return Ok(None) };
            let asked = self.lease.now();
            let request = Request::Follow(link.clone());
            let page = self.mirror.graph.page(&request, self.deadline);
            let fetched = page.instrument(tracing::info_span!("graph_page")).await;
            Ok(Some((link, asked, fetched)))
        };
        // A page that cannot be written ends the turn at once, whatever Graph is still doing.
        let written = self.write_page(page, checkpoint).instrument(tracing::info_span!("cosmos_page"));
        let ((counts, doubtful, charge), ahead) = tokio::try_join!(written, fetch)?;
        self.ahead = ahead;
        self.charge += charge;
        Ok(Took { counts, doubtful, at: asked })
    }

    /// Objects first, then links; at the end of a round also the links of what is gone for good. Says what it
    /// wrote, whether links became doubtful by it, and what it cost.
    async fn write_page(
        &self,
        page: &Page,
        checkpoint: &Checkpoint,
    ) -> Result<(Counts, bool, f64), SyncError> {
        let changes = change::of(&page.objects);
        self.mirror.progress.add(changes.objects.len(), changes.links.len());
        let stamp = self.stamp(checkpoint);
        let objects = self.write_objects(&changes.objects, checkpoint, &stamp).await?;
        let objects = objects + self.doubt(&changes.unclear, &stamp).await?;
        let links = self.write_links(&changes.links, &stamp).await?;
        let (cascaded, doubtful) = match &page.next {
            Next::Round(_) => self.cascade(checkpoint, &stamp).await?,
            Next::Page(_) => (Wrote::default(), false),
        };
        let Wrote { mut counts, charge } = objects + links + cascaded;
        let set_aside = self.name_odd_links(&changes.odd);
        counts += Counts { pages: 1, set_aside, ..Counts::default() };
        tracing::debug!(
            event = "page_written",
            upserted = counts.upserted,
            removed = counts.removed,
            setAside = counts.set_aside,
            links = counts.links,
            requestCharge = request_units(charge)
        );
        Ok((counts, doubtful, charge))
    }

    /// Names where links cannot be read; says how many. They come again when Graph tells of them anew.
    fn name_odd_links(&self, odd: &[OddLinks<'_>]) -> u64 {
        for OddLinks { property, source, why, count } in odd {
            let known = self.row.links.iter().map(|linked| linked.property).find(|name| name == property);
            tracing::warn!(
                event = "links_set_aside",
                resource = self.row.resource,
                id = shown_id(source),
                property = known.unwrap_or("one that is not mirrored"),
                count,
                reason = why
            );
        }
        odd.iter().map(|odd| odd.count).sum()
    }

    async fn write_objects(
        &self,
        changes: &[Change<'_>],
        checkpoint: &Checkpoint,
        stamp: &Stamp<'_>,
    ) -> Result<Wrote, SyncError> {
        // By place, since a closure over borrowed changes would not be general enough for `Send`.
        let writes = (0..changes.len()).map(|place| self.write_object(&changes[place], checkpoint, stamp));
        let written = stream::iter(writes).buffer_unordered(self.mirror.store.concurrency());
        written.try_fold(Wrote::default(), |all, one| async move { Ok(all + one) }).await
    }

    /// Writes one object of a page, merged with its document where that is needed (rule 5).
    async fn write_object(
        &self,
        change: &Change<'_>,
        checkpoint: &Checkpoint,
        stamp: &Stamp<'_>,
    ) -> Result<Wrote, SyncError> {
        let give_up = self.give_up();
        let id = change.id.as_deref().filter(|_| merge::needs_document(change, checkpoint));
        let Some(id) = id else { return self.write_change(change, stamp, None, give_up).await };
        let (container, key) = (self.row.container, document_id(id));
        let (always, has_links) = (self.row.always, !self.row.links.is_empty());
        let (mut read, mut is_newest) = (0.0, false);
        for _ in 0..TRIES {
            let kept = self.mirror.store.known(container, &key).await?;
            read += kept.as_ref().map_or(0.0, |kept| kept.charge);
            let wrote = match merge::step(change, kept.as_ref(), checkpoint, always, has_links) {
                // An old version may say the same: only the newest one may decide that nothing is written.
                Step::Skip if !is_newest => {
                    if let Some(kept) = &kept {
                        self.mirror.store.reach_newest(container, kept).await?;
                    }
                    is_newest = true;
                    continue;
                }
                Step::Skip => {
                    let counts = Counts { unchanged: 1, ..Counts::default() };
                    Wrote { counts, charge: 0.0 }
                }
                Step::Replace { whole } => {
                    self.write_change(change, &stamp.settled(whole), None, give_up).await?
                }
                Step::Merge { change, generation, settled } => {
                    let stamp = Stamp { generation, ..stamp.settled(settled) };
                    let over = kept.as_ref().map(|kept| &kept.marks.etag);
                    self.write_change(&change, &stamp, over, give_up).await?
                }
            };
            // Nothing was done: somebody wrote it in between.
            if wrote.counts != Counts::default() {
                return Ok(Wrote { charge: wrote.charge + read, ..wrote });
            }
        }
        Err(SyncError::Overtaken)
    }

    /// Objects that Graph calls removed in words that decide nothing: they stay, and are looked up once the replicas agree.
    async fn doubt(&self, unclear: &[Cow<'_, str>], stamp: &Stamp<'_>) -> Result<Wrote, SyncError> {
        let mut all = Wrote::default();
        if unclear.is_empty() {
            return Ok(all);
        }
        tracing::warn!(event = "removal_unclear", resource = self.control.feed(), objects = unclear.len());
        for id in unclear {
            let key = document_id(id);
            let Some(kept) = self.mirror.store.known(self.row.container, &key).await? else { continue };
            let Some(change) = merge::doubted(&kept) else { continue };
            let stamp = Stamp { generation: kept.marks.generation, ..stamp.settled(false) };
            all = all + self.write_change(&change, &stamp, Some(&kept.marks.etag), self.give_up()).await?;
        }
        Ok(all)
    }
}
