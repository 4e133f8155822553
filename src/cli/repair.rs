//! `verify --repair`: mends what was found with the verbs that there are, and looks again.
//!
//! Objects are refreshed by their ids. A link cannot be read by itself in the form in which it is copied, so
//! links are mended by reading the whole feed anew: a new generation, which sweeps what is too many. It would also sweep
//! what Graph did not let us compare, so links are left as they are where there is any of that. Leaves out on purpose: any
//! write of its own.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use super::output::complain;
use super::sync::{next_step, time, to_the_end};
use crate::app::{App, AppError, Feed};
use crate::protocol::Ending;
use crate::report::Outcome;
use crate::verify::{Difference, NotCompared, Verified};

/// Ids of one refresh.
const IDS: usize = 20;
/// Times that a verb is tried while others, or Graph, keep us waiting.
const TRIES: u32 = 10;
/// Wait for another turn to end, and the longest one that is worth it for Graph's sake.
const WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// What is left after the repair.
pub enum Repaired {
    /// These still differ, and these could not be looked at.
    Left(Vec<Difference>, Vec<NotCompared>),
    /// Another run, or Graph, keeps us waiting for too long.
    Waiting(Outcome),
}

/// How what differs is mended.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// Objects that are refreshed by their ids.
    pub ids: Vec<String>,
    /// The whole resource is read anew, for the sake of its links.
    pub reset: bool,
    /// Links differ, and are left as they are: some were not compared.
    pub withheld: bool,
}

impl Plan {
    /// The plan for what a verification found.
    pub fn of(verified: &Verified) -> Self {
        let ids = verified.differences.iter().filter_map(Difference::object);
        let ids: Vec<_> = ids.map(str::to_owned).collect();
        let (have_links, is_whole) =
            (ids.len() < verified.differences.len(), verified.not_compared.is_empty());
        Self { reset: have_links && is_whole, withheld: have_links && !is_whole, ids }
    }
}

/// Why links are left as they are.
pub const WITHHELD: &str =
    "links are not mended: reading everything anew would also remove what was not compared";

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} objects would be refreshed by id", self.ids.len())?;
        f.write_str(if self.reset { ", and all of the feed read anew for its links" } else { "" })?;
        if self.withheld { write!(f, "; {WITHHELD}") } else { Ok(()) }
    }
}

/// Mends what differs, and looks at it again.
///
/// # Errors
/// [`AppError`]; some may be mended, and none is worse than before.
pub async fn repair(app: &App, feed: &Feed, verified: &Verified) -> Result<Repaired, AppError> {
    let differences = &verified.differences;
    let Plan { ids, reset, .. } = Plan::of(verified);
    let mut needs_sync = false;
    for ids in ids.chunks(IDS) {
        let refreshed = match until_done(async || Ok(app.refresh(feed, ids).await?.outcome)).await? {
            Ok(refreshed) => refreshed,
            Err(waiting) => return Ok(Repaired::Waiting(waiting)),
        };
        // Whoever requested a rerun meanwhile wants a sync, and we have taken the request.
        needs_sync |= refreshed.goes_on();
    }
    if reset {
        needs_sync = true;
        if let Err(waiting) = until_done(async || app.reset(feed).await).await? {
            return Ok(Repaired::Waiting(waiting));
        }
    }
    if needs_sync && let Err(waiting) = until_done(async || to_the_end(app, feed).await).await? {
        return Ok(Repaired::Waiting(waiting));
    }
    let (left, undecided) = app.verify_again(feed, differences).await?;
    Ok(Repaired::Left(left, undecided))
}

/// Tries a verb again while others keep us waiting, saying what it waits for; the last outcome as an error when it
/// stays like that.
async fn until_done(
    mut verb: impl AsyncFnMut() -> Result<Outcome, AppError>,
) -> Result<Result<Outcome, Outcome>, AppError> {
    for tried in 1.. {
        let outcome = verb().await?;
        let wait = match outcome.ending {
            Ending::Complete | Ending::Continued => return Ok(Ok(outcome)),
            Ending::Held { .. } | Ending::Refused { .. } => {
                next_step(&outcome).into_iter().for_each(complain);
                return Ok(Ok(outcome));
            }
            Ending::Busy { .. } => WAITS.0,
            Ending::Throttled { until } => {
                Duration::try_from(until - OffsetDateTime::now_utc()).unwrap_or_default()
            }
        };
        if tried == TRIES || wait > WAITS.1 {
            next_step(&outcome).into_iter().for_each(complain);
            return Ok(Err(outcome));
        }
        let (resource, wait_ms) = (outcome.resource.as_str(), wait.as_millis() as u64);
        let reason = reason(outcome.ending);
        tracing::info!(event = "waits", resource, waitMs = wait_ms, reason);
        tokio::time::sleep(wait).await;
    }
    unreachable!("the last try returns")
}

/// Why a verb has to wait.
fn reason(ending: Ending) -> String {
    match ending {
        Ending::Busy { until } => format!("another turn holds the feed, with a lease until {}", time(until)),
        Ending::Throttled { until } => format!("Microsoft Graph throttles until {}", time(until)),
        ending => ending.name().to_owned(),
    }
}
