//! Run records: how each turn that followed a feed ended. They are told, never believed: nothing follows
//! from them for the copy, so they need no lease, and one that cannot be written is only logged.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Mirror;
use super::outcome::{Ending, request_units};
use crate::catalogue::Row;
use crate::protocol::{Checkpoint, Counts};
use crate::store::Control;

/// How long run records stay.
const TTL_SECONDS: u64 = 30 * 86_400;
/// How long the writing of one may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How the ids of run records begin; they sort by time.
pub const PREFIX: &str = "run-";

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How, unless it failed.
    #[serde(flatten)]
    pub ended: Ended,
    /// What it had written.
    pub counts: Counts,
    /// What that took.
    #[serde(flatten, default)]
    pub cost: Cost,
    /// As of when the copy was then, if the turn knew.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub as_of: Option<OffsetDateTime>,
}

/// What a turn took until it left its record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// Request units that Cosmos charged, rounded by [`request_units`].
    pub request_charge: f64,
    /// Seconds, rounded to thousandths.
    pub seconds: f64,
}

impl Cost {
    /// Request units and time.
    pub fn new(request_charge: f64, took: Duration) -> Self {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        Self { request_charge: request_units(request_charge), seconds }
    }
}

/// What a turn had come to when it left its record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reached {
    /// What it had written.
    pub counts: Counts,
    /// What that took.
    pub cost: Cost,
    /// As of when the copy is, if the turn knows.
    pub as_of: Option<OffsetDateTime>,
}

/// How a turn ended, one way or the other. Records that say something else are left out by whoever reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, from = "Read")]
pub enum Ended {
    /// As expected.
    Well(Ending),
    /// It failed.
    Failed(Failed),
    /// It did not end cleanly, as the turn after it noticed.
    Unclean(Unclean),
}

/// An ending as it is read: told apart by its outcome alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Read {
    Well(Ending),
    Otherwise(Otherwise),
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
enum Otherwise {
    Failed { error: String },
    Unclean { error: String },
}

impl From<Read> for Ended {
    fn from(read: Read) -> Self {
        match read {
            Read::Well(ending) => Self::Well(ending),
            Read::Otherwise(Otherwise::Failed { error }) => Self::Failed(Failed { error }),
            Read::Otherwise(Otherwise::Unclean { error }) => Self::Unclean(Unclean { error }),
        }
    }
}

/// A turn that did not end cleanly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename = "unclean")]
pub struct Unclean {
    /// What that means.
    pub error: String,
}

/// What is known of a turn that did not end cleanly.
const UNCLEAN: &str = "the turn before did not end cleanly: its process was killed or frozen, or a write had no certain \
                       answer; what it may have written without saving is looked at again";

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
pub async fn ended(control: &Control, epoch: u64, ending: Ending, reached: Reached) -> f64 {
    record(control, epoch, Ended::Well(ending), reached).await
}

/// Leaves a record of the turn before, which did not end cleanly: nobody else tells that it was killed. What that cost.
pub async fn unclean(control: &Control, checkpoint: &Checkpoint, reached: Reached) -> f64 {
    let turns = checkpoint.unclean.map_or(0, |unclean| unclean.turns);
    tracing::error!(event = "turn_unclean", resource = control.feed(), turns, save = checkpoint.save);
    record(control, checkpoint.epoch, Ended::Unclean(Unclean { error: UNCLEAN.to_owned() }), reached).await
}

/// Leaves a record of a turn that failed.
pub async fn failed(control: &Control, epoch: u64, error: &impl ToString, reached: Reached) {
    record(control, epoch, Ended::Failed(Failed { error: error.to_string() }), reached).await;
}

/// Leaves a record of a turn that failed before it had a lease, `took` after it had begun. Best effort: a caller who
/// waits for the turn does not wait long for this.
pub async fn record_failure(mirror: &Mirror, row: &Row, error: &impl ToString, took: Duration) {
    let record = async {
        match mirror.store.control(row.resource).await {
            Ok(control) => {
                let reached = Reached { cost: Cost::new(0.0, took), ..Reached::default() };
                failed(&control, 0, error, reached).await;
            }
            Err(error) => tracing::warn!(event = "run_not_recorded", resource = row.resource, %error),
        }
    };
    // Cut off, it is as if it had not been tried.
    let _ = tokio::time::timeout(PATIENCE, record).await;
}

async fn record(control: &Control, epoch: u64, ended: Ended, reached: Reached) -> f64 {
    let at = OffsetDateTime::now_utc();
    let id = format!("{PREFIX}{:020}-{epoch:012}", at.unix_timestamp_nanos());
    let Reached { counts, cost, as_of } = reached;
    let run = Run { at, ended, counts, cost, as_of };
    let record = Record { id: &id, feed: control.feed(), run, ttl: TTL_SECONDS };
    match control.write(&id, &record, None, Instant::now() + PATIENCE).await {
        Ok(saved) => saved.charge,
        Err(error) => {
            tracing::warn!(event = "run_not_recorded", resource = control.feed(), %error);
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_is_read_as_itself() {
        let unclean = Ended::Unclean(Unclean { error: UNCLEAN.to_owned() });
        let failed = Ended::Failed(Failed { error: "no access".into() });
        for ended in [unclean, failed, Ended::Well(Ending::Complete)] {
            let json = serde_json::to_value(&ended).unwrap();
            assert_eq!(serde_json::from_value::<Ended>(json).unwrap(), ended);
        }
        assert!(serde_json::from_str::<Ended>(r#"{"outcome":"sideways"}"#).is_err(), "a later version's");
    }

    #[test]
    fn a_record_says_how_the_turn_ended_and_what_it_took() {
        let run = Run {
            at: OffsetDateTime::UNIX_EPOCH,
            ended: Ended::Failed(Failed { error: "no access".into() }),
            counts: Counts { upserted: 7, ..Counts::default() },
            cost: Cost::new(23.299_999_999_999_997, Duration::from_micros(1_234_567)),
            as_of: Some(OffsetDateTime::UNIX_EPOCH),
        };
        let json = serde_json::to_value(&run).unwrap();
        assert_eq!((&json["requestCharge"], &json["seconds"]), (&23.3.into(), &1.235.into()));
        assert_eq!(json["asOf"], "1970-01-01T00:00:00Z");
        assert_eq!(serde_json::from_value::<Run>(json).unwrap(), run);
    }
}
