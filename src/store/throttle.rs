//! Until when Graph wants a service to be left alone, for all processes: one document for each service in `mirror`, in a
//! partition of its own.
//!
//! Promises: the later time wins. Cosmos DB deletes the document when its time is long over. It is a hint: whoever cannot
//! read or write it asks Graph, and is told again.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::control::Control;
use super::{Store, StoreError};

/// The id of the document.
const ID: &str = "throttle";
/// Its partition is this, followed by the name of the service.
const PREFIX: &str = "throttle/";
/// The longest pause, and how long the document stays.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often it is read again while others write it.
const TRIES: u32 = 4;
/// The longest time for writing it.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throttle {
    id: String,
    feed: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(default)]
    ttl: u64,
}

/// Until when the service is to be left alone, at most an hour from `now`; none where it may be asked.
///
/// # Errors
/// [`StoreError`].
pub async fn paused_until(
    store: &Store,
    service: &str,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let control = Control::open(store, &format!("{PREFIX}{service}")).await?;
    let found = control.read::<Throttle>(ID).await?;
    let until = found.map(|found| found.document.not_before).filter(|until| *until > now);
    Ok(until.map(|until| until.min(now + LONGEST)))
}

/// Has every process leave the service alone until then, at most an hour from `now`.
///
/// # Errors
/// [`StoreError`].
pub async fn pause(
    store: &Store,
    service: &str,
    until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let (feed, deadline) = (format!("{PREFIX}{service}"), Instant::now() + PATIENCE);
    let control = Control::open(store, &feed).await?;
    let not_before = until.min(now + LONGEST);
    let wanted = Throttle { id: ID.to_owned(), feed, not_before, ttl: LONGEST.as_secs() };
    for _ in 0..TRIES {
        let found = control.read_any::<Throttle>(ID).await?;
        let etag = match found {
            // A time that is too far ahead is none: the clock that made it was wrong.
            Some(found) => match found.document {
                Ok(there) if there.not_before >= not_before && there.not_before <= now + LONGEST => {
                    return Ok(());
                }
                _ => Some(found.etag),
            },
            None => None,
        };
        match control.write(ID, &wanted, etag.as_ref(), deadline).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Overtaken) => {}
            Err(error) => return Err(error),
        }
    }
    // Others are writing it, and each knows that Graph throttles.
    Ok(())
}
