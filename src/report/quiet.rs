//! That a feed was asked for changes without its lease, and there were none (rule 15): one small document for each feed, which
//! is for display only. A failure to write it is only logged.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::protocol::Checkpoint;
use crate::store::{Control, StoreError};

/// The id of the document.
const ID: &str = "quiet";
/// Seconds until Cosmos DB removes it. A turn with the lease follows much earlier.
const TTL_SECONDS: u64 = 86_400;
/// Longest time for writing it.
const PATIENCE: Duration = Duration::from_secs(2);

/// When nothing had changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quiet {
    id: String,
    feed: String,
    /// The number of the save of the checkpoint that was asked from.
    save: u64,
    /// When Graph was asked.
    #[serde(with = "time::serde::rfc3339")]
    as_of: OffsetDateTime,
    ttl: u64,
}

/// Writes that nothing had changed at `as_of`.
pub async fn record(control: &Control, checkpoint: &Checkpoint, as_of: OffsetDateTime) {
    let (id, feed) = (ID.to_owned(), control.feed().to_owned());
    let quiet = Quiet { id, feed, save: checkpoint.save, as_of, ttl: TTL_SECONDS };
    if let Err(error) = control.replace(ID, &quiet, Instant::now() + PATIENCE).await {
        tracing::warn!(event = "quiet_not_recorded", resource = control.feed(), %error);
    }
}

/// What the copy is as of: the last complete round, or a later turn that found no change since.
///
/// # Errors
/// [`StoreError`], when the document cannot be read.
pub async fn as_of(
    control: &Control,
    checkpoint: Option<&Checkpoint>,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let Some(checkpoint) = checkpoint else { return Ok(None) };
    let found = control.read_any::<Quiet>(ID).await?.and_then(|found| found.document.ok());
    let since = found.filter(|quiet| quiet.save == checkpoint.save).map(|quiet| quiet.as_of);
    Ok(checkpoint.as_of.max(since))
}
