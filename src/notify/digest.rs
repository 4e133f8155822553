//! What is said in the log about callers whom nobody knows: numbers, and at most one line a minute.
//!
//! Anybody may post to `notifications`. A line for each post would let a stranger fill the log's quota, and with it
//! blind the alerts. Pure: `now` is an argument.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time between two lines.
const APART: Duration = Duration::from_secs(60);

/// Numbers that add up until somebody says them.
#[derive(Debug, Default)]
pub struct Digest<T>(Mutex<Unsaid<T>>);

#[derive(Debug, Default)]
struct Unsaid<T> {
    said: Option<Instant>,
    numbers: T,
}

impl<T: Default + PartialEq + std::ops::AddAssign> Digest<T> {
    /// Adds to the numbers. They come back when it is time for a line: all that came since the last one.
    pub fn add(&self, some: T, now: Instant) -> Option<T> {
        let mut unsaid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unsaid.numbers += some;
        let is_due = unsaid.said.is_none_or(|said| now.saturating_duration_since(said) >= APART);
        if !is_due || unsaid.numbers == T::default() {
            return None;
        }
        unsaid.said = Some(now);
        Some(std::mem::take(&mut unsaid.numbers))
    }

    /// What is left to say, whenever the last line was; for somebody who does not come often.
    pub fn rest(&self) -> Option<T> {
        let mut unsaid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = std::mem::take(&mut unsaid.numbers);
        (rest != T::default()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_the_others_together() {
        let (digest, began) = (Digest::<u64>::default(), Instant::now());
        assert_eq!(digest.add(1, began), Some(1));
        for second in 1..60 {
            assert_eq!(digest.add(1, began + Duration::from_secs(second)), None);
        }
        assert_eq!(digest.add(1, began + APART), Some(60));
        assert_eq!(digest.rest(), None);
    }

    #[test]
    fn what_nobody_asked_for_in_time_is_left() {
        let (digest, now) = (Digest::<u64>::default(), Instant::now());
        assert_eq!((digest.add(0, now), digest.add(2, now), digest.add(3, now)), (None, Some(2), None));
        assert_eq!((digest.rest(), digest.rest()), (Some(3), None));
    }
}
