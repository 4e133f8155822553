//! Writes all documents of a page. The next page is on its way in the meantime.

use tracing::Instrument as _;

use super::doubt_inside::doubt_inside;
use super::pages::Pages;
use super::remove_links::remove_links;
use super::shown::{self, Shown};
use super::write_differing::{shows, write_differing};
use super::write_links::write_links;
use super::write_objects::{doubt, write_objects};
use crate::graph::Page;
use crate::json::shown_id;
use crate::protocol::change::{self, Changes, OddLinks};
use crate::protocol::plan::PageWritten;
use crate::protocol::{Checkpoint, Counts, Next, compare, merge};
use crate::report::{SyncError, request_units};
use crate::sync::turn::Turn;

/// Writes the page in hand, and returns the counts. The next page may arrive, but is not written, before
/// this page is saved (rule 5).
///
/// # Errors
/// [`SyncError`]; a failed write ends the turn at once, without waiting for the next page.
pub async fn write_page(
    turn: &Turn<'_>,
    pages: &mut Pages,
    shown: &mut Shown,
    checkpoint: &Checkpoint,
) -> Result<PageWritten, SyncError> {
    let (asked, page) = pages.take();
    let written = write_all(turn, &page, shown, checkpoint).instrument(tracing::info_span!("cosmos_page"));
    let (counts, doubtful) = written.await?;
    Ok(PageWritten { counts, doubtful, at: asked })
}

/// Writes objects first, then links. At the end of a round it also removes the links of permanently deleted objects, and
/// doubts what lay in folders that are gone.
/// Returns the counts, and whether links became doubtful.
async fn write_all(
    turn: &Turn<'_>,
    page: &Page,
    shown: &mut Shown,
    checkpoint: &Checkpoint,
) -> Result<(Counts, bool), SyncError> {
    let before = turn.units();
    let changes = change::of(&page.objects, turn.source().told());
    turn.mirror().progress().add(changes.objects.len(), changes.links.len());
    let stamp = turn.stamp(checkpoint);
    if needs_shown(&changes, checkpoint) {
        Box::pin(shown::read(turn, shown, checkpoint)).await?;
    }
    let seen = shows(turn, &changes, checkpoint);
    let objects = if compare::compares(checkpoint) {
        let writes = Box::pin(write_differing(turn, &changes.objects, shown, checkpoint, &stamp));
        tokio::try_join!(writes, Box::pin(shown::keep(turn, checkpoint, &seen, &page.next)))?.0
    } else {
        Box::pin(write_objects(turn, &changes.objects, shown, checkpoint, &stamp)).await?
    };
    shown::know(turn, shown, checkpoint, seen);
    let objects = objects + doubt(turn, &changes.unclear, shown, checkpoint, &stamp).await?;
    let links = Box::pin(write_links(turn, &changes.links, checkpoint, &stamp)).await?;
    let (unlinked, doubtful) = match &page.next {
        Next::DeltaLink(_) => {
            let (unlinked, doubtful) = remove_links(turn, checkpoint, &stamp).await?;
            (unlinked + Box::pin(doubt_inside(turn, shown, checkpoint, &stamp)).await?, doubtful)
        }
        Next::NextLink(_) | Next::End | Next::Shards(_) => (Counts::default(), false),
    };
    let set_aside = name_odd_links(turn, &changes.odd);
    let page = Counts { pages: 1, set_aside, ..Counts::default() };
    let counts = objects + links + unlinked + page;
    tracing::debug!(
        event = "page_written",
        upserted = counts.upserted,
        removed = counts.removed,
        setAside = counts.set_aside,
        links = counts.links,
        requestCharge = request_units(turn.units() - before)
    );
    Ok((counts, doubtful))
}

/// Whether it matters what earlier pages have shown: to what is merged with documents that this generation left as they were.
fn needs_shown(changes: &Changes<'_>, checkpoint: &Checkpoint) -> bool {
    let merges = || changes.objects.iter().any(|change| merge::needs_document(change, checkpoint));
    let is_open = compare::compares(checkpoint) || checkpoint.pending_sweep.is_some();
    checkpoint.compares && is_open && (merges() || !changes.unclear.is_empty())
}

/// Logs where links cannot be read, and returns their number. They are read again when Graph reports them again.
fn name_odd_links(turn: &Turn<'_>, odd: &[OddLinks<'_>]) -> u64 {
    for OddLinks { property, source, why, count } in odd {
        let known = turn.mirror().resource().relationship(property);
        tracing::warn!(
            event = "links_set_aside",
            resource = turn.key(),
            id = shown_id(source),
            property = known.map_or("one that is not mirrored", |known| &*known.property),
            count,
            reason = why
        );
    }
    odd.iter().map(|odd| odd.count).sum()
}
