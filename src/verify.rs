//! Verifies a copy: reads both sides completely, and reads each suspected difference again before it reports it.
//!
//! Promises: it only reads, takes no lease, and does not delay any turn. It reads Graph's side with a full enumeration
//! of the feed, with the row's own path and selection, and discards its token. It reads every current document of the
//! copy. It keeps only ids and hashes of Graph's side.
//!
//! Both sides change in the meantime. Each suspect is therefore read again on both sides, one by one, and only a
//! difference found both times counts. A change in the tenant after the last turn does differ both times: run `sync`
//! first to keep the number of such changes small. Leaves out on purpose: the marks in `_mirror`, tombstones as such,
//! and objects that were set aside.
//!
//! Reading order: [`diff`] (pure), [`walk`] (reads both sides), [`look`] (reads suspects again), [`report`].

use std::time::Instant;

use time::OffsetDateTime;

use crate::mirror::{Mirror, Stage};
use crate::protocol::plan;
use crate::protocol::{CHECKPOINT, Checkpoint, Ids};
use crate::report::SyncError;
use crate::store::Control;

mod ask;
mod diff;
mod look;
mod report;
mod walk;

use diff::Suspects;
pub use report::{Difference, NotCompared, Verified};

/// Compares the copy of a feed with Graph, however long it takes.
///
/// # Errors
/// [`SyncError`]; nothing was changed.
pub async fn verify(mirror: &Mirror) -> Result<Verified, SyncError> {
    let started = Instant::now();
    let checkpoint = checkpoint(mirror).await?;
    mirror.heed_pause(OffsetDateTime::now_utc()).await;
    mirror.progress().begin(Stage::Reading, None);
    let window = walk::window(mirror, checkpoint.as_ref());
    let in_graph = walk::in_graph(mirror, window).await?;
    mirror.progress().begin(Stage::Comparing, Some(in_graph.len()));
    let (suspects, compared) = walk::compared(mirror, in_graph).await?;
    let looked = look::look(mirror, &suspects, window).await?;
    Ok(Verified {
        resource: mirror.feed().key(),
        objects: compared.objects,
        links: compared.links,
        set_aside: compared.set_aside,
        undecided: looked.not_compared.len() as u64,
        not_compared: looked.not_compared,
        differences: looked.differences,
        as_of: checkpoint.and_then(|checkpoint| checkpoint.as_of),
        seconds: (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
    })
}

/// Reads the objects of these differences again. Returns the remaining differences and the suspects that could not be
/// compared.
///
/// # Errors
/// As [`verify`].
pub async fn verify_again(
    mirror: &Mirror,
    differences: &[Difference],
) -> Result<(Vec<Difference>, Vec<NotCompared>), SyncError> {
    let suspects = Suspects::of(differences);
    let window = walk::window(mirror, checkpoint(mirror).await?.as_ref());
    mirror.heed_pause(OffsetDateTime::now_utc()).await;
    let looked = look::look(mirror, &suspects, window).await?;
    Ok((looked.differences, looked.not_compared))
}

/// Reads the checkpoint of the copy, which must belong to our tenant.
async fn checkpoint(mirror: &Mirror) -> Result<Option<Checkpoint>, SyncError> {
    let control = Control::open(mirror.store(), &mirror.feed().key()).await?;
    let saved = control.read::<Checkpoint>(CHECKPOINT).await?;
    let Some(checkpoint) = saved.map(|saved| saved.document) else { return Ok(None) };
    plan::belongs(&checkpoint, &mirror.definition(Ids::new())).map_err(SyncError::AnotherTenant)?;
    Ok(Some(checkpoint))
}
