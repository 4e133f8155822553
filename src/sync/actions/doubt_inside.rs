//! What lay in a folder that is gone, at the end of a round (rule 11).
//!
//! Graph may say that a folder is gone without a word about what lay in it
//! (<https://learn.microsoft.com/graph/api/driveitem-delta>). That is no proof that all of it is gone: some of it may have been
//! moved before. So whatever the copy has in such a folder, and in the folders in it, becomes doubtful, and is read by its id
//! once the replicas agree. What Graph tells of it earlier settles it as always.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;

use super::remove_links::since;
use super::shown::Shown;
use super::write_objects::{counted, doubt_one};
use crate::protocol::document::Stamp;
use crate::protocol::{Checkpoint, Counts, Existing, doubt};
use crate::report::SyncError;
use crate::store::{ends, find};
use crate::sync::turn::Turn;

/// Folders in one query for what lies in them.
const FOLDERS: usize = 50;

/// Makes doubtful what lies in folders whose tombstones were written since the last round. Folders come before what lies in
/// them.
///
/// # Errors
/// [`SyncError`], if a query or a write fails.
pub async fn doubt_inside(
    turn: &Turn<'_>,
    shown: &Shown,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let (place, mut wrote) = (&turn.mirror().resource().inside, Counts::default());
    if place.is_empty() {
        return Ok(wrote);
    }
    let gone = find::gone_since(turn.store(), turn.objects(), since(turn, checkpoint)).await?;
    let gone: Vec<_> = gone.try_collect().await?;
    let last = gone.iter().map(|one| one.written).max().unwrap_or_default();
    let mut folders: Vec<String> = gone.iter().filter_map(|one| Some(one.object_id()?.to_owned())).collect();
    let mut seen: HashSet<String> = folders.iter().cloned().collect();
    while !folders.is_empty() {
        let some = folders.split_off(folders.len().saturating_sub(FOLDERS));
        let found = ends::inside(turn.store(), turn.objects(), place, &some).await?;
        let found: Vec<Existing> = found.try_collect().await?;
        for kept in found {
            // Any of them may be a folder.
            let Some(id) = kept.marks.object_id().filter(|id| seen.insert((*id).to_owned())) else {
                continue;
            };
            folders.push(id.to_owned());
            if !doubt::is_doubted_since(doubt::marks(&kept.marks), kept.marks.written, last) {
                wrote += doubt_one(turn, &counted(kept, shown, checkpoint), stamp).await?;
            }
        }
    }
    Ok(wrote)
}
