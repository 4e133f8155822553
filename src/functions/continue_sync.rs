//! `continue_sync`: a work item from the queue; one bounded turn of the feed that it names.

use super::answer::{Answer, Failure};
use super::envelope::{self, QueueItem};
use super::sync::turn;
use super::work::WorkItem;
use crate::app::App;

/// The binding's name in `function.json`.
const BINDING: &str = "item";

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let invocation = envelope::read::<QueueItem>(body, BINDING).map_err(Failure::bad)?;
    let item: WorkItem = serde_json::from_str(&invocation.trigger.text)
        .map_err(|error| Failure::bad(format!("the queue message is no work item: {error}")))?;
    tracing::info!(event = "work_item", feed = item.feed, deliveries = invocation.trigger.dequeue_count);
    turn(app, &item.feed).await
}
