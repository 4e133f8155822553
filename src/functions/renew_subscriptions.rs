//! `renew_subscriptions`: a timer; looks after the subscriptions to Graph's change notifications.

use super::answer::{Answer, Failure};
use super::envelope::{self, Timer};
use super::work::WorkItem;
use crate::app::{App, AppError, Feed, Renewal};
use crate::subscriptions::FEED;

/// The binding's name in `function.json`.
const BINDING: &str = "timer";

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    envelope::read::<Timer>(body, BINDING).map_err(Failure::bad)?;
    look(app, false).await
}

/// The part of this work that goes on where one look ended.
const MORE: &str = "more";

/// What a work item asks for: that of a subscription below a parent, the rest of a look, or all of it, urgently.
pub async fn look_at(app: &App, part: Option<&str>) -> Result<Answer, Failure> {
    match part {
        None => look(app, true).await,
        Some(MORE) => look(app, false).await,
        Some(key) => match app.keep_subscription(&Feed::named(key)).await {
            // The host delivers the message again: nobody else knows of it.
            Ok(kept) if kept.busy => Err(Failure::refused(kept)),
            kept => answer(kept),
        },
    }
}

/// One look after the subscriptions.
pub async fn look(app: &App, urgent: bool) -> Result<Answer, Failure> {
    answer(app.keep_subscriptions(urgent).await)
}

/// Graph sent no notification of what happened before a new one was there: its feed is looked at once more.
fn answer(kept: Result<Renewal, AppError>) -> Result<Answer, Failure> {
    let kept = kept.map_err(Failure::refused)?;
    let created = kept.created.iter().map(|key| WorkItem::of(&Feed::named(key)));
    let more = kept.more.then(|| WorkItem::of_part(FEED, MORE));
    Ok(Answer::done(kept.to_string(), created.chain(more).collect()))
}
