//! Weighs a sweep in a dry run: the documents it would remove, and the doubtful links, in the copy as the run would
//! leave it.

use std::collections::HashSet;
use std::future::ready;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use time::OffsetDateTime;

use super::{Dry, Sweep, hash};
use crate::graph::{BATCH, GraphError};
use crate::protocol::machine::{Event, Settled, Weight};
use crate::protocol::plan::Swept;
use crate::protocol::{Candidate, Checkpoint, Counts, Hold, Scope, Source, Window, doubt};
use crate::report::SyncError;
use crate::source::{Fate, fates};
use crate::store::{documents, find, numbers};
use crate::sync::actions::fate::{self, LinkFate};
use crate::sync::actions::{self, hold_above_limit};

/// Weighs the sweep as a turn does, on the copy as the run would leave it.
pub(super) async fn weigh(dry: &mut Dry<'_>, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
    let mut all = Weight::default();
    if dry.is_swept {
        return Ok(all);
    }
    let accepts = dry.mirror.options().accepts_removals;
    if checkpoint.hidden > 0 && !accepts {
        all.missing = checkpoint.hidden;
        all.living = numbers::count_from(dry.mirror.store(), dry.mirror.objects(), 0).await?;
        all.held = Some(Hold::EnumerationHidObjects);
        return Ok(all);
    }
    if checkpoint.pending_sweep.is_some() {
        let missing = missing_objects(dry, checkpoint, doubt::is_weighed).await?;
        let outside = actions::outside(dry.mirror, checkpoint).await?;
        let missing = missing.iter().filter(|one| !outside.contains(&one.id)).count() as u64;
        limit(dry, dry.mirror.objects(), missing, checkpoint, &mut all).await?;
        if missing > 0
            && all.held.is_none()
            && !accepts
            && living(dry, dry.mirror.objects(), checkpoint).await? == 0
        {
            all.held = Some(Hold::Everything);
            (all.missing, all.living) = (missing, missing);
        }
    }
    let holds = |one: &Candidate| doubt::holds_links(checkpoint, doubt::marks(one));
    let unseen = unseen_sources(dry, checkpoint, holds).await?;
    for link in &dry.mirror.resource().relationships {
        let found = older_links(dry, dry.mirror.feed().scope(&link.container), checkpoint).await?;
        let pending_sweep = checkpoint.pending_sweep.unwrap_or(0);
        let older = found.iter().filter(|one| !one.removed && one.generation < pending_sweep).count();
        all.doubtful_links |= found.iter().any(|one| {
            doubt::is_doubtful_link(checkpoint, doubt::marks(one))
                && !fate::is_of(&unseen, one.source_id.as_ref())
        });
        limit(dry, dry.mirror.feed().scope(&link.container), older as u64, checkpoint, &mut all).await?;
    }
    Ok(all)
}

/// Adds a container if the removal limit would hold it.
async fn limit(
    dry: &Dry<'_>,
    scope: Scope<'_>,
    missing: u64,
    checkpoint: &Checkpoint,
    all: &mut Weight,
) -> Result<(), SyncError> {
    let options = &dry.mirror.options();
    if missing > options.max_delete_count {
        let living = missing + living(dry, scope, checkpoint).await?;
        hold_above_limit(all, missing, living, options);
    }
    Ok(())
}

/// The number of documents that would be current in a container, not counting those that the sweep would remove.
async fn living(dry: &Dry<'_>, scope: Scope<'_>, checkpoint: &Checkpoint) -> Result<u64, SyncError> {
    let pending_sweep = checkpoint.pending_sweep.unwrap_or(0);
    let stored = documents::living_marks(dry.mirror.store(), scope).await?;
    let is_current = |one: &Candidate| {
        let counts = one.generation >= pending_sweep || one.source == Source::ById;
        (counts || is_resumed(dry, scope, one)) && !is_walked(dry, scope, one)
    };
    let current = stored.try_filter(|one| ready(is_current(one)));
    let current: u64 = current.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
    let walked =
        dry.walked.get(scope.container).map_or(0, |all| all.values().filter(|lives| **lives).count());
    Ok(current + walked as u64)
}

pub(super) async fn sweep(dry: &mut Dry<'_>, checkpoint: &Checkpoint) -> Result<Swept, SyncError> {
    let doubt = dry.mirror.options().doubt;
    let told = |one: &Candidate| doubt::was_read_before_last_round(checkpoint, doubt::read(one), doubt);
    let objects =
        missing_objects(dry, checkpoint, |checkpoint, marks| !doubt::is_doubtful(checkpoint, marks)).await?;
    let all = objects.len() as u64;
    let due: Vec<_> = objects.into_iter().filter(told).collect();
    let (gone, hidden) = asked(dry, checkpoint.window, &due).await?;
    let removed = gone.len() as u64;
    let held = Swept { hidden, ..Swept::default() };
    if held.is_held() && !dry.mirror.options().accepts_removals && !checkpoint.reenumerate {
        dry.is_swept = true;
        let living = numbers::count_from(dry.mirror.store(), dry.mirror.objects(), 0).await?;
        return Ok(Swept { living, ..held });
    }
    let (mut ended, mut left) = (0, removed + hidden < all);
    let keeps = |one: &Candidate| doubt::keeps_links(checkpoint, doubt::marks(one));
    let mut unseen = unseen_sources(dry, checkpoint, keeps).await?;
    unseen.retain(|id| !gone.contains(id.as_str()));
    for link in &dry.mirror.resource().relationships {
        for one in older_links(dry, dry.mirror.feed().scope(&link.container), checkpoint).await? {
            match fate::fate_of_link(checkpoint, &one, &unseen, doubt) {
                LinkFate::Goes => ended += 1,
                LinkFate::Waits => left = true,
                LinkFate::Stays => {}
            }
        }
    }
    dry.is_swept = true;
    dry.swept = Sweep { objects: dry.swept.objects + removed, links: dry.swept.links + ended };
    let counts = Counts { removed, links: ended, upserted: hidden, ..Counts::default() };
    Ok(Swept { counts, left, ..Swept::default() })
}

/// Looks candidates up by id as a sweep does: the set of those that are gone, and the number that Graph still returns.
async fn asked<'c>(
    dry: &Dry<'_>,
    range: Option<Window>,
    due: &'c [Candidate],
) -> Result<(HashSet<&'c str>, u64), SyncError> {
    let (mut gone, mut shown) = (HashSet::new(), 0);
    for some in due.chunks(BATCH) {
        let deadline = Instant::now() + dry.budget;
        let fates = match fates(dry.mirror.source(), some, range, deadline).await {
            Err(GraphError::Throttled { .. }) => break,
            fates => fates.map_err(|error| dry.mirror.source().explain(error))?,
        };
        for (one, fate) in some.iter().zip(fates) {
            match fate {
                Fate::Gone => drop(gone.insert(one.object_id().unwrap_or(&one.id))),
                Fate::Shown(_) => shown += 1,
                Fate::Unknown => {}
            }
        }
    }
    Ok((gone, shown))
}

pub(super) async fn settle(dry: &mut Dry<'_>, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
    let cutoff = (OffsetDateTime::now_utc() - dry.mirror.options().doubt).unix_timestamp();
    let scope = dry.mirror.objects();
    let found = find::doubtful(dry.mirror.store(), scope, checkpoint).await?;
    let found: Vec<Candidate> = found.try_collect().await?;
    let is_due = |one: &&Candidate| one.written < cutoff && !is_enumerated(dry, scope, one);
    dry.doubtful = found.iter().filter(is_due).count() as u64;
    Ok(Event::Settled(Settled::default()))
}

async fn missing_objects(
    dry: &Dry<'_>,
    checkpoint: &Checkpoint,
    goes: impl Fn(&Checkpoint, doubt::Marks) -> bool,
) -> Result<Vec<Candidate>, SyncError> {
    let (scope, pending_sweep) = (dry.mirror.objects(), checkpoint.pending_sweep.unwrap_or(0));
    let found: Vec<Candidate> =
        find::older_than(dry.mirror.store(), scope, pending_sweep).await?.try_collect().await?;
    let is_missing = |one: &Candidate| !is_enumerated(dry, scope, one) && goes(checkpoint, doubt::marks(one));
    Ok(found.into_iter().filter(is_missing).collect())
}

/// As in a turn: objects that the enumeration did not include and that are not known to be gone.
async fn unseen_sources(
    dry: &Dry<'_>,
    checkpoint: &Checkpoint,
    is_meant: impl Fn(&Candidate) -> bool,
) -> Result<HashSet<String>, SyncError> {
    let scope = dry.mirror.objects();
    if dry.mirror.resource().relationships.is_empty() {
        return Ok(HashSet::new());
    }
    let found = find::older_than(dry.mirror.store(), scope, checkpoint.generation).await?;
    let found: Vec<Candidate> = found.try_collect().await?;
    let unseen = found.iter().filter(|one| !is_enumerated(dry, scope, one) && is_meant(one));
    Ok(unseen.filter_map(|one| one.object_id().map(str::to_owned)).collect())
}

async fn older_links(
    dry: &Dry<'_>,
    scope: Scope<'_>,
    checkpoint: &Checkpoint,
) -> Result<Vec<Candidate>, SyncError> {
    let pending_sweep = checkpoint.pending_sweep.unwrap_or(0);
    let found = find::older_or_abandoned(dry.mirror.store(), scope, pending_sweep, checkpoint).await?;
    let found: Vec<Candidate> = found.try_collect().await?;
    Ok(found.into_iter().filter(|one| !is_enumerated(dry, scope, one)).collect())
}

fn is_enumerated(dry: &Dry<'_>, scope: Scope<'_>, one: &Candidate) -> bool {
    is_walked(dry, scope, one) || is_resumed(dry, scope, one)
}

/// Whether this run has seen a document.
fn is_walked(dry: &Dry<'_>, scope: Scope<'_>, one: &Candidate) -> bool {
    let walked = dry.walked.get(scope.container);
    walked.is_some_and(|walked| walked.contains_key(&hash(&one.id)))
}

/// Whether an earlier turn of this enumeration has seen a document.
fn is_resumed(dry: &Dry<'_>, scope: Scope<'_>, one: &Candidate) -> bool {
    match scope.container == dry.mirror.objects().container {
        true => dry.resumed.contains(&one.id),
        false => dry.resumed.contains_link(scope.container, &one.id),
    }
}
