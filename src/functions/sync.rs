//! `sync_<resource>`: a timer; one bounded turn of that resource, inline.

use time::OffsetDateTime;

use super::answer::{Answer, Failure};
use super::envelope::{self, Timer};
use super::work::WorkItem;
use crate::app::{App, AppError, Feed};
use crate::report::Outcome;

/// The binding's name in `function.json`.
const BINDING: &str = "timer";

/// Runs one invocation.
pub async fn run(app: &App, resource: &str, body: &[u8]) -> Result<Answer, Failure> {
    let invocation = envelope::read::<Timer>(body, BINDING).map_err(Failure::bad)?;
    tracing::info!(
        event = "timer",
        resource,
        pastDue = invocation.trigger.is_past_due,
        retry = invocation.attempt()
    );
    answer(Box::pin(app.sync(&Feed::of(resource))).await)
}

/// What became of a turn of a feed is the answer, and a continuation a work item.
pub fn answer(turn: Result<Outcome, AppError>) -> Result<Answer, Failure> {
    match turn {
        Ok(outcome) => {
            log(&outcome);
            Ok(Answer::done(outcome.to_string(), continuation(&outcome)))
        }
        Err(error @ (AppError::UnknownResource { .. } | AppError::NoParent { .. })) => {
            Err(Failure::bad(error))
        }
        Err(error) => Err(Failure::refused(error)),
    }
}

/// Alerts and charts ask for this line by the names of its fields (`infra/app/queries`).
pub fn log(turn: &Outcome) {
    let counts = turn.counts;
    let lag = turn.as_of.map(|then| (OffsetDateTime::now_utc() - then).whole_seconds().max(0));
    tracing::info!(
        event = "turn",
        resource = turn.feed().key(),
        outcome = turn.ending.name(),
        upserted = counts.upserted,
        removed = counts.removed,
        unchanged = counts.unchanged,
        setAside = counts.set_aside,
        links = counts.links,
        pages = counts.pages,
        requestCharge = turn.request_charge,
        seconds = turn.seconds,
        lagSeconds = lag
    );
}

/// The feeds below parents that are due, and the feed itself if it goes on.
pub(super) fn continuation(outcome: &Outcome) -> Vec<WorkItem> {
    let own = outcome.goes_on().then(|| outcome.feed());
    outcome.due.iter().chain(own.as_ref()).map(WorkItem::of).collect()
}
