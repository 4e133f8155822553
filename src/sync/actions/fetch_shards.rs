//! Fetches a list that is a first copy: the next page of each of some shards at a time (rule 16).

use crate::graph::{GraphError, Page};
use crate::protocol::machine::Event;
use crate::protocol::plan::listing;
use crate::protocol::{Checkpoint, Listing, Next, Shard, Shards, Turned};
use crate::report::SyncError;
use crate::sync::turn::Turn;

use super::pages::{Ahead, Fetched, Pages, failed};

/// Pages of different shards that are in flight, and then written together: with more, Cosmos DB is what limits the copy.
const AT_ONCE: usize = 4;

/// What comes of a list, if the checkpoint stands before one or in one. [`Pages::take`] then returns a page.
///
/// # Errors
/// [`SyncError`]; results that the machine handles are events, not errors.
pub(super) async fn list(
    turn: &Turn<'_>,
    pages: &mut Pages,
    checkpoint: &Checkpoint,
) -> Result<Option<Fetched>, SyncError> {
    match (&checkpoint.listing, listing::open(checkpoint)) {
        (_, Some(shards)) => read(turn, pages, checkpoint, shards).await.map(Some),
        (Some(Listing::Due), _) => begin(turn, pages, checkpoint).await,
        _ => Ok(None),
    }
}

/// Cuts a list into shards; nothing if the feed is better read by its delta query.
async fn begin(
    turn: &Turn<'_>,
    pages: &mut Pages,
    checkpoint: &Checkpoint,
) -> Result<Option<Fetched>, SyncError> {
    let Some(above) = turn.options().list_above else { return Ok(None) };
    let asked = turn.lease().now();
    match turn.source().shards(above, turn.deadline()).await {
        Ok(None) => Ok(None),
        Ok(Some(shards)) => {
            let (resource, objects, count) = (turn.key(), shards.counted, shards.open.len());
            tracing::info!(event = "list_begins", resource, objects, shards = count);
            pages.shards = ask_ahead(turn, &shards, Vec::new());
            pages.hold(asked, Page { objects: Vec::new(), next: Next::Shards(shards.clone()) });
            Ok(Some(Fetched::Told(Event::Fetched(Next::Shards(shards)))))
        }
        Err(error) => failed(turn, pages, checkpoint, error).map(Some),
    }
}

/// Fetches the next pages.
async fn read(
    turn: &Turn<'_>,
    pages: &mut Pages,
    checkpoint: &Checkpoint,
    shards: &Shards,
) -> Result<Fetched, SyncError> {
    let (mut objects, mut turned) = (Vec::new(), Vec::new());
    let flights = ask_ahead(turn, shards, std::mem::take(&mut pages.shards));
    let asked = flights.iter().map(|flight| flight.asked).min().unwrap_or(turn.lease().now());
    for flight in flights {
        let shard = flight.key.clone();
        match flight.arrived().await {
            Ok(page) => {
                let (number, next) = (page.objects.len() as u64, page.next.next_link().cloned());
                if let Err(error) = pages.guard.see(shard.link.as_ref(), &page.objects, next.as_ref()) {
                    return refused(turn, pages, &error.into());
                }
                objects.extend(page.objects);
                turned.push(Turned::Page(number, next));
            }
            Err(GraphError::Gone { refusal, .. }) if shard.link.is_some() => {
                let (resource, status, code) = (turn.key(), refusal.status, refusal.code);
                tracing::warn!(event = "token_dead", resource, status, code, located = false);
                turned.push(Turned::Dead);
            }
            Err(error) if error.blames_link() => return refused(turn, pages, &error),
            Err(error) => return failed(turn, pages, checkpoint, error),
        }
    }
    let Some(left) = shards.after(&turned) else {
        return refused(turn, pages, &GraphError::Nonsense("page tokens that die at once".into()));
    };
    if !turn.is_spent() {
        pages.shards = ask_ahead(turn, &left, Vec::new());
    }
    pages.hold(asked, Page { objects, next: Next::Shards(left.clone()) });
    Ok(Fetched::Told(Event::Fetched(Next::Shards(left))))
}

/// The list cannot be read to its end. The delta query takes its place.
fn refused(turn: &Turn<'_>, pages: &mut Pages, error: &GraphError) -> Result<Fetched, SyncError> {
    tracing::warn!(event = "list_refused", resource = turn.key(), %error);
    pages.guard.forget();
    Ok(Fetched::Told(Event::Refused))
}

/// The next pages of the first shards, in their order, of which some may be on their way.
fn ask_ahead(turn: &Turn<'_>, shards: &Shards, mut flights: Vec<Ahead<Shard>>) -> Vec<Ahead<Shard>> {
    let mut flight = |shard: &Shard| match flights.iter().position(|flight| flight.key == *shard) {
        Some(place) => flights.swap_remove(place),
        None => {
            let (source, deadline, shard) = (turn.source().clone(), turn.deadline(), shard.clone());
            let key = shard.clone();
            Ahead::begin(key, turn.lease().now(), async move { source.page_of(&shard, deadline).await })
        }
    };
    shards.open.iter().take(AT_ONCE).map(&mut flight).collect()
}
