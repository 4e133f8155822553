//! `renew_subscriptions`: a timer; looks after the subscriptions to Graph's change notifications.

use super::answer::{Answer, Failure};
use super::envelope::{self, Timer};
use super::work::WorkItem;
use crate::app::App;

/// The binding's name in `function.json`.
const BINDING: &str = "timer";

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    envelope::read::<Timer>(body, BINDING).map_err(Failure::bad)?;
    look(app, false).await
}

/// One look after the subscriptions. Whatever happened before a new one was there rang at no door: its feed is
/// looked at once more.
pub async fn look(app: &App, urgent: bool) -> Result<Answer, Failure> {
    match app.keep_subscriptions(urgent).await {
        Ok(kept) => {
            let work = kept.created.iter().map(|feed| WorkItem::new(feed)).collect();
            Ok(Answer::done(kept.to_string(), work))
        }
        Err(error) => Err(Failure::refused(error)),
    }
}
