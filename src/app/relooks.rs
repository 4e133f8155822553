//! Delays the second sync of a feed, which follows a requested sync that found no change.
//!
//! Graph's replicas lag: the replica that answers may not have the change that the notification reported. One second
//! sync per feed and process is enough, however many requests there were. Its delay starts with the last request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A second sync that is overdue by this much will not run: the invocation that waited for it has ended.
const STALE: Duration = Duration::from_secs(5);

/// The time of the second sync of each feed.
#[derive(Debug, Default)]
pub struct Relooks(Mutex<HashMap<String, Instant>>);

impl Relooks {
    /// Postpones the second sync to `now + wait`. Returns true if the caller has to run it, since no other caller waits
    /// for it.
    pub fn put_off(&self, feed: &str, wait: Duration, now: Instant) -> bool {
        let before =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(feed.to_owned(), now + wait);
        before.is_none_or(|before| before + STALE <= now)
    }

    /// The time until the second sync. None if the caller has to run it now: it is due, or it would be due after
    /// `give_up`.
    pub fn left(&self, feed: &str, now: Instant, give_up: Instant) -> Option<Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = all.get(feed).filter(|until| **until > now && **until <= give_up);
        let left = until.map(|until| *until - now);
        if left.is_none() {
            all.remove(feed);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_waits_for_all_requests_and_as_long_as_for_the_last() {
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
