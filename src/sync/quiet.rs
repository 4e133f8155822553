//! Asks for changes without the lease (rule 15): most turns find none, and then there is nothing to be written.

use std::time::Instant;

use time::OffsetDateTime;
use tracing::Instrument as _;

use super::actions::Early;
use crate::graph::Page;
use crate::mirror::Mirror;
use crate::protocol::{CHECKPOINT, Checkpoint, Ids, Next, plan};
use crate::report::{SyncError, quiet};
use crate::store::{Control, Lease};

/// What comes of asking.
pub enum Asked {
    /// Nothing has changed.
    Quiet {
        /// When Graph was asked.
        as_of: OffsetDateTime,
    },
    /// A turn with the lease has to see to it. It may go on with what Graph has answered already.
    Busy(Option<Early>),
}

/// Asks for changes, if nothing else is to be done. If Cosmos DB cannot be read, the turn with the lease finds that too, and
/// tells it.
pub async fn ask(mirror: &Mirror, control: &Control, deadline: Instant) -> Asked {
    Box::pin(try_asking(mirror, control, deadline)).await.unwrap_or_else(|error| {
        tracing::debug!(event = "quiet_failed", resource = control.feed(), %error);
        Asked::Busy(None)
    })
}

async fn try_asking(mirror: &Mirror, control: &Control, deadline: Instant) -> Result<Asked, SyncError> {
    let now = OffsetDateTime::now_utc();
    let (lease, found) = tokio::join!(Lease::seen(control), control.read_any::<Checkpoint>(CHECKPOINT));
    let (lease, found) = (lease?, found?);
    let Some(checkpoint) = found.and_then(|found| found.document.ok()) else { return Ok(Asked::Busy(None)) };
    let may_be_quiet = |ids| plan::may_be_quiet(&checkpoint, &mirror.definition(ids), &lease, now);
    if !may_be_quiet(Ids::new()) {
        return Ok(Asked::Busy(None));
    }
    let inspected = mirror.inspect(Some(&checkpoint)).await?;
    if inspected.unfit.is_some()
        || !may_be_quiet(inspected.ids)
        || !ends_are_quiet(mirror, &checkpoint).await?
        || mirror.heed_pause(now).await.is_some()
    {
        return Ok(Asked::Busy(None));
    }
    let (sent, request) = (Instant::now(), mirror.source().next(&checkpoint));
    let asking = mirror.source().page(&request, deadline);
    let answer = asking.instrument(tracing::info_span!("graph_page")).await;
    let is_quiet = |page: &Page| page.objects.is_empty() && matches!(page.next, Next::DeltaLink(_));
    if !answer.as_ref().is_ok_and(is_quiet) {
        return Ok(Asked::Busy(Some(Early { request, sent, answer })));
    }
    quiet::record(control, &checkpoint, now).await;
    Ok(Asked::Quiet { as_of: now })
}

/// Whether this feed has looked for tombstones, in its own container and in those of the ends of its links, since they can have
/// been written there.
async fn ends_are_quiet(mirror: &Mirror, checkpoint: &Checkpoint) -> Result<bool, SyncError> {
    let (resource, own) = (mirror.resource(), mirror.objects().container);
    let has_looked = |written| plan::has_looked_since(checkpoint, written, mirror.options().doubt);
    let looks_here = !resource.inside.is_empty() || resource.targets.iter().any(|target| target == own);
    if looks_here && !has_looked(checkpoint.wrote_at.map_or(0, OffsetDateTime::unix_timestamp)) {
        return Ok(false);
    }
    for target in resource.targets.iter().filter(|target| *target != own) {
        if !has_looked(Lease::seen(&Control::open(mirror.store(), target).await?).await?.written) {
            return Ok(false);
        }
    }
    Ok(true)
}
