//! The pages that a turn has fetched, that are on their way, or that Graph refused.

use std::panic::resume_unwind;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::graph::{GraphError, Guard, Page, Request};
use crate::protocol::machine::Event;
use crate::protocol::{Checkpoint, Link, Shard};
use crate::report::SyncError;
use crate::sync::turn::Turn;

/// The pages that a turn has fetched.
#[derive(Default)]
pub struct Pages {
    /// The page to write next, and the time of its request.
    in_hand: Option<(OffsetDateTime, Page)>,
    /// The page after it, which is on its way.
    pub(super) ahead: Option<Ahead<Link>>,
    /// The next pages of shards, which are on their way.
    pub(super) shards: Vec<Ahead<Shard>>,
    /// What Graph answered to the first request, before the turn had the lease.
    pub(super) early: Option<Early>,
    /// Detects pages that lead round in circles.
    pub(super) guard: Guard,
}

/// A page that is on its way, in a task that ends with the turn.
pub(super) struct Ahead<K> {
    /// What it is a page of.
    pub key: K,
    /// When it was asked for.
    pub asked: OffsetDateTime,
    task: JoinSet<Result<Page, GraphError>>,
}

/// What Graph answered before a turn had its lease, which then may not be at the same link any more.
pub struct Early {
    /// The request.
    pub request: Request,
    /// When it was sent.
    pub sent: Instant,
    /// The answer.
    pub answer: Result<Page, GraphError>,
}

/// The result of a fetch.
pub enum Fetched {
    /// The event for the machine.
    Told(Event),
    /// Graph keeps answering with a server error.
    Failing(SyncError),
}

impl Pages {
    /// Pages that begin with this answer, if the checkpoint points to it.
    pub fn beginning_with(early: Option<Early>) -> Self {
        Self { early, ..Self::default() }
    }

    /// This page is to be written next.
    pub(super) fn hold(&mut self, asked: OffsetDateTime, page: Page) {
        self.in_hand = Some((asked, page));
    }

    /// The page in hand, and the time of its request.
    pub fn take(&mut self) -> (OffsetDateTime, Page) {
        let Some(page) = self.in_hand.take() else { unreachable!("a page is fetched before it is written") };
        page
    }
}

impl<K> Ahead<K> {
    /// Asks for a page.
    pub fn begin(
        key: K,
        asked: OffsetDateTime,
        fetch: impl Future<Output = Result<Page, GraphError>> + Send + 'static,
    ) -> Self {
        let mut task = JoinSet::new();
        task.spawn(fetch.instrument(tracing::info_span!("graph_page")));
        Self { key, asked, task }
    }

    /// The page that was on its way.
    pub async fn arrived(mut self) -> Result<Page, GraphError> {
        match self.task.join_next().await {
            Some(Ok(fetched)) => fetched,
            Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            _ => Err(GraphError::Unreachable("the fetch of a page was cut short".into())),
        }
    }
}

/// What the machine is told of an error.
pub(super) fn failed(
    turn: &Turn<'_>,
    pages: &mut Pages,
    checkpoint: &Checkpoint,
    error: GraphError,
) -> Result<Fetched, SyncError> {
    let event = match error {
        error if checkpoint.at_location && error.blames_link() => {
            tracing::warn!(event = "location_failed", resource = turn.key(), %error);
            pages.guard.forget();
            Event::Refused
        }
        GraphError::Gone { refusal, location } => {
            let (feed, status, located) = (turn.key(), refusal.status, location.is_some());
            tracing::warn!(event = "token_dead", resource = feed, status, code = refusal.code, located);
            pages.guard.forget();
            Event::Dead(turn.mirror().restart(checkpoint, location))
        }
        GraphError::Throttled { after } => Event::Throttled(after),
        error if is_one_of_many(turn) && error.denied().is_some() => {
            let status = error.denied().unwrap_or_default();
            tracing::warn!(event = "parent_refused", resource = turn.key(), status, error = %turn.explain(error));
            Event::Denied(status)
        }
        error if error.is_server_error() => return Ok(Fetched::Failing(turn.explain(error))),
        error => return Err(turn.explain(error)),
    };
    Ok(Fetched::Told(event))
}

/// Whether the feed lies below one of many parents, which may be refused while the others are not. A person asks for what is
/// theirs, and has to know why they do not get it.
fn is_one_of_many(turn: &Turn<'_>) -> bool {
    turn.mirror().feed().parent.is_some() && !turn.mirror().resource().is_delegated()
}
