//! `verify --repair`: mends what was found with the verbs that there are, and looks again.
//!
//! Objects are refreshed by their ids. A link cannot be read by itself in the form in which it is copied, so
//! links are mended by reading the whole feed anew: a new generation, which sweeps what is too many. Leaves
//! out on purpose: any write of its own.

use std::time::Duration;

use time::OffsetDateTime;

use super::output::complain;
use super::sync::{next_step, to_the_end};
use crate::app::{App, AppError};
use crate::mirror::{Difference, Ending, Outcome, Verified};

/// Ids of one refresh.
const IDS: usize = 20;
/// Times that a verb is tried while others, or Graph, keep us waiting.
const TRIES: u32 = 10;
/// Wait for another turn to end, and the longest one that is worth it for Graph's sake.
const WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// What is left after the repair.
pub enum Repaired {
    /// These still differ, and so many could not be looked at.
    Left(Vec<Difference>, u64),
    /// Somebody keeps us waiting.
    Waiting,
}

/// Mends what differs, and looks at it again.
///
/// # Errors
/// [`AppError`]; some may be mended, and none is worse than before.
pub async fn repair(app: &App, verified: &Verified) -> Result<Repaired, AppError> {
    let (feed, differences) = (verified.feed, &verified.differences);
    let ids: Vec<_> = differences.iter().filter_map(Difference::object).map(str::to_owned).collect();
    let mut walk = false;
    for ids in ids.chunks(IDS) {
        let Some(refreshed) = until_done(async || Ok(app.refresh(feed, ids).await?.outcome)).await? else {
            return Ok(Repaired::Waiting);
        };
        // Whoever rang meanwhile wants a walk, and we have taken the ring.
        walk |= refreshed.goes_on();
    }
    if ids.len() < differences.len() {
        walk = true;
        if until_done(async || app.reset(feed).await).await?.is_none() {
            return Ok(Repaired::Waiting);
        }
    }
    if walk && until_done(async || to_the_end(app, feed).await).await?.is_none() {
        return Ok(Repaired::Waiting);
    }
    let (left, undecided) = app.verify_again(feed, differences).await?;
    Ok(Repaired::Left(left, undecided))
}

/// Tries a verb again while others keep us waiting; none when it stays like that, which is then said.
async fn until_done(
    mut verb: impl AsyncFnMut() -> Result<Outcome, AppError>,
) -> Result<Option<Outcome>, AppError> {
    for last in (0..TRIES).map(|tried| tried + 1 == TRIES) {
        let outcome = verb().await?;
        let wait = match outcome.ending {
            Ending::Complete | Ending::Continued => return Ok(Some(outcome)),
            Ending::Held { .. } => {
                next_step(&outcome).into_iter().for_each(complain);
                return Ok(Some(outcome));
            }
            Ending::Busy => WAITS.0,
            Ending::Throttled { until } => {
                Duration::try_from(until - OffsetDateTime::now_utc()).unwrap_or_default()
            }
        };
        if last || wait > WAITS.1 {
            next_step(&outcome).into_iter().for_each(complain);
            break;
        }
        tokio::time::sleep(wait).await;
    }
    Ok(None)
}
