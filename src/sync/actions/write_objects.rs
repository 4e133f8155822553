//! Writes the objects of a page, and merges each with its document if needed (rule 5).

use std::borrow::Cow;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::shown::Shown;
use super::write::{TRIES, write_change};
use crate::catalogue::Updates;
use crate::protocol::change::Change;
use crate::protocol::document::Stamp;
use crate::protocol::merge::{self, Step};
use crate::protocol::{Checkpoint, Counts, Existing, document_id};
use crate::report::SyncError;
use crate::store::documents;
use crate::sync::turn::Turn;

/// Writes the objects of a page.
///
/// [`SyncError`] if any write fails.
pub async fn write_objects(
    turn: &Turn<'_>,
    changes: &[Change<'_>],
    shown: &Shown,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    // By index, since a closure over borrowed changes would not be general enough for `Send`.
    let writes =
        (0..changes.len()).map(|place| write_object(turn, &changes[place], shown, checkpoint, stamp));
    let written = stream::iter(writes).buffer_unordered(turn.store().concurrency());
    written.try_fold(Counts::default(), |all, one| async move { Ok(all + one) }).await
}

/// Writes one object of a page, merged with its document if needed (rule 5).
pub async fn write_object(
    turn: &Turn<'_>,
    change: &Change<'_>,
    shown: &Shown,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let give_up = turn.give_up();
    let is_delta = turn.mirror().resource().read_mode().is_delta();
    let id = change.id.as_deref().filter(|_| is_delta && merge::needs_document(change, checkpoint));
    let Some(id) = id else { return write_change(turn, change, stamp, None, give_up).await };
    let (objects, key) = (turn.objects(), document_id(id));
    let resource = turn.mirror().resource();
    let has_links = !resource.relationships.is_empty();
    let partial = resource.updates == Updates::Partial;
    let whole = merge::is_whole(change, checkpoint, &resource.required, partial);
    let mut is_newest = false;
    for _ in 0..TRIES {
        let kept = documents::read_ours(turn.store(), objects, &key).await?;
        let kept = kept.map(|kept| counted(kept, shown, checkpoint));
        let wrote = match merge::step(change, kept.as_ref(), checkpoint, whole, has_links) {
            // An older version may have the same content: only the newest one may decide that nothing is written.
            Step::Skip if !is_newest => {
                if let Some(kept) = &kept {
                    documents::reach_newest(turn.store(), objects, kept).await?;
                }
                is_newest = true;
                continue;
            }
            Step::Skip => Counts { unchanged: 1, ..Counts::default() },
            Step::Replace { whole } => {
                write_change(turn, change, &stamp.settled(whole), None, give_up).await?
            }
            Step::Merge { change, generation, settled } => {
                let stamp = Stamp { generation, ..stamp.settled(settled) };
                let over = kept.as_ref().map(|kept| &kept.marks.etag);
                write_change(turn, &change, &stamp, over, give_up).await?
            }
        };
        // No count means no write: another process wrote the document in between, so try again.
        if wrote != Counts::default() {
            return Ok(wrote);
        }
    }
    Err(SyncError::Overtaken)
}

/// Marks as doubtful the objects that Graph reports as removed with an unclear reason: they stay, and are looked up
/// once the replicas agree.
pub async fn doubt(
    turn: &Turn<'_>,
    unclear: &[Cow<'_, str>],
    shown: &Shown,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let mut all = Counts::default();
    if unclear.is_empty() {
        return Ok(all);
    }
    tracing::warn!(event = "removal_unclear", resource = turn.key(), objects = unclear.len());
    for id in unclear {
        let key = document_id(id);
        let Some(kept) = documents::read_ours(turn.store(), turn.objects(), &key).await? else { continue };
        all += doubt_one(turn, &counted(kept, shown, checkpoint), stamp).await?;
    }
    Ok(all)
}

/// Makes a living document doubtful that says what it said before, unless another process has written it in between.
pub async fn doubt_one(turn: &Turn<'_>, kept: &Existing, stamp: &Stamp<'_>) -> Result<Counts, SyncError> {
    let Some(change) = merge::doubted(kept) else { return Ok(Counts::default()) };
    let stamp = Stamp { generation: kept.marks.generation, ..stamp.settled(false) };
    write_change(turn, &change, &stamp, Some(&kept.marks.etag), turn.give_up()).await
}

/// A document with the generation that it counts with (rule 13).
pub fn counted(kept: Existing, shown: &Shown, checkpoint: &Checkpoint) -> Existing {
    Existing { marks: shown.counted(checkpoint, kept.marks), ..kept }
}
