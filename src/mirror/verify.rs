//! Verifying a copy: both sides are read whole, and what differs is read again before it is called a
//! difference.
//!
//! Promises: it only reads, takes no lease, and hinders no turn. Graph's side is an enumeration of the feed
//! with the row's own path and selection, as a new generation would be, whose token is thrown away; the
//! copy's is every living document. Of Graph's side only ids and hashes are kept.
//!
//! Both sides move meanwhile. What differs is therefore looked at again, on both sides and one by one, and
//! only what differs both times counts. What changed in the tenant since the last turn does differ both
//! times: a turn before it (`sync`) keeps that small. Leaves out on purpose: the marks in `_mirror`,
//! tombstones as such, and what was set aside.
//!
//! Reading order: [`diff`] (pure), [`walk`] (both sides), [`look`] (again), [`report`].

use std::time::Instant;

use super::error::SyncError;
use super::progress::Stage;
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::protocol::plan::{self, Definition};
use crate::protocol::{CHECKPOINT, Checkpoint, Ids};

mod ask;
mod diff;
mod look;
mod report;
mod walk;

use diff::Suspects;
pub use report::{Difference, NotCompared, Verified};

/// One run's hands.
struct Verifier<'a> {
    mirror: &'a Mirror,
    row: &'static Row,
    reader: &'a Reader,
}

/// Compares the copy of a feed with Graph, for as long as that takes.
///
/// # Errors
/// [`SyncError`]; nothing was changed.
pub async fn verify(mirror: &Mirror, row: &'static Row, reader: &Reader) -> Result<Verified, SyncError> {
    let started = Instant::now();
    let verifier = Verifier { mirror, row, reader };
    let checkpoint = verifier.checkpoint().await?;
    mirror.progress.begin(Stage::Reading, None);
    let told = verifier.told().await?;
    mirror.progress.begin(Stage::Comparing, Some(told.len()));
    let (suspects, compared) = verifier.compared(told).await?;
    let looked = verifier.look(&suspects).await?;
    Ok(Verified {
        feed: row.resource,
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

/// Looks at differences again: those that are left, and what could not be looked at.
///
/// # Errors
/// As [`verify`].
pub async fn verify_again(
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    differences: &[Difference],
) -> Result<(Vec<Difference>, Vec<NotCompared>), SyncError> {
    let suspects = Suspects::of(differences);
    let looked = Verifier { mirror, row, reader }.look(&suspects).await?;
    Ok((looked.differences, looked.not_compared))
}

impl Verifier<'_> {
    /// The checkpoint of the copy, which must be of our tenant.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, SyncError> {
        let row = self.row;
        let control = self.mirror.store.control(row.resource).await?;
        let saved = control.read::<Checkpoint>(CHECKPOINT).await?;
        let Some(checkpoint) = saved.map(|saved| saved.document) else { return Ok(None) };
        let tenant_id = self.reader.tenant_id.clone();
        let (feed, containers) = (row.resource.to_owned(), Ids::new());
        let definition = Definition { feed, shape: row.shape(), tenant_id, containers };
        plan::belongs(&checkpoint, &definition).map_err(SyncError::AnotherTenant)?;
        Ok(Some(checkpoint))
    }
}
