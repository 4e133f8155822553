//! Writes the objects of a page of a feed without a delta query: only those that are not as they are stored (rule 13).

use std::collections::HashMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::write::{Wrote, write_change};
use crate::protocol::change::Change;
use crate::protocol::document::{self, Stamp};
use crate::protocol::listed::{self, Summary};
use crate::protocol::{Checkpoint, Counts};
use crate::report::SyncError;
use crate::store::documents;
use crate::sync::turn::Turn;

/// Writes the objects of a page that differ from their documents.
pub async fn write_listed(
    turn: &Turn<'_>,
    changes: &[Change<'_>],
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Wrote, SyncError> {
    let ids: Vec<String> = changes.iter().map(document::id_of).collect();
    let stored = documents::summaries(turn.store(), turn.objects(), &ids).await?;
    let (stored, ids) = (&stored, &ids);
    // By index, since a closure over borrowed changes would not be general enough for `Send`.
    let writes = (0..changes.len()).map(|place| async move {
        let (change, id) = (&changes[place], &ids[place]);
        if is_known(turn, change, id, stored, checkpoint).await? {
            return Ok(unchanged(stored.get(id)));
        }
        write_change(turn, change, stamp, None, turn.give_up()).await
    });
    let written = stream::iter(writes).buffer_unordered(turn.store().concurrency());
    written.try_fold(Wrote::default(), |all, one| async move { Ok(all + one) }).await
}

async fn is_known(
    turn: &Turn<'_>,
    change: &Change<'_>,
    id: &str,
    stored: &HashMap<String, Summary>,
    checkpoint: &Checkpoint,
) -> Result<bool, SyncError> {
    let known = |stored: &HashMap<String, Summary>| {
        stored.get(id).is_some_and(|document| listed::is_known(change, document, checkpoint))
    };
    let now = turn.lease().now();
    if !known(stored) || !listed::may_be_behind(checkpoint, now, turn.options().doubt) {
        return Ok(known(stored));
    }
    // An older version may have the same content: only the newest one may decide that nothing is written.
    let (store, objects) = (turn.store(), turn.objects());
    let Some(kept) = documents::read_ours(store, objects, id).await? else { return Ok(false) };
    documents::reach_newest(store, objects, &kept).await?;
    Ok(known(&documents::summaries(store, objects, &[id.to_owned()]).await?))
}

fn unchanged(document: Option<&Summary>) -> Wrote {
    let set_aside = document.is_some_and(|document| document.set_aside);
    let counts = match set_aside {
        true => Counts { set_aside: 1, ..Counts::default() },
        false => Counts { unchanged: 1, ..Counts::default() },
    };
    Wrote { counts, charge: 0.0 }
}
