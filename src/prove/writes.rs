//! What a write does, and what is read afterwards: C-1 to C-4 and C-7.

use serde_json::json;
use time::OffsetDateTime;

use super::cause::cause;
use super::ground::Ground;
use super::ledger::Ledger;
use crate::protocol::Etag;
use crate::store::StoreError;
use crate::store::trial::{Item, Trial};

/// How often own writes are read.
const TIMES: usize = 5;
/// How far clocks may be apart, in seconds: as for the doctor.
const APART: i64 = 30;

/// If-Match, and the time stamp of a write: C-1 and C-4.
pub(super) async fn versions(trial: &Trial, ground: &Ground, ledger: &Ledger) {
    let seen = async {
        let before = OffsetDateTime::now_utc().unix_timestamp();
        let first = trial.create(&trial.draft("version", json!(1))).await?;
        let after = OffsetDateTime::now_utc().unix_timestamp();
        stamp(&first, (before, after), ground, ledger);
        let old = etag(&first)?;
        match trial.replace(&trial.draft("version", json!(2)), &old).await {
            Ok(second) if etag(&second)? == old => Ok(Some("a write leaves the etag as it was")),
            Ok(second) => over(trial, &old, &etag(&second)?).await,
            Err(StoreError::Overtaken) => Ok(Some("a replace over the present version answers 412")),
            Err(error) => Err(error),
        }
    };
    match seen.await {
        Ok(None) => {
            ledger.confirmed("C-1", "a replace over the present version is written; over an old one it answers 412 and writes nothing");
        }
        Ok(Some(what)) => ledger.refuted("C-1", what),
        Err(error) => ledger.none_testable(&["C-1", "C-4"], cause(&error)),
    }
}

/// What is wrong with replaces over an old version and the present one.
async fn over(trial: &Trial, old: &Etag, present: &Etag) -> Result<Option<&'static str>, StoreError> {
    match trial.replace(&trial.draft("version", json!(3)), old).await {
        Ok(_) => return Ok(Some("a replace over an old version is written")),
        Err(StoreError::Overtaken) => {}
        Err(error) => return Err(error),
    }
    let read = trial.read("version").await?;
    if read.is_some_and(|item| item.content == json!(3)) {
        return Ok(Some("a replace over an old version answers 412, and is written all the same"));
    }
    match trial.replace(&trial.draft("version", json!(4)), present).await {
        Ok(_) => Ok(None),
        Err(StoreError::Overtaken) => Ok(Some("a replace over the present version answers 412")),
        Err(error) => Err(error),
    }
}

fn stamp(item: &Item, (before, after): (i64, i64), ground: &Ground, ledger: &Ledger) {
    match item.written.as_ref().and_then(serde_json::Value::as_i64) {
        None => ledger.refuted("C-4", "a write has no `_ts` that is a whole number"),
        Some(_) if !ground.clocks_agree() => {
            ledger.not_testable("C-4", "the clocks do not agree; `graph-mirror doctor` has the remedy");
        }
        Some(stamp) if stamp < before - APART || stamp > after + APART => {
            ledger.refuted("C-4", format!("`_ts` of a write is more than {APART} s away from its time"));
        }
        Some(_) => {
            ledger.confirmed("C-4", format!("`_ts` of a write is within {APART} s of its time, in seconds"))
        }
    }
}

fn etag(item: &Item) -> Result<Etag, StoreError> {
    item.etag.clone().ok_or_else(|| StoreError::Unknown("an answer without an etag".into()))
}

/// Reads after each of some writes: C-2.
pub(super) async fn own(trial: &Trial, ledger: &Ledger) {
    let seen = async {
        let mut written = trial.create(&trial.draft("own", json!(0))).await?;
        for round in 1..=TIMES {
            let found = trial.read("own").await?;
            match found {
                None => return Ok(Some("a document that was just created is not found")),
                Some(item) if item.content != json!(round - 1) => {
                    return Ok(Some("a read shows an older version than the one that was just written"));
                }
                Some(_) => {}
            }
            written = trial.replace(&trial.draft("own", json!(round)), &etag(&written)?).await?;
        }
        Ok::<_, StoreError>(None)
    };
    match seen.await {
        Ok(None) => ledger.confirmed("C-2", format!("{TIMES} writes, each read at once by the same session")),
        Ok(Some(what)) => ledger.refuted("C-2", what),
        Err(error) => ledger.not_testable("C-2", cause(&error)),
    }
}

/// Another session is refused a write, and then reads: C-3.
pub(super) async fn of_others(trial: &Trial, other: &Trial, ledger: &Ledger) {
    let seen = async {
        let first = etag(&trial.create(&trial.draft("other", json!(1))).await?)?;
        let _known = other.read("other").await?;
        trial.replace(&trial.draft("other", json!(2)), &first).await?;
        match other.replace(&other.draft("other", json!(3)), &first).await {
            Err(StoreError::Overtaken) => {
                Ok(Some(other.read("other").await?.is_some_and(|item| item.content == json!(2))))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(None),
        }
    };
    match seen.await {
        Ok(None) => ledger.not_testable("C-3", "a replace over an old version was written: see C-1"),
        Ok(Some(true)) => {
            ledger.confirmed(
                "C-3",
                "another session that was refused a write reads the version that refused it",
            );
        }
        Ok(Some(false)) => {
            ledger.refuted("C-3", "another session that was refused a write reads an older version")
        }
        Err(error) => ledger.not_testable("C-3", cause(&error)),
    }
}

/// Batches, of which one fails in the middle: C-7.
pub(super) async fn together(trial: &Trial, ledger: &Ledger) {
    let seen = async {
        trial.create(&trial.draft("clash", json!(1))).await?;
        let drafts = |ids: [&str; 2]| ids.map(|id| trial.draft(id, json!(2)));
        match trial.create_together(&drafts(["part", "clash"])).await {
            Ok(()) => return Ok(Some("a batch of which one operation fails is answered as carried out")),
            Err(StoreError::Overtaken | StoreError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        if trial.read("part").await?.is_some() {
            return Ok(Some("a batch of which one operation fails has written another one"));
        }
        match trial.create_together(&drafts(["one", "two"])).await {
            Ok(()) => {}
            Err(StoreError::Overtaken | StoreError::Refused(_)) => {
                return Ok(Some("a batch of two new documents is refused"));
            }
            Err(error) => return Err(error),
        }
        let (one, two) = (trial.read("one").await?, trial.read("two").await?);
        let is_whole = one.is_some() && two.is_some();
        Ok((!is_whole).then_some("a batch that is answered as carried out has not written all"))
    };
    match seen.await {
        Ok(None) => {
            ledger.confirmed("C-7", "a batch of which one operation fails says so and writes nothing; another one is written whole");
        }
        Ok(Some(what)) => ledger.refuted("C-7", what),
        Err(error) => ledger.not_testable("C-7", cause(&error)),
    }
}
