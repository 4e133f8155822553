//! After somebody rang: a sync, and a second one where the first found nothing.
//!
//! Graph's replicas lag: the one that is asked may not have heard of what the notification told. One second look
//! per feed and process is enough, however many rang: it comes so long after the last of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{App, AppError};
use crate::mirror::{Ending, Outcome};

/// Whoever should have looked so long ago has ended without it.
const STALE: Duration = Duration::from_secs(5);

/// When each feed is to be looked at again.
#[derive(Debug, Default)]
pub struct Relooks(Mutex<HashMap<&'static str, Instant>>);

impl Relooks {
    /// Puts the second look off by `wait`; whether the caller is to take it, since nobody else waits for it.
    fn put_off(&self, feed: &'static str, wait: Duration, now: Instant) -> bool {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(feed, now + wait);
        before.is_none_or(|before| before + STALE <= now)
    }

    /// How long the second look has still to wait; none when it is due, or would not be before `give_up`: then it
    /// is the caller's to take now.
    fn left(&self, feed: &'static str, now: Instant, give_up: Instant) -> Option<Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = all.get(feed).filter(|until| **until > now && **until <= give_up);
        let left = until.map(|until| *until - now);
        if left.is_none() {
            all.remove(feed);
        }
        left
    }
}

impl App {
    /// Brings the copy of a feed up to date because somebody rang, or because an earlier turn left something.
    ///
    /// # Errors
    /// As [`App::sync`].
    pub async fn answer_door(&self, feed: &str) -> Result<Outcome, AppError> {
        let (row, give_up) = (self.row(feed)?, Instant::now() + self.budget);
        let outcome = self.sync_within(row, self.budget).await?;
        let found_nothing = outcome.ending == Ending::Complete && outcome.counts.is_nothing();
        let (feed, now) = (row.resource, Instant::now());
        let is_worth_it = self.is_notified() && found_nothing && now + self.relook < give_up;
        if !is_worth_it || !self.relooks.put_off(feed, self.relook, now) {
            return Ok(outcome);
        }
        while let Some(left) = self.relooks.left(feed, Instant::now(), give_up) {
            tokio::time::sleep(left).await;
        }
        self.sync_within(row, give_up.saturating_duration_since(Instant::now())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_waits_for_all_who_rang_and_as_long_as_for_the_last() {
        let (relooks, now) = (Relooks::default(), Instant::now());
        let second = Duration::from_secs(1);
        let give_up = now + 200 * second;
        let left = |seconds: u32| relooks.left("users", now + seconds * second, give_up);
        assert!(relooks.put_off("users", 30 * second, now));
        assert!(!relooks.put_off("users", 30 * second, now + 10 * second), "somebody waits already");
        assert!(relooks.put_off("groups", 30 * second, now));
        assert_eq!(left(30), Some(10 * second));
        assert_eq!(left(40), None);
        assert!(relooks.put_off("users", 30 * second, now + 60 * second), "nobody waits any more");
        assert!(relooks.put_off("users", 30 * second, now + 95 * second), "whoever waited never came");
        assert_eq!(
            relooks.left("users", now + 96 * second, now + 120 * second),
            None,
            "there is no time for it"
        );
    }
}
