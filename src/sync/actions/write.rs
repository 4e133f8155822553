//! Writes documents: shared by pages, sweeps, the removal of links, and look-ups.

use std::borrow::Cow;
use std::time::Instant;

use crate::catalogue::Write as Mode;
use crate::protocol::change::{Change, Kind};
use crate::protocol::document::{self, Stamp};
use crate::protocol::{Candidate, Counts, Document, Etag, Reason, Stored};
use crate::report::SyncError;
use crate::store::{self, StoreError, documents};
use crate::sync::turn::Turn;

/// Attempts for a document that others keep writing between our read and our write.
pub const TRIES: u32 = 4;

/// Writes one document. With an etag, it replaces only that version, and writes nothing if another process has written
/// the document in between.
pub async fn write(
    turn: &Turn<'_>,
    container: &str,
    document: &impl Stored,
    over: Option<&Etag>,
    counts: Counts,
    give_up: Instant,
) -> Result<Counts, StoreError> {
    match store::write(turn.store(), container, document, over, turn.lease(), give_up).await {
        Ok(()) => Ok(counts),
        Err(StoreError::Overtaken | StoreError::Missing(_)) if over.is_some() => Ok(Counts::default()),
        Err(error) => Err(error),
    }
}

/// Writes one change, as [`write`] does. Content that Cosmos DB can never store is set aside, and the feed continues.
pub async fn write_change(
    turn: &Turn<'_>,
    change: &Change<'_>,
    stamp: &Stamp<'_>,
    over: Option<&Etag>,
    give_up: Instant,
) -> Result<Counts, SyncError> {
    let container = turn.objects().container;
    let set_aside = Counts { set_aside: 1, ..Counts::default() };
    if let Kind::Put { unholdable, .. } = &change.kind
        && !unholdable.is_empty()
    {
        name_unholdable(turn, unholdable);
    }
    let counts = change.kind.counts();
    let is_beside = turn.mirror().resource().write == Mode::Merge && matches!(change.kind, Kind::Put { .. });
    let written = match (is_beside, prepared(turn, change, stamp)) {
        (_, None) => return Ok(Counts::default()),
        (true, Some(_)) => write_beside_others(turn, change, stamp, over, give_up).await,
        (false, Some(document)) => write(turn, container, &document, over, counts, give_up).await,
    };
    match written {
        Err(StoreError::Refused(reason)) => {
            tracing::warn!(event = "set_aside", resource = turn.key(), bytes = change.text.len(), reason);
            let note = document::set_aside(change, reason, stamp);
            Ok(write(turn, container, &note, over, set_aside, give_up).await?)
        }
        answer => Ok(answer?),
    }
}

/// The document of a change, without what the copy may not hold: a merged change has what an older document has, which
/// was written under another row perhaps.
fn prepared<'a>(turn: &Turn<'_>, change: &Change<'a>, stamp: &Stamp<'a>) -> Option<Document<'a>> {
    let (mut document, minimise) = (document::of(change, stamp)?, turn.source().minimise());
    document.properties.retain(|(name, value)| minimise.may_hold(name, value));
    document.meta.shadowed.retain(|name, value| minimise.may_hold(name, value));
    Some(document)
}

/// Writes a document beside the top-level properties that others added, over the version in which they were read.
async fn write_beside_others(
    turn: &Turn<'_>,
    change: &Change<'_>,
    stamp: &Stamp<'_>,
    over: Option<&Etag>,
    give_up: Instant,
) -> Result<Counts, StoreError> {
    let (objects, counts) = (turn.objects(), change.kind.counts());
    let selected = &turn.mirror().resource().properties;
    for _ in 0..TRIES {
        let Some(document) = prepared(turn, change, stamp) else { return Ok(Counts::default()) };
        let kept = documents::read_ours(turn.store(), objects, &document.id).await?;
        // The caller decided by another version, and decides again.
        if over.is_some() && over != kept.as_ref().map(|kept| &kept.marks.etag) {
            return Ok(Counts::default());
        }
        let document = document::beside_others(document, kept.as_ref(), selected);
        let etag = kept.as_ref().map(|kept| &kept.marks.etag);
        let wrote = write(turn, objects.container, &document, etag, counts, give_up).await?;
        if wrote != Counts::default() || over.is_some() {
            return Ok(wrote);
        }
    }
    Err(StoreError::Overtaken)
}

/// Writes one tombstone, unless another process has written the document in between. Look-ups that found no object use
/// it too.
pub async fn remove(turn: &Turn<'_>, candidate: Candidate, stamp: &Stamp<'_>) -> Result<Counts, SyncError> {
    let etag = candidate.etag.clone();
    let document = document::missing(candidate, stamp);
    let counts = Counts { removed: 1, ..Counts::default() };
    Ok(write(turn, turn.objects().container, &document, Some(&etag), counts, turn.give_up()).await?)
}

/// Writes one tombstone of a link, unless another process has written the link in between.
pub async fn tombstone_link(
    turn: &Turn<'_>,
    container: &str,
    link: Candidate,
    reason: Reason,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let etag = link.etag.clone();
    let document = document::missing_link(link, container, reason, stamp);
    let counts = Counts { links: 1, ..Counts::default() };
    Ok(write(turn, container, &document, Some(&etag), counts, turn.give_up()).await?)
}

/// Logs the names of selected properties whose values Cosmos DB cannot store.
fn name_unholdable(turn: &Turn<'_>, names: &[Cow<'_, str>]) {
    let asked = turn.mirror().resource().delta_select();
    let known = |name: &Cow<'_, str>| asked.iter().find(|asked| *asked == name).map_or("…", String::as_str);
    let properties = names.iter().map(known).collect::<Vec<_>>().join(", ");
    tracing::warn!(event = "value_set_aside", resource = turn.key(), properties);
}
