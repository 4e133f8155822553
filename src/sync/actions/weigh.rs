//! Weighs a sweep before it runs: how much it would remove, whether the removal limit holds it, and whether any link is
//! doubtful (rules 9 and 12).
//!
//! The limit holds a sweep that would remove more than a share *and* more than a number of the current documents of a
//! container, or every object. It also holds a sweep after an enumeration that hid several objects: a feed that
//! suddenly shows half the tenant is more likely wrong than right.

use std::collections::HashSet;
use std::future::ready;

use futures_util::TryStreamExt as _;

use super::fate;
use super::shown::{self, Shown};
use crate::mirror::{Mirror, Options};
use crate::protocol::machine::Weight;
use crate::protocol::{Candidate, Checkpoint, Existing, Hold, Mode, Scope, doubt};
use crate::report::SyncError;
use crate::store::{find, numbers};
use crate::sync::turn::Turn;

/// The number of documents that the pending sweep would remove, and whether any link is doubtful.
pub async fn weigh(turn: &Turn<'_>, shown: &mut Shown, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
    let mut all = Weight::default();
    if turn.source().is_orphaned() {
        // The removal of the parent was weighed.
        return Ok(all);
    }
    if checkpoint.compares
        && checkpoint.pending_sweep.is_some()
        && !shown::complete(turn, shown, checkpoint).await?
    {
        return Ok(Weight { seen_lost: true, ..all });
    }
    if checkpoint.hidden > 0 && !turn.options().accepts_removals {
        all.missing = checkpoint.hidden;
        all.living = numbers::count_from(turn.store(), turn.objects(), 0).await?;
        all.held = Some(Hold::EnumerationHidObjects);
        return Ok(all);
    }
    if shows_all(turn, shown, checkpoint).await? {
        shown.found_nothing(checkpoint, turn.objects().container);
    } else if let Some(pending_sweep) = checkpoint.pending_sweep {
        let found = Box::pin(weigh_objects(turn, shown, checkpoint, pending_sweep, &mut all)).await?;
        if found == 0 {
            shown.found_nothing(checkpoint, turn.objects().container);
        }
    }
    for link in &turn.mirror().resource().relationships {
        let pending_sweep = checkpoint.pending_sweep.unwrap_or(0);
        let found =
            find::older_or_abandoned(turn.store(), turn.scope(&link.container), pending_sweep, checkpoint)
                .await?;
        // Doubtful links are removed too, once a further generation is announced.
        let known = &*shown;
        let count = |(missing, mut doubtful): (u64, HashSet<_>), one: Candidate| {
            let one = known.counted_link(checkpoint, &link.container, one);
            let older = !one.removed && one.generation < pending_sweep;
            if doubt::is_doubtful_link(checkpoint, doubt::marks(&one)) {
                doubtful.insert(one.source_id);
            }
            ready(Ok((missing + u64::from(older), doubtful)))
        };
        let (missing, doubtful) = found.try_fold((0, HashSet::new()), count).await?;
        if missing == 0 && doubtful.is_empty() {
            shown.found_nothing(checkpoint, &link.container);
        }
        if !doubtful.is_empty() && !all.doubtful_links {
            // Links of a source that the enumeration did not include wait for the look-up of that source, or for the
            // enumeration that is begun because of it. Links of a source that this sweep is about to look up need not
            // wait.
            let holds = |one: &Candidate| doubt::holds_links(checkpoint, doubt::marks(one));
            let unseen = unseen_sources(turn, shown, checkpoint, checkpoint.generation, holds).await?;
            all.doubts = true;
            all.doubtful_links = doubtful.iter().any(|source| !fate::is_of(&unseen, source.as_ref()));
        }
        limit(turn, turn.scope(&link.container), missing, checkpoint, &mut all).await?;
    }
    if let Some(reason) = all.held {
        let Weight { missing, living, .. } = all;
        held(turn.key(), missing, living, reason);
    }
    Ok(all)
}

/// Whether a list has shown as many objects as live, and so has missed none (rule 13). If this count is behind, the next
/// turn lists again; an enumeration of a delta query has no such successor.
async fn shows_all(turn: &Turn<'_>, shown: &Shown, checkpoint: &Checkpoint) -> Result<bool, SyncError> {
    let resource = turn.mirror().resource();
    let shown = shown.count(checkpoint).filter(|_| checkpoint.compares && checkpoint.pending_sweep.is_some());
    match shown {
        Some(shown) if resource.read_mode() == Mode::List && resource.relationships.is_empty() => {
            Ok(numbers::count_from(turn.store(), turn.objects(), 0).await? == shown)
        }
        _ => Ok(false),
    }
}

/// The documents that an earlier enumeration wrote, and that lie outside of the range that the feed shows now. That they
/// leave the copy is no reason to hold a sweep.
pub async fn outside(mirror: &Mirror, checkpoint: &Checkpoint) -> Result<HashSet<String>, SyncError> {
    let (Mode::Rolling(_), Some(pending_sweep)) = (mirror.resource().read_mode(), checkpoint.pending_sweep)
    else {
        return Ok(HashSet::new());
    };
    let older = find::older_whole(mirror.store(), mirror.objects(), pending_sweep).await?;
    let is_outside = |one: &Existing| mirror.source().is_outside(&one.text, checkpoint.window);
    let outside = older.try_filter_map(|one| ready(Ok(is_outside(&one).then_some(one.marks.id))));
    Ok(outside.try_collect().await?)
}

/// Whether the removal of everything is more likely wrong than right. What lies below one parent is often a single object.
fn may_be_wrong(turn: &Turn<'_>, missing: u64) -> bool {
    let few = if turn.mirror().feed().parent.is_some() { turn.options().max_delete_count } else { 0 };
    missing > few
}

/// Weighs the objects that the sweep would remove: what the enumeration has not shown. Returns how many there are, doubtful
/// ones too.
async fn weigh_objects(
    turn: &Turn<'_>,
    shown: &Shown,
    checkpoint: &Checkpoint,
    pending_sweep: u64,
    all: &mut Weight,
) -> Result<u64, SyncError> {
    let older = find::older_than(turn.store(), turn.objects(), pending_sweep).await?;
    let outside = outside(turn.mirror(), checkpoint).await?;
    // Graph shows no object of such a list by its id, so a doubtful one counts, too.
    let is_blind = turn.mirror().resource().read_mode() == Mode::List && !turn.source().reads_by_id();
    let weighs = |one: &Candidate| {
        let weighs = is_blind || doubt::is_weighed(checkpoint, doubt::marks(one));
        weighs && !outside.contains(&one.id)
    };
    let unseen = older.try_filter(|one| ready(!shown.contains(checkpoint, &one.id)));
    let count = |(found, missing), one| ready(Ok((found + 1, missing + u64::from(weighs(&one)))));
    let (found, missing) = unseen.try_fold((0, 0), count).await?;
    limit(turn, turn.objects(), missing, checkpoint, all).await?;
    if may_be_wrong(turn, missing) && all.held.is_none() && !turn.options().accepts_removals {
        let others = match checkpoint.compares {
            true => numbers::count_from(turn.store(), turn.objects(), 0).await? > missing,
            false => numbers::has_others(turn.store(), turn.objects(), pending_sweep).await?,
        };
        if !others {
            all.held = Some(Hold::Everything);
            (all.missing, all.living) = (missing, missing);
        }
    }
    Ok(found)
}

/// Adds a container if the removal limit holds it.
async fn limit(
    turn: &Turn<'_>,
    scope: Scope<'_>,
    missing: u64,
    checkpoint: &Checkpoint,
    all: &mut Weight,
) -> Result<(), SyncError> {
    let options = turn.options();
    if missing > options.max_delete_count {
        let living = match (checkpoint.compares, checkpoint.pending_sweep) {
            (false, Some(pending)) => missing + numbers::count_from(turn.store(), scope, pending).await?,
            _ => numbers::count_from(turn.store(), scope, 0).await?,
        };
        hold_above_limit(all, missing, living, options);
    }
    Ok(())
}

/// Objects that this enumeration did not include and that are not known to be gone. The enumeration did not include
/// their links either.
pub async fn unseen_sources(
    turn: &Turn<'_>,
    shown: &Shown,
    checkpoint: &Checkpoint,
    generation: u64,
    is_meant: impl Fn(&Candidate) -> bool,
) -> Result<HashSet<String>, SyncError> {
    if shown.has_nothing(checkpoint, turn.objects().container) {
        return Ok(HashSet::new());
    }
    let found = find::older_than(turn.store(), turn.objects(), generation).await?;
    let found = found.map_ok(|one| shown.counted(checkpoint, one));
    let found = found.try_filter(|one| ready(one.generation < generation && is_meant(one)));
    let ids = found.try_filter_map(|one| ready(Ok(one.object_id().map(str::to_owned))));
    Ok(ids.try_collect().await?)
}

/// Logs that a sweep is held.
pub fn held(resource: &str, missing: u64, of: u64, reason: Hold) {
    let reason = reason.sentence(missing, of);
    tracing::error!(event = "sweep_held", resource, missing, of, reason);
}

/// Adds the documents that a container would lose, if the removal limit holds them.
pub fn hold_above_limit(all: &mut Weight, missing: u64, living: u64, options: &Options) {
    if is_held(missing, living, options) {
        if all.held.is_none() {
            (all.missing, all.living) = (0, 0);
        }
        all.held = Some(Hold::RemovalLimit);
        all.missing += missing;
        all.living += living;
    }
}

/// Whether a removal exceeds both bounds, so that the removal limit holds it.
pub fn is_held(missing: u64, living: u64, options: &Options) -> bool {
    let is_over = missing > options.max_delete_count
        && missing as f64 * 100.0 > living as f64 * options.max_delete_percent;
    is_over && !options.accepts_removals
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_removal_limit_holds_above_both_bounds_only() {
        let options = Options {
            lease: Duration::ZERO,
            doubt: Duration::ZERO,
            tombstone_ttl: Duration::ZERO,
            max_delete_percent: 20.0,
            max_delete_count: 10,
            list_above: None,
            accepts_removals: false,
        };
        assert!(!is_held(10, 10, &options), "all of ten are within the number");
        assert!(!is_held(20, 100, &options), "a fifth is within the share");
        assert!(is_held(21, 100, &options));
        assert!(is_held(11, 11, &options));
        assert!(!is_held(11, 11, &Options { accepts_removals: true, ..options }), "somebody has looked");
    }
}
