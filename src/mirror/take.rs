//! Taking a page: all its documents are written, the next page in flight meanwhile.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::change::{self, Change, Kind};
use super::document::{self, Stamp};
use super::drive::Driver;
use super::error::SyncError;
use super::machine::Took;
use crate::graph::{GraphError, Next, Page, Request};
use crate::store::{Checkpoint, Counts, StoreError};

/// How long past the budget throttled writes are still tried: giving up a page would cost more.
const GRACE: Duration = Duration::from_secs(60);

impl Driver<'_> {
    /// Writes the page in hand. Page N+1 may be fetched, but is not written, before save N (rule 5).
    pub async fn take(&mut self, checkpoint: &Checkpoint) -> Result<Took, SyncError> {
        let Some(page) = self.page.take() else { return Ok(Took::default()) };
        let ahead = match &page.next {
            Next::Page(link) if !self.is_spent() => Some(link.clone()),
            _ => None,
        };
        let fetch = async {
            let Some(link) = ahead else { return Ok(None) };
            let fetched = self.mirror.graph.page(&Request::Follow(link.clone()), self.deadline).await;
            Ok(Some((link, fetched)))
        };
        // A page that cannot be written ends the turn at once, whatever Graph is still doing.
        let ((took, charge), ahead) = tokio::try_join!(self.write_page(&page, checkpoint), fetch)?;
        self.ahead = ahead;
        self.charge += charge;
        Ok(took)
    }

    /// Objects first, then links; at the end of a round also the links of what is gone for good.
    async fn write_page(&self, page: &Page, checkpoint: &Checkpoint) -> Result<(Took, f64), SyncError> {
        let changes = change::of(&page.objects)
            .map_err(|what| SyncError::Graph(GraphError::Nonsense(what.to_owned())))?;
        let stamp = self.stamp(checkpoint);
        let (mut counts, mut charge) = self.write_objects(&changes.objects, &stamp).await?;
        let linked = self.write_links(&changes.links, &stamp).await?;
        let (cascaded, doubtful) = match &page.next {
            Next::Round(_) => self.cascade(checkpoint, &stamp).await?,
            Next::Page(_) => ((0, 0.0), false),
        };
        counts.links = linked.0 + cascaded.0;
        charge += linked.1 + cascaded.1;
        Ok((Took { counts, doubtful }, charge))
    }

    async fn write_objects(
        &self,
        changes: &[Change<'_>],
        stamp: &Stamp<'_>,
    ) -> Result<(Counts, f64), SyncError> {
        let give_up = self.give_up();
        // By place, since a closure over borrowed changes would not be general enough for `Send`.
        let writes = (0..changes.len()).map(|place| self.write_one(&changes[place], stamp, give_up));
        stream::iter(writes)
            .buffer_unordered(self.mirror.store.concurrency())
            .try_fold(
                (Counts { pages: 1, ..Counts::default() }, 0.0),
                |(mut counts, total), (wrote, charge)| async move {
                    counts += wrote;
                    Ok((counts, total + charge))
                },
            )
            .await
    }

    /// Writes one change; content that Cosmos will never take is set aside, and the feed goes on.
    async fn write_one(
        &self,
        change: &Change<'_>,
        stamp: &Stamp<'_>,
        give_up: Instant,
    ) -> Result<(Counts, f64), SyncError> {
        let (store, container) = (&self.mirror.store, self.row.container);
        let document = document::of(change, stamp);
        let mut counts = match change.kind {
            Kind::Put { .. } => Counts { upserted: 1, ..Counts::default() },
            Kind::Remove(_) => Counts { removed: 1, ..Counts::default() },
            Kind::SetAside(_) => Counts { set_aside: 1, ..Counts::default() },
        };
        let written = match store.write(container, &document, None, self.lease, give_up).await {
            Err(StoreError::Refused(reason)) => {
                let feed = self.control.feed();
                tracing::warn!(event = "set_aside", feed, bytes = change.text.len(), reason);
                counts = Counts { set_aside: 1, ..Counts::default() };
                let note = document::set_aside(change, reason, stamp);
                store.write(container, &note, None, self.lease, give_up).await
            }
            answer => answer,
        };
        Ok((counts, written?.charge))
    }

    /// Until when a throttled write is tried again.
    pub fn give_up(&self) -> Instant {
        self.deadline.max(Instant::now()) + GRACE
    }
}
