//! The pages of a round: documents before checkpoint, the next page in flight meanwhile.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::change::{self, Change, Kind};
use super::document::{self, Stamp};
use super::error::SyncError;
use super::outcome::Ending;
use super::plan::{self, Leads};
use super::turn::{Turn, now};
use crate::graph::{GraphError, Link, Next, Page, Request};
use crate::store::{Counts, Opaque, State, StoreError, Written};

/// How a round ended.
pub(super) enum Round {
    /// Graph has nothing more to tell.
    Complete,
    /// The stored token is dead.
    DeadToken,
    /// The turn ends here.
    Ended(Ending),
}

impl<'a> Turn<'a> {
    /// Walks from the page that the checkpoint points to until the round, the budget or Graph's patience
    /// ends. Page N+1 is fetched while page N is written, and written only after save N (rule 5).
    pub async fn round(&mut self) -> Result<Round, SyncError> {
        let (graph, deadline) = (&self.mirror.graph, self.deadline);
        let mut fetched = graph.page(&self.request(), deadline).await;
        loop {
            let page = match fetched {
                Ok(page) => page,
                Err(GraphError::Gone(refusal)) => {
                    tracing::warn!(event = "token_dead", feed = self.control.feed(), status = refusal.status, code = %refusal.code);
                    return Ok(Round::DeadToken);
                }
                Err(GraphError::Throttled { after }) => return self.throttled(after).await,
                Err(error) => return Err(self.explain(error)),
            };
            let ahead = match &page.next {
                Next::Page(link) if Instant::now() < deadline => Some(Request::Follow(link.clone())),
                _ => None,
            };
            let fetch = async {
                Ok(match &ahead {
                    Some(request) => Some(graph.page(request, deadline).await),
                    None => None,
                })
            };
            // A page that cannot be taken ends the turn at once, whatever Graph is still doing.
            let ((), next) = tokio::try_join!(self.take(&page), fetch)?;
            fetched = match (&page.next, next) {
                (Next::Round(_), _) => return Ok(Round::Complete),
                (Next::Page(_), None) => return Ok(Round::Ended(Ending::Continued)),
                (Next::Page(_), Some(fetched)) => fetched,
            };
        }
    }

    /// The request that the checkpoint stands before.
    fn request(&self) -> Request {
        match &self.checkpoint.state {
            State::Start | State::Enumerating { link: None } => Request::Initial {
                path: self.row.path.to_owned(),
                select: self.row.select.iter().map(|&name| name.to_owned()).collect(),
            },
            State::Enumerating { link: Some(link) } | State::Tracking { link } => {
                Request::Follow(Link::new(link.expose()))
            }
        }
    }

    /// Writes a page and saves it: the save happens only when every write has succeeded.
    async fn take(&mut self, page: &Page) -> Result<(), SyncError> {
        let wrote = self.write(page).await?;
        self.counts += wrote;
        let leads = match &page.next {
            Next::Page(link) => Leads::On(Opaque::new(link.expose())),
            Next::Round(link) => Leads::Home(Opaque::new(link.expose())),
        };
        self.save(plan::page(&self.checkpoint, leads, wrote, self.run(), self.epoch)).await
    }

    async fn write(&mut self, page: &Page) -> Result<Counts, SyncError> {
        let changes = change::of(&page.objects);
        let stamp = self.stamp();
        self.dirty |= !changes.is_empty();
        let turn: &Turn<'_> = self;
        // By place, since a closure over borrowed changes would not be general enough for `Send`.
        let give_up = turn.give_up();
        let writes = (0..changes.len()).map(|place| turn.write_one(&changes[place], &stamp, give_up));
        let (counts, charge) = stream::iter(writes)
            .buffer_unordered(turn.mirror.store.concurrency())
            .try_fold(
                (Counts { pages: 1, ..Counts::default() }, 0.0),
                |(mut counts, charge), (wrote, written)| async move {
                    counts += wrote;
                    Ok((counts, charge + written.charge))
                },
            )
            .await?;
        self.charge += charge;
        Ok(counts)
    }

    /// Writes one change; content that Cosmos will never take is set aside, and the feed goes on.
    async fn write_one(
        &self,
        change: &Change<'_>,
        stamp: &Stamp<'_>,
        give_up: Instant,
    ) -> Result<(Counts, Written), SyncError> {
        let (store, container) = (&self.mirror.store, self.row.container);
        let document = document::of(change, stamp);
        let mut counts = match change.kind {
            Kind::Put { .. } => Counts { upserted: 1, ..Counts::default() },
            Kind::Remove(_) => Counts { removed: 1, ..Counts::default() },
            Kind::SetAside(_) => Counts { set_aside: 1, ..Counts::default() },
        };
        let written = match store.write(container, &document, None, self.lease, give_up).await {
            Err(StoreError::Refused(reason)) => {
                tracing::warn!(
                    event = "set_aside",
                    feed = self.control.feed(),
                    bytes = change.text.len(),
                    reason
                );
                counts = Counts { set_aside: 1, ..Counts::default() };
                let note = document::set_aside(change, reason, stamp);
                store.write(container, &note, None, self.lease, give_up).await
            }
            answer => answer,
        };
        Ok((counts, written?))
    }

    /// What the documents of the next save carry.
    pub(super) fn stamp(&self) -> Stamp<'a> {
        Stamp {
            resource: self.row.resource,
            tenant_id: &self.reader.tenant_id,
            generation: self.checkpoint.generation,
            save: self.checkpoint.save + 1,
            now: now(),
            tombstone_ttl: self.mirror.options.tombstone_ttl,
        }
    }

    /// Until when a throttled write is tried again: a page under way may outlast the budget a little,
    /// since giving it up would cost more.
    pub(super) fn give_up(&self) -> Instant {
        self.deadline.max(Instant::now()) + GRACE
    }

    async fn throttled(&mut self, after: Duration) -> Result<Round, SyncError> {
        let next = plan::throttled(&self.checkpoint, after, self.epoch, now());
        self.save(next).await?;
        let until = self.checkpoint.not_before.unwrap_or_else(now);
        Ok(Round::Ended(Ending::Throttled { until }))
    }

    fn explain(&self, error: GraphError) -> SyncError {
        match error {
            GraphError::Forbidden(refusal) => SyncError::Forbidden {
                refusal,
                permission: &self.row.permission,
                principal_id: self.reader.principal_id.clone(),
            },
            other => SyncError::Graph(other),
        }
    }
}

/// How long past the budget a page's throttled writes are still tried.
const GRACE: Duration = Duration::from_secs(60);
