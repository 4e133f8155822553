//! Fetches the page that the checkpoint points to, unless it is on its way already: from the moment that a page is here, the
//! next one is asked for, while this one is written and saved.

use time::OffsetDateTime;
use tracing::Instrument as _;

use super::fetch_shards::list;
use super::pages::{Ahead, Fetched, Pages, failed};
use crate::graph::{GraphError, Page, Request};
use crate::protocol::machine::Event;
use crate::protocol::{Checkpoint, Link};
use crate::report::SyncError;
use crate::sync::turn::Turn;

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

/// Asks for the page after this one, unless there is none or the budget is spent.
fn ask_ahead(turn: &Turn<'_>, page: &Page) -> Option<Ahead<Link>> {
    let link = page.next.next_link().filter(|_| !turn.is_spent())?.clone();
    let (source, deadline) = (turn.source().clone(), turn.deadline());
    let request = Request::Follow(link.clone());
    Some(Ahead::begin(link, turn.lease().now(), async move { source.page(&request, deadline).await }))
}

async fn get(turn: &Turn<'_>, request: &Request) -> (OffsetDateTime, Result<Page, GraphError>) {
    let asked = turn.lease().now();
    let page = turn.source().page(request, turn.deadline());
    (asked, page.instrument(tracing::info_span!("graph_page")).await)
}
