//! Loading and saving the checkpoint (rules 2 and 4).

use time::OffsetDateTime;

use crate::protocol::machine::{Event, Task};
use crate::protocol::plan;
use crate::protocol::{CHECKPOINT, Checkpoint, Containers, Etag, Numbers, Unreadable};
use crate::report::SyncError;
use crate::store::{Saved, StoreError, Unfit};
use crate::sync::turn::Turn;

/// The result of a load.
pub struct Loaded {
    pub event: Event,
    /// The etag of the checkpoint; none if there is no checkpoint.
    pub etag: Option<Etag>,
    /// The description of what is wrong with a container.
    pub unfit: Option<Box<Unfit>>,
}

/// Reads the checkpoint and inspects the containers. A reset treats an unreadable checkpoint as missing; every other
/// task fails.
pub async fn load(turn: &Turn<'_>, task: Task, is_first: bool) -> Result<Loaded, SyncError> {
    let read = turn.control().read_any::<Checkpoint>(CHECKPOINT);
    let (found, paused) = tokio::join!(read, paused(turn, is_first && task != Task::Reset));
    let found: Option<Saved<Result<Checkpoint, Unreadable>>> = found?;
    let Some(Saved { document, etag }) = found else { return lost(turn, None).await };
    match document {
        Ok(mut checkpoint) => {
            // As if this feed had been told to wait.
            checkpoint.not_before = checkpoint.not_before.max(paused);
            turn.lease().stay_above(checkpoint.epoch);
            if is_first {
                warn_of_age(&checkpoint, turn.lease().now());
            }
            if is_remembered(turn) {
                let (save, wrote_at) = (checkpoint.save, checkpoint.wrote_at);
                turn.store().saves().loaded(turn.key(), save, wrote_at, turn.lease().now());
            }
            let inspected = turn.mirror().inspect(Some(&checkpoint)).await?;
            let event = Event::Loaded(Box::new(checkpoint), Containers::from(&inspected));
            Ok(Loaded { event, etag: Some(etag), unfit: inspected.unfit })
        }
        Err(_) if task == Task::Reset => lost(turn, Some(etag)).await,
        Err(unreadable) => Err(SyncError::unreadable(turn.key(), unreadable)),
    }
}

/// Until when the service of the feed is to be left alone. Asked for once in a turn.
async fn paused(turn: &Turn<'_>, is_due: bool) -> Option<OffsetDateTime> {
    if !is_due {
        return None;
    }
    turn.mirror().heed_pause(turn.lease().now()).await
}

async fn lost(turn: &Turn<'_>, etag: Option<Etag>) -> Result<Loaded, SyncError> {
    let inspected = turn.mirror().inspect(None).await?;
    let containers = Containers::from(&inspected);
    let from_time = Numbers::from_time(turn.lease().now());
    if is_remembered(turn) {
        turn.store().saves().loaded(turn.key(), from_time.save, None, turn.lease().now());
    }
    let event = Event::Lost(turn.mirror().above(&containers, from_time).await?, containers);
    Ok(Loaded { event, etag, unfit: inspected.unfit })
}

/// Saves the checkpoint over the version that this turn read; none if another process has saved in between. If the
/// outcome of the save is unknown, the error ends the turn.
pub async fn save(
    turn: &Turn<'_>,
    next: Box<Checkpoint>,
    over: Option<&Etag>,
) -> Result<Option<Saved<Box<Checkpoint>>>, SyncError> {
    let deadline = turn.lease().guard().await?;
    match turn.control().write(CHECKPOINT, next, over, deadline).await {
        Ok(saved) => {
            turn.store().saves().saved(turn.key(), saved.document.save);
            Ok(Some(saved))
        }
        Err(StoreError::Overtaken) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether this process remembers its saves of the feed. Feeds below parents are too many for that.
fn is_remembered(turn: &Turn<'_>) -> bool {
    turn.mirror().feed().parent.is_none()
}

/// Warns before a token expires for lack of use, and if a feed makes no progress.
fn warn_of_age(checkpoint: &Checkpoint, now: OffsetDateTime) {
    if plan::is_old(checkpoint, now) {
        let age_hours = plan::age(checkpoint, now).whole_hours();
        tracing::error!(event = "token_old", resource = checkpoint.feed, ageHours = age_hours);
    }
    if let Some(ahead) = plan::is_ahead(checkpoint, now) {
        let hours = ahead.whole_hours();
        tracing::error!(event = "clock_ahead", resource = checkpoint.feed, hours);
    }
    if let Some(stuck) = plan::stuck(checkpoint, now) {
        let (feed, age_hours) = (&checkpoint.feed, plan::age(checkpoint, now).whole_hours());
        tracing::error!(event = "feed_stuck", resource = feed, reason = stuck.name(), ageHours = age_hours, error = %stuck);
    }
}
