//! Run records: how each turn that followed a feed ended. They are for display only and never influence the copy. So
//! they need no lease, and a failure to write one is only logged.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::outcome::request_units;
use crate::protocol::{Checkpoint, Counts, Ending, Feed};
use crate::store::{Control, Store};

/// Lifetime of run records, in seconds.
const TTL_SECONDS: u64 = 30 * 86_400;
/// Longest time for writing one.
const PATIENCE: Duration = Duration::from_secs(2);
/// Prefix of the ids of run records; the ids sort by time.
pub const PREFIX: &str = "run-";

/// The record of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When the turn ended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How the turn ended.
    #[serde(flatten)]
    pub ended: Ended,
    /// Documents that the turn had written.
    pub counts: Counts,
    /// The cost of the turn.
    #[serde(flatten, default)]
    pub cost: Cost,
    /// The time as of which the copy was current, if the turn knew it.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub as_of: Option<OffsetDateTime>,
}

/// The cost of a turn until it wrote its record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// Request units that Cosmos DB charged, rounded by [`request_units`].
    pub request_charge: f64,
    /// Seconds, rounded to thousandths.
    pub seconds: f64,
}

impl Cost {
    /// Creates a cost from request units and a duration.
    pub fn new(request_charge: f64, took: Duration) -> Self {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        Self { request_charge: request_units(request_charge), seconds }
    }
}

/// The progress of a turn when it wrote its record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reached {
    /// Documents that the turn had written.
    pub counts: Counts,
    /// The cost so far.
    pub cost: Cost,
    /// The time as of which the copy is current, if the turn knows it.
    pub as_of: Option<OffsetDateTime>,
}

/// How a turn ended. Readers skip records with an unknown ending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, from = "Read")]
pub enum Ended {
    /// The turn ended as expected.
    Well(Ending),
    /// The turn failed.
    Failed(Failed),
    /// The turn did not end cleanly, and the next turn noticed.
    Unclean(Unclean),
}

/// An ending as it is read: the outcome alone decides which one it is.
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
    /// The explanation.
    pub error: String,
}

/// The explanation of a turn that did not end cleanly.
const UNCLEAN: &str = "the turn before did not end cleanly: its process was killed or frozen, or a write had no certain \
                       answer; what it may have written without saving is looked at again";

/// A turn that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename = "failed")]
pub struct Failed {
    /// The error message.
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

/// Records a turn that ended as expected.
pub async fn ended(control: &Control, epoch: u64, ending: Ending, reached: Reached) {
    record(control, epoch, Ended::Well(ending), reached).await;
}

/// Records that the previous turn did not end cleanly, since a killed turn cannot record that itself.
pub async fn unclean(control: &Control, checkpoint: &Checkpoint, reached: Reached) {
    let turns = checkpoint.unclean.map_or(0, |unclean| unclean.turns);
    tracing::error!(event = "turn_unclean", resource = control.feed(), turns, save = checkpoint.save);
    record(control, checkpoint.epoch, Ended::Unclean(Unclean { error: UNCLEAN.to_owned() }), reached).await;
}

/// Records a turn that failed.
pub async fn failed(control: &Control, epoch: u64, error: &impl ToString, reached: Reached) {
    record(control, epoch, Ended::Failed(Failed { error: error.to_string() }), reached).await;
}

/// Records a turn that failed before it acquired a lease, `took` after it began. Best effort: a caller who waits for
/// the turn does not wait long for this record.
pub async fn record_failure(store: &Store, feed: &Feed, error: &impl ToString, took: Duration) {
    let record = async {
        match Control::open(store, &feed.key()).await {
            Ok(control) => {
                let reached = Reached { cost: Cost::new(0.0, took), ..Reached::default() };
                failed(&control, 0, error, reached).await;
            }
            Err(error) => tracing::warn!(event = "run_not_recorded", resource = feed.key(), %error),
        }
    };
    // A timeout counts as a record that was not written.
    let _ = tokio::time::timeout(PATIENCE, record).await;
}

async fn record(control: &Control, epoch: u64, ended: Ended, reached: Reached) {
    let at = OffsetDateTime::now_utc();
    let id = format!("{PREFIX}{:020}-{epoch:012}", at.unix_timestamp_nanos());
    let Reached { counts, cost, as_of } = reached;
    let run = Run { at, ended, counts, cost, as_of };
    let record = Record { id: &id, feed: control.feed(), run, ttl: TTL_SECONDS };
    if let Err(error) = control.write(&id, &record, None, Instant::now() + PATIENCE).await {
        tracing::warn!(event = "run_not_recorded", resource = control.feed(), %error);
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
