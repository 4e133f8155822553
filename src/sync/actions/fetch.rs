//! Fetches the page that the checkpoint points to, unless it is on its way already: from the moment that a page is here, the
//! next one is asked for, while this one is written and saved.

use std::panic::resume_unwind;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::fetch_shards::list;
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
    ahead: Option<Ahead<Link>>,
    /// The next pages of shards, which are on their way.
    pub(super) shards: Vec<Ahead<Shard>>,
    /// What Graph answered to the first request, before the turn had the lease.
    early: Option<Early>,
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

/// Fetches the page that a checkpoint points to; [`Pages::take`] then returns it.
///
/// # Errors
/// [`SyncError`]; results that the machine handles are events, not errors.
pub async fn fetch(
    turn: &Turn<'_>,
    pages: &mut Pages,
    checkpoint: &Checkpoint,
) -> Result<Fetched, SyncError> {
    if let Some(told) = Box::pin(list(turn, pages, checkpoint)).await? {
        return Ok(told);
    }
    let request = turn.source().next(checkpoint);
    let ahead = pages.ahead.take().filter(|ahead| request == Request::Follow(ahead.key.clone()));
    let early = pages.early.take().filter(|early| request == early.request);
    let (asked, fetched) = match (ahead, early) {
        (Some(ahead), _) => (ahead.asked, ahead.arrived().await),
        // As the lease says what time it is.
        (None, Some(early)) => (turn.lease().now() - early.sent.elapsed(), early.answer),
        (None, None) => get(turn, &request).await,
    };
    match fetched {
        Ok(page) => {
            pages.guard.see(request.followed(), &page.objects, page.next.next_link())?;
            let follows = page.next.clone();
            pages.ahead = ask_ahead(turn, &page);
            pages.hold(asked, page);
            Ok(Fetched::Told(Event::Fetched(follows)))
        }
        Err(error) => failed(turn, pages, checkpoint, error),
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

/// Asks for the page after this one, unless there is none or the budget is spent.
fn ask_ahead(turn: &Turn<'_>, page: &Page) -> Option<Ahead<Link>> {
    let link = page.next.next_link().filter(|_| !turn.is_spent())?.clone();
    let (source, deadline) = (turn.source().clone(), turn.deadline());
    let request = Request::Follow(link.clone());
    Some(Ahead::begin(link, turn.lease().now(), async move { source.page(&request, deadline).await }))
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

/// Whether the feed lies below one of many parents, which may be refused while the others are not. A person asks for what is
/// theirs, and has to know why they do not get it.
fn is_one_of_many(turn: &Turn<'_>) -> bool {
    turn.mirror().feed().parent.is_some() && !turn.mirror().resource().is_delegated()
}

async fn get(turn: &Turn<'_>, request: &Request) -> (OffsetDateTime, Result<Page, GraphError>) {
    let asked = turn.lease().now();
    let page = turn.source().page(request, turn.deadline());
    (asked, page.instrument(tracing::info_span!("graph_page")).await)
}
