//! How large a document may be, and when it ends: C-11 and C-9.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cause::cause;
use super::ledger::Ledger;
use super::stop::Stop;
use crate::store::StoreError;
use crate::store::trial::{Draft, TTL_SECONDS, Trial};

/// More than a document may have, in bytes.
const TOO_LARGE: usize = 2 * 1024 * 1024 + 1024;
/// The longest id, in bytes.
const LONGEST_ID: usize = 1023;
/// More levels than JSON may have.
const TOO_DEEP: usize = 140;
/// A document with a second to live is gone by then.
const ENDED: Duration = Duration::from_secs(15);
/// How often it is looked for.
const EVERY: Duration = Duration::from_millis(500);

/// Documents that are too large, and one that is not: C-11.
pub(super) async fn ask(trial: &Trial, ledger: &Ledger) {
    let deep = (0..TOO_DEEP).fold(json!(null), |inner, _| Value::Array(vec![inner]));
    let asked = [
        ("an id of 1,023 bytes", trial.draft(&"i".repeat(LONGEST_ID), json!(null)), true),
        ("an id of 1,024 bytes", trial.draft(&"i".repeat(LONGEST_ID + 1), json!(null)), false),
        ("a document of more than 2 MB", trial.draft("large", json!("x".repeat(TOO_LARGE))), false),
        ("JSON of more than 128 levels", trial.draft("deep", deep), false),
    ];
    for (what, draft, is_taken) in &asked {
        match limit(trial, draft, *is_taken).await {
            Ok(true) => {}
            Ok(false) if *is_taken => return ledger.refuted("C-11", format!("{what} is refused")),
            Ok(false) => return ledger.refuted("C-11", format!("{what} is not refused with 400 or 413")),
            Err(error) => return ledger.not_testable("C-11", format!("{what}: {}", cause(&error))),
        }
    }
    let what =
        "an id of 1,023 bytes is taken; a longer one, more than 2 MB and more than 128 levels are refused";
    ledger.confirmed("C-11", what);
}

/// Whether a document is taken, or refused, as it should be.
async fn limit(trial: &Trial, draft: &Draft, is_taken: bool) -> Result<bool, StoreError> {
    match trial.create(draft).await {
        Ok(_) => Ok(is_taken),
        Err(StoreError::Refused(_)) => Ok(!is_taken),
        // A definite refusal with a status for which a document is not set aside.
        Err(StoreError::Overtaken | StoreError::OtherKey(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for the end of a document with a second to live, beside one with more: C-9.
pub(super) async fn expiry(trial: &Trial, ledger: &Ledger, stop: &Stop) {
    let seen = async {
        trial.create(&trial.draft("stays", json!(null))).await.map_err(Some)?;
        trial.create(&trial.draft("ends", json!(null)).expiring_after(1)).await.map_err(Some)?;
        let until = Instant::now() + ENDED;
        while trial.read("ends").await.map_err(Some)?.is_some() {
            if Instant::now() > until {
                return Ok(Some("a document with a `ttl` of a second is there after 15 s"));
            }
            if stop.unless(tokio::time::sleep(EVERY)).await.is_none() {
                return Err(None);
            }
        }
        Ok(trial.read("stays").await.map_err(Some)?.is_none().then_some("a document ended before its `ttl`"))
    };
    match seen.await {
        Ok(None) => {
            let what =
                format!("a document with a `ttl` of a second ended, and one with {TTL_SECONDS} s is there");
            ledger.confirmed("C-9", what);
        }
        Ok(Some(what)) => ledger.refuted("C-9", what),
        Err(Some(error)) => ledger.not_testable("C-9", cause(&error)),
        // It was stopped.
        Err(None) => {}
    }
}
