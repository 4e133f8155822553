//! Writes the links of a page, in batches by source.

use std::future::ready;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::write_differing::{differing, may_be_behind};
use crate::protocol::change::LinkChange;
use crate::protocol::document::{self, Stamp};
use crate::protocol::{Checkpoint, Counts};
use crate::report::SyncError;
use crate::store::{self, BATCH};
use crate::sync::to_one;
use crate::sync::turn::Turn;

/// Most batches in parallel: each needs most of a megabyte until it is answered, and those of one source share a
/// partition.
const BATCHES: usize = 8;

/// Writes the links of a page that differ from their documents, and ends the links that they replace.
pub async fn write_links(
    turn: &Turn<'_>,
    links: &[LinkChange<'_>],
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let links = to_one::last_told(turn.mirror().resource(), links);
    // An older version may be as the page says: then all of them are written.
    let differing = match may_be_behind(turn, checkpoint) {
        true => links.iter().collect(),
        false => differing(turn.mirror(), &links, checkpoint).await?,
    };
    let wrote = write_together(turn, differing.into_iter(), stamp).await?;
    let replaced = to_one::replaced(turn.mirror(), &links).await?;
    Ok(wrote + write_together(turn, replaced.iter(), stamp).await?)
}

/// Writes links; the links of one source share a batch.
async fn write_together<'l>(
    turn: &Turn<'_>,
    links: impl Iterator<Item = &'l LinkChange<'l>>,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let container = |link: &LinkChange<'_>| {
        turn.mirror().resource().relationship(&link.property).map(|relationship| &*relationship.container)
    };
    let mut known: Vec<_> = links.filter_map(|link| Some((container(link)?, &*link.source, link))).collect();
    // A stable sort keeps the links of one source in the order of the page.
    known.sort_by_key(|(container, source, _)| (*container, *source));
    let batches: Vec<_> = known
        .chunk_by(|(container, source, _), next| (*container, *source) == (next.0, next.1))
        .flat_map(|of_source| of_source.chunks(BATCH))
        .collect();
    let give_up = turn.give_up();
    // Each batch creates its documents when it is written: those of a whole large page would need too much memory.
    let writes = (0..batches.len()).map(|place| {
        let batch = batches[place];
        async move {
            let container = batch[0].0;
            let documents: Vec<_> =
                batch.iter().map(|(_, _, link)| document::link(link, container, stamp)).collect();
            store::write_batch(turn.store(), container, &documents, turn.lease(), give_up).await?;
            let links = documents.len() as u64;
            Ok(Counts { links, ..Counts::default() })
        }
    });
    let written = stream::iter(writes).buffer_unordered(turn.store().concurrency().min(BATCHES));
    written.try_fold(Counts::default(), |all, one| ready(Ok(all + one))).await
}
