//! The end of a lease on the wall clock and on the monotonic one, whichever comes first. Pure.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::protocol::Terms;

/// The end of the lease on both clocks, as of the last answered renewal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until {
    monotonic: Instant,
    wall: OffsetDateTime,
}

impl Until {
    /// What is written in `terms`, seen from one moment on both clocks.
    pub fn of(terms: &Terms, begun: Instant, now: OffsetDateTime) -> Self {
        let left = terms.left(now);
        Self { monotonic: begun + left, wall: now + left }
    }

    /// What is left of it at a moment; none when it is over.
    pub fn left(self, monotonic: Instant, wall: OffsetDateTime) -> Option<Duration> {
        let by_wall = Duration::try_from(self.wall - wall).ok()?;
        let by_monotonic = self.monotonic.checked_duration_since(monotonic)?;
        Some(by_wall.min(by_monotonic)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lease_ends_on_whichever_clock_is_ahead() {
        let (begun, now) = (Instant::now(), OffsetDateTime::now_utc());
        let until = Until { monotonic: begun + Duration::from_secs(15), wall: now + Duration::from_secs(15) };
        let second = Duration::from_secs(1);
        assert_eq!(until.left(begun + 5 * second, now + 5 * second), Some(10 * second));
        assert_eq!(until.left(begun + 5 * second, now + 14 * second), Some(second));
        assert_eq!(until.left(begun + 5 * second, now + 15 * second), None);
        assert_eq!(until.left(begun + 16 * second, now), None);
    }
}
