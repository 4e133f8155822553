//! Removes the links of permanently deleted objects at the end of a round.

use std::collections::BTreeMap;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use time::OffsetDateTime;

use super::write::tombstone_link;
use crate::protocol::document::Stamp;
use crate::protocol::{Candidate, Checkpoint, Counts, Reason, Scope, doubt};
use crate::report::SyncError;
use crate::store::{StoreError, ends, find};
use crate::sync::turn::Turn;

/// Ids in one query for their links.
const IDS: usize = 50;
/// The clocks of Cosmos DB and of this process may differ by this much.
const SKEW: Duration = Duration::from_secs(60);

/// Reads, at the end of a round, the tombstones that the feeds of the links' ends have written since the last check.
/// The query starts slightly earlier, since a lagging replica may have brought a link back.
///
/// The links of permanently deleted objects are removed in both directions, because Graph does not always report their
/// end. An object that an enumeration only did not include may be restored with its links, so its links stay. If a link
/// was reported before the replicas had to agree on the deletion, it is doubtful (rule 12); the second result says so.
pub async fn remove_links(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<(Counts, bool), SyncError> {
    let ttl = turn.options().tombstone_ttl.saturating_sub(turn.options().doubt + SKEW);
    // Tombstones written in the meantime may have expired: then only another enumeration can show which links are left.
    let may_have_missed_tombstones = !turn.mirror().resource().relationships.is_empty()
        && doubt::may_have_missed_tombstones(checkpoint, stamp.now, ttl);
    let (mut wrote, mut doubtful) = (Counts::default(), may_have_missed_tombstones);
    for target in &turn.mirror().resource().targets {
        let (deleted, missing) = gone(turn, target, checkpoint, stamp.now).await?;
        for link in &turn.mirror().resource().relationships {
            for gone in &deleted {
                wrote += unlink(turn, &link.container, gone, stamp).await?;
            }
            for gone in &missing {
                doubtful |= is_any_doubtful(turn, &link.container, gone, checkpoint).await?;
                wrote += unlink_spared(turn, &link.container, gone, checkpoint, stamp).await?;
            }
        }
    }
    Ok((wrote, doubtful))
}

/// Ids with the times at which their tombstones were written, in groups of one query each.
type Gone = Vec<BTreeMap<String, i64>>;

/// The objects that were permanently deleted, and the objects that are missing and on whose deletion the replicas agree by
/// `now`. There is no upper bound for the first ones: Cosmos DB stamps this page's writes by its own clock, which may be
/// ahead of ours.
async fn gone(
    turn: &Turn<'_>,
    container: &str,
    checkpoint: &Checkpoint,
    now: OffsetDateTime,
) -> Result<(Gone, Gone), SyncError> {
    let found = match find::gone_since(turn.store(), Scope::whole(container), since(turn, checkpoint)).await {
        // The objects at this end are not mirrored here. If they were, a new generation follows once their container
        // exists again (rule 14).
        Err(StoreError::Container(unfit)) if unfit.is_missing() => return Ok((Gone::new(), Gone::new())),
        found => found?,
    };
    let (now, doubt) = (now.unix_timestamp(), turn.options().doubt);
    let (mut deleted, mut missing) = (Vec::new(), Vec::new());
    let mut found = pin!(found);
    while let Some(one) = found.try_next().await? {
        let Some(id) = one.object_id().map(str::to_owned) else { continue };
        match one.reason {
            Some(Reason::Deleted) => deleted.push((id, one.written)),
            Some(Reason::Missing) if doubt::is_agreed(one.written, now, doubt) => {
                missing.push((id, one.written));
            }
            _ => {}
        }
    }
    let grouped =
        |all: Vec<(String, i64)>| all.chunks(IDS).map(|some| some.iter().cloned().collect()).collect();
    Ok((grouped(deleted), grouped(missing)))
}

/// From when on the end of a round looks at tombstones: from the end of the round before on, or a little earlier, since a
/// lagging replica may have brought back what had gone with an object.
pub fn since(turn: &Turn<'_>, checkpoint: &Checkpoint) -> OffsetDateTime {
    let last = checkpoint.links_removed_until.unwrap_or(checkpoint.generation_began);
    last - turn.options().doubt - SKEW
}

/// Whether this generation last reported any of these links before the replicas had to agree that the object at its end
/// is gone.
async fn is_any_doubtful(
    turn: &Turn<'_>,
    container: &str,
    missing: &BTreeMap<String, i64>,
    checkpoint: &Checkpoint,
) -> Result<bool, SyncError> {
    let linked = ends::linked(turn.store(), turn.scope(container), missing.keys()).await?;
    let doubt = turn.options().doubt;
    let is_doubtful = |link: &Candidate| {
        let ends = [&link.source_id, &link.target_id];
        let went = ends.into_iter().flatten().filter_map(|id| missing.get(id)).max();
        let is_agreed = |told| went.is_none_or(|went| doubt::is_agreed(*went, told, doubt));
        doubt::last_told(checkpoint, link).is_some_and(|told| !is_agreed(told))
    };
    let found = linked.try_fold(false, |any, link| ready(Ok(any || is_doubtful(&link)))).await?;
    Ok(found)
}

/// Removes links that a sweep kept because the enumeration did not include their source, which is gone now.
async fn unlink_spared(
    turn: &Turn<'_>,
    container: &str,
    gone: &BTreeMap<String, i64>,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    if checkpoint.pending_sweep.is_some() {
        return Ok(Counts::default());
    }
    let linked = ends::linked(turn.store(), turn.scope(container), gone.keys()).await?;
    let is_spared = |link: &Candidate| {
        let of_gone = link.source_id.as_ref().is_some_and(|source| gone.contains_key(source));
        of_gone && doubt::last_told(checkpoint, link).is_none()
    };
    linked
        .try_filter(|link| ready(is_spared(link)))
        .map(|link| async move { tombstone_link(turn, container, link?, Reason::Missing, stamp).await })
        .buffer_unordered(turn.store().concurrency())
        .try_fold(Counts::default(), |all, one| ready(Ok(all + one)))
        .await
}

async fn unlink(
    turn: &Turn<'_>,
    container: &str,
    gone: &BTreeMap<String, i64>,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let linked = ends::linked(turn.store(), turn.scope(container), gone.keys()).await?;
    linked
        .map(|link| async move { tombstone_link(turn, container, link?, Reason::Deleted, stamp).await })
        .buffer_unordered(turn.store().concurrency())
        .try_fold(Counts::default(), |all, one| ready(Ok(all + one)))
        .await
}
