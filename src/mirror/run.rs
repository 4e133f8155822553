//! Run records: how each turn that followed a feed ended. They are told, never believed: nothing follows
//! from them for the copy, so they need no lease, and one that cannot be written is only logged.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Mirror;
use super::outcome::Ending;
use crate::catalogue::Row;
use crate::store::{Control, Counts};

/// How long run records stay.
const TTL_SECONDS: u64 = 30 * 86_400;
/// How long the writing of one may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How the ids of run records begin; they sort by time.
pub const PREFIX: &str = "run-";

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How, unless it failed.
    #[serde(flatten)]
    pub ended: Ended,
    /// What it had written.
    pub counts: Counts,
}

/// How a turn ended, one way or the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ended {
    /// As expected.
    Well(Ending),
    /// It failed.
    Failed(Failed),
}

/// A turn that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename = "failed")]
pub struct Failed {
    /// Why.
    pub error: String,
}

#[derive(Serialize)]
struct Record<'a> {
    id: &'a str,
    feed: &'a str,
    #[serde(flatten)]
    run: Run,
    ttl: u64,
}

/// Leaves a record of a turn that ended as expected; what that cost.
pub async fn ended(control: &Control, epoch: u64, ending: Ending, counts: Counts) -> f64 {
    record(control, epoch, Ended::Well(ending), counts).await
}

/// Leaves a record of a turn that failed.
pub async fn failed(control: &Control, epoch: u64, error: &impl ToString, counts: Counts) {
    record(control, epoch, Ended::Failed(Failed { error: error.to_string() }), counts).await;
}

/// Leaves a record of a turn that failed before it had a lease. Best effort: whoever waits for the turn does
/// not wait long for this.
pub async fn record_failure(mirror: &Mirror, row: &Row, error: &impl ToString) {
    let record = async {
        match mirror.store.control(row.resource).await {
            Ok(control) => failed(&control, 0, error, Counts::default()).await,
            Err(error) => tracing::warn!(event = "run_not_recorded", resource = row.resource, %error),
        }
    };
    // Cut off, it is as if it had not been tried.
    let _ = tokio::time::timeout(PATIENCE, record).await;
}

async fn record(control: &Control, epoch: u64, ended: Ended, counts: Counts) -> f64 {
    let at = OffsetDateTime::now_utc();
    let id = format!("{PREFIX}{:020}-{epoch:012}", at.unix_timestamp_nanos());
    let record = Record { id: &id, feed: control.feed(), run: Run { at, ended, counts }, ttl: TTL_SECONDS };
    match control.write(&id, &record, None, Instant::now() + PATIENCE).await {
        Ok(saved) => saved.charge,
        Err(error) => {
            tracing::warn!(event = "run_not_recorded", resource = control.feed(), %error);
            0.0
        }
    }
}
