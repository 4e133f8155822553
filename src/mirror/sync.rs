//! A turn on one feed: the lease around it, the machine in it, and the record that it leaves.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{self, Either};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::drive::Driver;
use super::error::SyncError;
use super::guard::Guard;
use super::machine::{Action, Machine};
use super::outcome::{Ending, Outcome};
use super::plan::Definition;
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::store::{Acquired, Counts, Lease};

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
    let epoch = lease.epoch().await;
    let mut machine =
        Machine::new(definition, !row.links.is_empty(), epoch, clean, OffsetDateTime::now_utc());
    let mut driver = Driver {
        mirror,
        row,
        reader,
        control: &control,
        lease: &lease,
        deadline: started + budget,
        etag: None,
        page: None,
        ahead: None,
        guard: Guard::default(),
        charge: 0.0,
    };
    let ending = {
        let turn = pin!(run(&mut driver, &mut machine));
        match future::select(turn, pin!(lease.keep())).await {
            Either::Left((ending, _)) => ending,
            // The lease is lost: the turn finds out when it asks for the deadline of its next write.
            Either::Right(((), turn)) => turn.await,
        }
    };
    if ending.is_err() {
        driver.leave(!machine.is_dirty(), false).await;
    }
    Ok(Outcome::new(feed, ending?, machine.counts(), driver.charge, started.elapsed()))
}

/// Lets the machine say what to do, until it says that this is the end.
async fn run(driver: &mut Driver<'_>, machine: &mut Machine) -> Result<Ending, SyncError> {
    let mut action = machine.load();
    loop {
        if let Action::Leave { .. } = &action {
            record(driver, machine).await;
        }
        let event = driver.perform(machine, action).await?;
        action = match machine.on(event, OffsetDateTime::now_utc(), driver.is_spent())? {
            Action::End(ending) => return Ok(ending),
            next => next,
        };
    }
}

/// Leaves a run record in the feed's partition. Only a record: a failure is logged.
async fn record(driver: &mut Driver<'_>, machine: &Machine) {
    let Ok(deadline) = driver.lease.guard().await else { return };
    let (control, checkpoint) = (driver.control, machine.checkpoint());
    let id = format!("run-{:012}-{:012}", checkpoint.epoch, checkpoint.save);
    let run = RunRecord {
        id: &id,
        feed: control.feed(),
        at: OffsetDateTime::now_utc(),
        ending: machine.ending(),
        counts: machine.counts(),
        ttl: RUN_TTL_SECONDS,
    };
    match control.write(&id, &run, None, deadline).await {
        Ok(saved) => driver.charge += saved.charge,
        Err(error) => tracing::warn!(event = "run_not_recorded", feed = control.feed(), %error),
    }
}

#[derive(Serialize)]
struct RunRecord<'a> {
    id: &'a str,
    feed: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[serde(flatten)]
    ending: Option<Ending>,
    counts: Counts,
    ttl: u64,
}
