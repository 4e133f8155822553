//! The sweep removes the objects and links that a complete enumeration did not include, and runs only then (rules 8, 9
//! and 12).
//!
//! It streams the candidates and writes with If-Match on the version that was read, so a concurrent write wins. An
//! enumeration alone is not sufficient evidence: the sweep first reads each object by id, and keeps each one that Graph
//! returns.

use std::collections::HashSet;
use std::future::ready;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::fate::{self, LinkFate};
use super::shown::Shown;
use super::weigh::{held, unseen_sources};
use super::write::{remove, tombstone_link, write, write_change};
use crate::graph::{BATCH, GraphError};
use crate::protocol::change;
use crate::protocol::document::{self, Stamp};
use crate::protocol::plan::Swept;
use crate::protocol::{Candidate, Checkpoint, Counts, Hold, Reason, Source, doubt};
use crate::report::SyncError;
use crate::source::{Fate, fates};
use crate::store::{documents, find, numbers};
use crate::sync::turn::Turn;

/// Carries out the pending sweep.
pub async fn sweep(turn: &Turn<'_>, shown: &Shown, checkpoint: &Checkpoint) -> Result<Swept, SyncError> {
    let Some(pending_sweep) = checkpoint.pending_sweep else { return Ok(Swept::default()) };
    let (mut wrote, mut swept) = sweep_objects(turn, shown, checkpoint, pending_sweep).await?;
    if swept.is_held() && !checkpoint.reenumerate {
        swept.living = numbers::count_from(turn.store(), turn.objects(), 0).await?;
        held(turn.key(), swept.hidden, swept.living, Hold::EnumerationHidObjects);
    } else {
        wrote += rewrite_tombstones(turn, checkpoint, pending_sweep).await?;
        let has_links = !turn.mirror().resource().relationships.is_empty();
        let keeps = |one: &Candidate| doubt::keeps_links(checkpoint, doubt::marks(one));
        let unseen = if has_links {
            unseen_sources(turn, shown, checkpoint, pending_sweep, keeps).await?
        } else {
            HashSet::new()
        };
        for link in &turn.mirror().resource().relationships {
            let links = sweep_links(turn, &link.container, shown, checkpoint, pending_sweep, &unseen).await?;
            wrote += links.0;
            swept.left |= links.1;
        }
    }
    Ok(Swept { counts: wrote, ..swept })
}

/// Sweeps the objects. Doubtful objects stay: the enumeration that wrote them is unknown. All others are first read by
/// id, as many at a time as a `$batch` takes. The rest waits for a later turn if the budget is spent, if Graph
/// throttles, or if a lagging replica may not have had the object yet.
async fn sweep_objects(
    turn: &Turn<'_>,
    shown: &Shown,
    checkpoint: &Checkpoint,
    pending_sweep: u64,
) -> Result<(Counts, Swept), SyncError> {
    if shown.has_nothing(checkpoint, turn.objects().container) {
        return Ok((Counts::default(), Swept::default()));
    }
    let young = AtomicBool::new(false);
    // Nobody can look at what is doubtful there: the next list shows what lives.
    let is_blind = !turn.source().reads_by_id();
    let due = |one: &Candidate| {
        if shown.contains(checkpoint, &one.id) {
            return ready(false);
        }
        let settled = is_blind || !doubt::is_doubtful(checkpoint, doubt::marks(one));
        let is_read_early = turn.source().is_orphaned() || was_read_before_last_round(turn, checkpoint, one);
        young.fetch_or(settled && !is_read_early, Ordering::Relaxed);
        ready(settled && is_read_early)
    };
    if turn.source().is_orphaned() {
        // A feed that has ended is not read again, so a query that misses writes of another process must not end it.
        documents::reach_newest_below(turn.store(), turn.objects()).await?;
    }
    let older = find::older_than(turn.store(), turn.objects(), pending_sweep).await?.try_filter(due);
    let mut chunks = pin!(older.try_chunks(BATCH));
    let (mut wrote, mut swept, mut asked) = (Counts::default(), Swept::default(), false);
    while let Some(some) = chunks.try_next().await.map_err(|error| error.1)? {
        if asked && turn.is_spent() {
            // If nothing was written, continuing at once would have the same result.
            (swept.left, swept.cut) = (true, wrote != Counts::default());
            break;
        }
        asked = true;
        let fates = match fates(turn.source(), &some, checkpoint.window, turn.deadline()).await {
            Err(GraphError::Throttled { .. }) => {
                swept.left = true;
                break;
            }
            fates => fates.map_err(|error| turn.explain(error))?,
        };
        wrote += keep_or_remove(turn, checkpoint, some, &fates, &mut swept).await?;
        if swept.is_held() && !turn.options().accepts_removals {
            return Ok((wrote, swept));
        }
    }
    swept.left |= young.into_inner();
    // Accepting the removals also accepts that the enumeration hid some objects.
    swept.hidden = 0;
    Ok((wrote, swept))
}

/// Writes the objects that still exist as read by id, and removes all others, unless the enumeration hid several
/// objects.
async fn keep_or_remove(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
    some: Vec<Candidate>,
    fates: &[Fate],
    swept: &mut Swept,
) -> Result<Counts, SyncError> {
    swept.hidden += fates.iter().filter(|fate| matches!(fate, Fate::Shown(_))).count() as u64;
    swept.left |= fates.iter().any(|fate| matches!(fate, Fate::Unknown));
    let is_held = swept.is_held() && !turn.options().accepts_removals;
    let stamp = &turn.stamp(checkpoint);
    let writes = some.into_iter().zip(fates).map(|(candidate, fate)| async move {
        match fate {
            Fate::Shown(object) => {
                let change = change::of_response(object);
                let generation = candidate.generation;
                let shown = &Stamp { generation, source: Source::ById, ..stamp.clone() };
                write_change(turn, &change, shown, Some(&candidate.etag), turn.give_up()).await
            }
            Fate::Gone if !is_held => remove(turn, candidate, stamp).await,
            Fate::Gone | Fate::Unknown => Ok(Counts::default()),
        }
    });
    // By index, since a closure over borrowed answers would not be general enough for `Send`.
    let writes: Vec<_> = writes.collect();
    let written = stream::iter(writes).buffer_unordered(turn.store().concurrency());
    written.try_fold(Counts::default(), |all, one| ready(Ok(all + one))).await
}

/// Writes tombstones again if their objects may be restored and this enumeration did not include them either. A
/// soft-deleted object may have been permanently deleted while the chain of tokens was broken; its links are then read
/// again.
async fn rewrite_tombstones(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
    pending_sweep: u64,
) -> Result<Counts, SyncError> {
    if !turn.mirror().resource().is_linked_to {
        return Ok(Counts::default());
    }
    let (stamp, objects) = (&turn.stamp(checkpoint), turn.objects());
    let older = find::restorable(turn.store(), objects, pending_sweep).await?;
    let is_due = |one: &Candidate| {
        let settled = !doubt::is_doubtful(checkpoint, doubt::marks(one));
        settled && doubt::needs_new_tombstone(one, stamp.now)
    };
    older
        .try_filter(|one| ready(is_due(one)))
        .map(|candidate| async move {
            let candidate = candidate?;
            let etag = candidate.etag.clone();
            let document = document::still_missing(candidate, stamp);
            let counts = Counts::default();
            Ok(write(turn, turn.objects().container, &document, Some(&etag), counts, turn.give_up()).await?)
        })
        .buffer_unordered(turn.store().concurrency())
        .try_fold(Counts::default(), |all, one| ready(Ok(all + one)))
        .await
}

fn was_read_before_last_round(turn: &Turn<'_>, checkpoint: &Checkpoint, candidate: &Candidate) -> bool {
    doubt::was_read_before_last_round(checkpoint, doubt::read(candidate), turn.options().doubt)
}

/// Removes the links that the sweep may remove; also returns whether some have to wait.
async fn sweep_links(
    turn: &Turn<'_>,
    container: &str,
    shown: &Shown,
    checkpoint: &Checkpoint,
    pending_sweep: u64,
    unseen: &HashSet<String>,
) -> Result<(Counts, bool), SyncError> {
    if shown.has_nothing(checkpoint, container) {
        return Ok((Counts::default(), false));
    }
    let stamp = &turn.stamp(checkpoint);
    let found =
        find::older_or_abandoned(turn.store(), turn.scope(container), pending_sweep, checkpoint).await?;
    let doubt = turn.options().doubt;
    found
        .map(|link| async move {
            let link = shown.counted_link(checkpoint, container, link?);
            match fate::fate_of_link(checkpoint, &link, unseen, doubt) {
                LinkFate::Goes => {
                    Ok((tombstone_link(turn, container, link, Reason::Missing, stamp).await?, false))
                }
                LinkFate::Waits => Ok((Counts::default(), true)),
                LinkFate::Stays => Ok((Counts::default(), false)),
            }
        })
        .buffer_unordered(turn.store().concurrency())
        .try_fold((Counts::default(), false), |all, one| ready(Ok((all.0 + one.0, all.1 | one.1))))
        .await
}
