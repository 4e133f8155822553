//! A turn on one feed: the lease around it, and what it does in which order.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{self, Either};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::SyncError;
use super::outcome::{Ending, Outcome};
use super::plan::{self, Definition, Step};
use super::round::Round;
use super::turn::{Turn, now};
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::store::{Acquired, Control, Counts, Lease, Released};

/// New generations after a dead token that one turn may begin.
const RESTARTS: u32 = 3;
/// How long run records stay.
const RUN_TTL_SECONDS: u64 = 30 * 86_400;

/// Brings the copy of a feed up to date, for at most about `budget`.
///
/// At least one page is taken, however small the budget. The expected ends are [`Ending`]s.
///
/// # Errors
/// [`SyncError`]; the checkpoint then stands where the last page was saved, and the next turn carries on.
pub async fn sync(
    mirror: &Mirror,
    row: &'static Row,
    reader: &Reader,
    budget: Duration,
) -> Result<Outcome, SyncError> {
    let started = Instant::now();
    let feed = row.resource;
    let control = mirror.store.control(feed).await?;
    let holder = Uuid::new_v4().to_string();
    let (lease, clean) = match Lease::acquire(&control, &holder, mirror.options.lease).await? {
        Acquired::Held { lease, clean } => (lease, clean),
        Acquired::Busy => {
            return Ok(Outcome::new(feed, Ending::Busy, Counts::default(), 0.0, started.elapsed()));
        }
    };
    let definition =
        Definition { feed: feed.to_owned(), shape: row.shape(), tenant_id: reader.tenant_id.clone() };
    let mut turn = Turn {
        epoch: lease.epoch().await,
        checkpoint: plan::blank(&definition, now()),
        etag: None,
        mirror,
        row,
        reader,
        control: &control,
        lease: &lease,
        definition,
        deadline: started + budget,
        counts: Counts::default(),
        charge: 0.0,
        dirty: !clean,
    };
    let ending = match future::select(pin!(turn.run_to_end(clean)), pin!(lease.keep())).await {
        Either::Left((ending, _)) => ending,
        // `keep` never ends; if it did, the guard of the next write would still stop the turn.
        Either::Right(((), rest)) => rest.await,
    };
    let outcome =
        ending.map(|ending| Outcome::new(feed, ending, turn.counts, turn.charge, started.elapsed()));
    if outcome.is_err() {
        let _ = turn.leave(!turn.dirty, true).await;
    }
    outcome
}

impl Turn<'_> {
    /// Looks until nobody rings any more, and gives the lease back.
    async fn run_to_end(&mut self, clean: bool) -> Result<Ending, SyncError> {
        self.load().await?;
        if !clean {
            tracing::warn!(event = "burn", feed = self.control.feed(), "the turn before did not end cleanly");
            self.burn().await?;
        }
        loop {
            let ending = self.look().await?;
            self.record(ending).await;
            let spent = Instant::now() >= self.deadline;
            let goes_on = matches!(ending, Ending::Continued | Ending::Throttled { .. });
            match self.leave(true, goes_on).await {
                Released::Done => return Ok(ending),
                // Rung: the ring is cleared, so look again; without time, let a work item do so.
                Released::Rung if spent => {
                    self.leave(true, true).await;
                    return Ok(Ending::Continued);
                }
                Released::Rung => self.load().await?,
            }
        }
    }

    /// One look at the feed: from the checkpoint to the end of the round, and the sweep.
    async fn look(&mut self) -> Result<Ending, SyncError> {
        let mut restarts = 0;
        loop {
            match plan::next(&self.checkpoint, &self.definition, now()) {
                Step::Wait(until) => return Ok(Ending::Throttled { until }),
                Step::Begin(why) => self.begin(why).await?,
                Step::Walk => {
                    // A round that an earlier turn began tells how things were then: one more is due.
                    let stale = self.checkpoint.open_since.is_some() && Instant::now() < self.deadline;
                    match self.round().await? {
                        Round::Complete if stale => {}
                        Round::Complete => return self.sweep().await,
                        Round::Ended(ending) => return Ok(ending),
                        Round::DeadToken if restarts == RESTARTS => {
                            return Err(SyncError::Restarts(restarts));
                        }
                        Round::DeadToken => {
                            restarts += 1;
                            self.begin(plan::Why::DeadToken).await?;
                        }
                    }
                }
            }
        }
    }

    async fn begin(&mut self, why: plan::Why) -> Result<(), SyncError> {
        let next = plan::begin(&self.checkpoint, &self.definition, self.epoch, now());
        tracing::info!(event = "generation", feed = self.control.feed(), why = ?why, generation = next.generation);
        self.save(next).await
    }

    /// Gives the lease back (rule 6). A failure is no loss: the lease ends by itself, and the next turn
    /// burns our number.
    async fn leave(&self, clean: bool, leave: bool) -> Released {
        match self.lease.give_back(clean, leave).await {
            Ok(released) => released,
            Err(error) => {
                tracing::warn!(event = "lease_not_returned", feed = self.control.feed(), %error);
                Released::Done
            }
        }
    }

    /// Leaves a run record in the feed's partition. Only a record: a failure is logged.
    async fn record(&mut self, ending: Ending) {
        let Ok(deadline) = self.lease.guard().await else { return };
        let id = format!("run-{:012}-{:012}", self.epoch, self.checkpoint.save);
        let run = RunRecord {
            id: &id,
            feed: self.control.feed(),
            at: now(),
            ending,
            counts: self.counts,
            ttl: RUN_TTL_SECONDS,
        };
        match write(self.control, &id, &run, deadline).await {
            Ok(charge) => self.charge += charge,
            Err(error) => tracing::warn!(event = "run_not_recorded", feed = self.control.feed(), %error),
        }
    }
}

async fn write(
    control: &Control,
    id: &str,
    run: &RunRecord<'_>,
    deadline: Instant,
) -> Result<f64, SyncError> {
    Ok(control.write(id, run, None, deadline).await?.charge)
}

#[derive(Serialize)]
struct RunRecord<'a> {
    id: &'a str,
    feed: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[serde(flatten)]
    ending: Ending,
    counts: Counts,
    ttl: u64,
}
