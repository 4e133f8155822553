//! One turn on one feed, from the lease to its end: the checkpoint in hand and its saves.

use std::time::Instant;

use azure_core::http::Etag;
use time::OffsetDateTime;

use super::error::SyncError;
use super::plan::{self, Definition};
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::store::{Checkpoint, Control, Counts, LastRun, Lease, Saved, StoreError};

const ID: &str = "checkpoint";
/// Loads of a checkpoint that somebody else keeps saving.
const TRIES: u32 = 4;

/// One turn. It is `dirty` from the first write of a page (or of a save) until its save is confirmed, and from
/// the start when the turn before was and its number is not burnt yet.
pub(super) struct Turn<'a> {
    pub mirror: &'a Mirror,
    pub row: &'static Row,
    pub reader: &'a Reader,
    pub control: &'a Control,
    pub lease: &'a Lease,
    pub definition: Definition,
    pub deadline: Instant,
    pub epoch: u64,
    pub checkpoint: Checkpoint,
    pub etag: Option<Etag>,
    pub counts: Counts,
    pub charge: f64,
    pub dirty: bool,
}

impl Turn<'_> {
    /// Reads the checkpoint (rule 2: after acquiring; a later epoch ends the turn).
    pub async fn load(&mut self) -> Result<(), SyncError> {
        let found: Option<Saved<Checkpoint>> = self.control.read(ID).await?;
        (self.checkpoint, self.etag) = match found {
            Some(found) => {
                self.charge += found.charge;
                (found.document, Some(found.etag))
            }
            None => (plan::blank(&self.definition, now()), None),
        };
        plan::belongs(&self.checkpoint, &self.definition).map_err(SyncError::AnotherTenant)?;
        if self.checkpoint.epoch > self.epoch { Err(SyncError::Overtaken) } else { Ok(()) }
    }

    /// Burns the number of a turn that did not end cleanly (rule 3: before any request to Graph).
    pub async fn burn(&mut self) -> Result<(), SyncError> {
        for _ in 0..TRIES {
            match self.save(plan::burn(&self.checkpoint, self.epoch, now())).await {
                Err(SyncError::Store(StoreError::Overtaken)) => self.load().await?,
                answer => return answer,
            }
        }
        Err(SyncError::Overtaken)
    }

    /// Saves the next checkpoint over the one in hand (rule 4: a 412 or an unknown answer ends the turn
    /// dirty).
    pub async fn save(&mut self, next: Checkpoint) -> Result<(), SyncError> {
        self.dirty = true;
        let deadline = self.lease.guard().await?;
        let saved = self.control.write(ID, next, self.etag.as_ref(), deadline).await?;
        self.charge += saved.charge;
        (self.checkpoint, self.etag) = (saved.document, Some(saved.etag));
        self.dirty = false;
        Ok(())
    }

    /// What this turn has done by now.
    pub fn run(&self) -> LastRun {
        LastRun { at: now(), counts: self.counts }
    }
}

/// The wall clock.
pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
