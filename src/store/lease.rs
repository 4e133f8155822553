//! The lease on a feed: one writer at a time, and everybody else can request a rerun.
//!
//! Guarantees: whoever holds it has the highest epoch; [`Lease::guard`] hands out a deadline that lies
//! inside the lease on the wall clock and on the monotonic one, so that a turn that was frozen finds out
//! before it writes again; a request is never lost, because the holder clears it before it looks again.
//! The decisions are pure functions in [`crate::protocol::lease`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as PlainMutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::control::{Control, Saved};
use super::error::StoreError;
use super::meter::Meter;
use crate::protocol::{Etag, LeaseState, Released, Terms};
pub use acquire::{Acquired, acquire};
use clock::Clock;
use until::Until;

mod acquire;
mod clock;
mod until;

const ID: &str = "lease";
/// Contended writes of the lease; more means that something is badly wrong.
const TRIES: usize = 12;

/// Who may write to a feed, for as long as [`Lease::guard`] says so.
#[derive(Debug)]
pub struct Lease {
    control: Control,
    life: Duration,
    held: Mutex<Held>,
    until: PlainMutex<Until>,
    clock: Clock,
    lost: AtomicBool,
    /// The highest epoch that a checkpoint was seen to have.
    checkpoint: AtomicU64,
}

#[derive(Debug)]
struct Held {
    terms: Terms,
    etag: Etag,
}

impl Lease {
    /// What the lease of a feed says; writes nothing.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    pub async fn seen(control: &Control) -> Result<LeaseState, StoreError> {
        let found: Option<Saved<Terms>> = control.read(ID).await?;
        Ok(LeaseState::of(found.map(|found| found.document), OffsetDateTime::now_utc()))
    }

    fn new(control: Control, life: Duration, held: Held, until: Until, clock: Clock) -> Self {
        Self {
            control,
            life,
            held: Mutex::new(held),
            until: PlainMutex::new(until),
            clock,
            lost: AtomicBool::new(false),
            checkpoint: AtomicU64::new(0),
        }
    }

    /// The epoch of this lease: higher than that of everybody before.
    pub async fn epoch(&self) -> u64 {
        self.held.lock().await.terms.epoch
    }

    /// The time by which the turn that holds it decides: that of Cosmos. Where the machine's own clock is off it may be a
    /// second earlier, but never later.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now().earliest
    }

    /// The same, but never earlier: what is read now is not older than this says.
    pub fn latest(&self) -> OffsetDateTime {
        self.clock.now().latest
    }

    /// How far the clock of this machine is off from that: ahead, or negative.
    pub fn clock_is_off(&self) -> time::Duration {
        self.clock.off()
    }

    /// The checkpoint has this epoch: the next turn's will be higher, also where the lease document is an older one.
    pub fn stay_above(&self, checkpoint: u64) {
        self.checkpoint.fetch_max(checkpoint, Ordering::AcqRel);
    }

    /// The deadline for one write. Renews first when little is left.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the lease ended or went to somebody else.
    pub async fn guard(&self) -> Result<Instant, StoreError> {
        loop {
            let left = self.left()?;
            if left > self.life / 3 {
                return Ok(Instant::now() + left - self.life / 10);
            }
            self.renew().await?;
        }
    }

    /// What comes of `work`, while a task of its own renews the lease: `work` may keep its thread busy for long. When
    /// the lease is lost the work goes on: it finds out when it asks for the deadline of its next write.
    pub async fn while_renewing<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        // Dropped with this future, it ends the task.
        let mut keeping = JoinSet::new();
        let (lease, meter) = (self.clone(), Meter::of_work());
        keeping.spawn(async move { Box::pin(meter.over(lease.keep())).await });
        work.await
    }

    /// Renews the lease until it is lost.
    async fn keep(&self) {
        while self.left().is_ok() {
            tokio::time::sleep(self.life / 3).await;
            // Tried again soon; a lease that is lost shows when the next write asks for its deadline.
            while self.renew().await.is_err() && self.left().is_ok() {
                tokio::time::sleep(self.life / 20).await;
            }
        }
    }

    /// Writes a new end into the lease. A request in between is no loss.
    async fn renew(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        let (begun, now) = (Instant::now(), OffsetDateTime::now_utc());
        let left = self.left()?;
        // Somebody else has just renewed it.
        if left > self.life / 4 * 3 {
            return Ok(());
        }
        let terms = held.terms.renewed(now, self.life);
        self.write(&mut held, terms, begun + left).await?;
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Until::of(&held.terms, begun, now);
        Ok(())
    }

    /// Gives the lease back. `clean`: every write is answered and its page saved. A clean return with the
    /// rerun requested clears the request and keeps the lease instead, unless `leave` says that the caller has
    /// seen to it that somebody looks again. `settled`: what is known of doubtful documents.
    ///
    /// # Errors
    /// [`StoreError`]; the lease then simply ends by itself, not clean.
    pub async fn give_back(
        &self,
        clean: bool,
        leave: bool,
        settled: Option<bool>,
    ) -> Result<Released, StoreError> {
        let mut held = self.held.lock().await;
        for _ in 0..TRIES {
            let deadline = Instant::now() + self.left()?;
            let checkpoint = self.checkpoint.load(Ordering::Acquire);
            let (terms, released) = held.terms.given_back(clean, !leave, settled, checkpoint);
            match self.write_once(&mut held, terms, deadline).await {
                Ok(()) => {
                    self.lost.fetch_or(released == Released::Done, Ordering::AcqRel);
                    return Ok(released);
                }
                Err(StoreError::Overtaken) => self.read_again(&mut held).await?,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unknown("the lease is contended".into()))
    }

    /// Writes the lease; when a rerun was requested meanwhile, once more with the request kept.
    async fn write(&self, held: &mut Held, terms: Terms, deadline: Instant) -> Result<(), StoreError> {
        match self.write_once(held, terms.clone(), deadline).await {
            Err(StoreError::Overtaken) => {
                self.read_again(held).await?;
                let terms = terms.with_request_of(&held.terms);
                self.write_once(held, terms, deadline).await
            }
            answer => answer,
        }
    }

    async fn write_once(&self, held: &mut Held, terms: Terms, deadline: Instant) -> Result<(), StoreError> {
        let saved = self.control.write(ID, terms, Some(&held.etag), deadline).await?;
        *held = Held { terms: saved.document, etag: saved.etag };
        Ok(())
    }

    /// After a 412: only another holder means that the lease is lost; a request, or our own write whose
    /// answer was lost, does not.
    async fn read_again(&self, held: &mut Held) -> Result<(), StoreError> {
        let found: Option<Saved<Terms>> = self.control.read(ID).await?;
        match found {
            Some(found) if found.document.is_same_turn(&held.terms) => {
                *held = Held { terms: found.document, etag: found.etag };
                Ok(())
            }
            _ => {
                self.lost.store(true, Ordering::Release);
                Err(StoreError::LeaseLost)
            }
        }
    }

    /// What is left of the lease, on the stricter of both clocks.
    fn left(&self) -> Result<Duration, StoreError> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.left(Instant::now(), OffsetDateTime::now_utc());
        match left {
            Some(left) if !self.lost.load(Ordering::Acquire) => Ok(left),
            _ => Err(StoreError::LeaseLost),
        }
    }
}
