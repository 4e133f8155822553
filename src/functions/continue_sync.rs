//! `continue_sync`: a work item from the queue; one bounded turn of the feed that it names, or a look after the
//! subscriptions. `continue_requested` does the same for what somebody asked for: its queue of its own lets that pass the
//! feeds which a timer has queued.

use super::answer::{Answer, Failure};
use super::envelope::{self, QueueItem};
use super::renew_subscriptions;
use super::sync::answer;
use super::work::WorkItem;

use crate::app::App;
use crate::json::shown_name;
use crate::subscriptions::FEED;

/// The binding's name in `function.json`.
pub(super) const BINDING: &str = "item";

/// Reads the objects of a work item, or puts the feeds that they are about on the queue.
async fn objects(app: &App, item: &WorkItem) -> Result<Answer, Failure> {
    match Box::pin(app.rerun(&item.feed(), &item.ids, false)).await {
        Ok(outcome) if !outcome.due.is_empty() => {
            let work: Vec<_> = outcome.due.iter().map(|feed| WorkItem::of(feed).only(&item.ids)).collect();
            Ok(Answer::done(format!("{}: {} feeds are due", item.feed, work.len()), work))
        }
        looked => answer(looked),
    }
}

/// Runs one invocation. `requested`: somebody asked for it.
pub async fn run(app: &App, requested: bool, body: &[u8]) -> Result<Answer, Failure> {
    let invocation = envelope::read::<QueueItem>(body, BINDING).map_err(Failure::bad)?;
    let item: WorkItem = serde_json::from_str(&invocation.trigger.text).map_err(|_| {
        Failure::bad("the queue message is no work item; one reads {\"feed\":\"<resource>\"}")
    })?;
    let resource = shown_name(&item.feed);
    tracing::info!(event = "work_item", resource, deliveries = invocation.trigger.dequeue_count);
    match item.feed.as_str() {
        FEED => renew_subscriptions::look_at(app, item.parent.as_deref()).await,
        _ if !item.ids.is_empty() => objects(app, &item).await,
        _ => answer(Box::pin(app.rerun(&item.feed(), &[], requested)).await),
    }
}
