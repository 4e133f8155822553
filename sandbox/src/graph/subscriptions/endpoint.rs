//! The state of an endpoint, as Graph keeps it: Graph delays notifications to a slow endpoint, and drops those to a
//! very slow one.
//!
//! Source: <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notification-endpoint-states>.
//! Each endpoint is judged by itself there; here there is one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back it is looked.
const WINDOW: Duration = Duration::from_secs(600);
/// Fewer answers say nothing.
const LEAST: usize = 10;

/// How long answers may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To the first try of a delivery; a later answer is slow.
    pub first: Duration,
    /// To a further try; an answer that takes longer is none.
    pub further: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { first: Duration::from_secs(3), further: Duration::from_secs(10) }
    }
}

/// The state of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointState {
    /// It is notified at once.
    #[default]
    Well,
    /// More than a tenth of its answers were slow: it is notified later.
    Slow,
    /// More than 15 % of its answers were missing: almost all notifications are dropped for good.
    Drop,
}

/// Its answers.
#[derive(Default)]
pub(in super::super) struct Endpoint {
    pub(in super::super) limits: Limits,
    answers: VecDeque<(Instant, Duration)>,
}

impl Endpoint {
    pub(super) fn answered(&mut self, now: Instant, took: Duration) {
        self.answers.push_back((now, took));
        while self.answers.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.answers.pop_front();
        }
    }

    pub(super) fn state(&self) -> EndpointState {
        let share = |limit| {
            let over = self.answers.iter().filter(|(_, took)| *took >= limit).count();
            over as f64 / self.answers.len() as f64
        };
        match self.answers.len() {
            ..LEAST => EndpointState::Well,
            _ if share(self.limits.further) > 0.15 => EndpointState::Drop,
            _ if share(self.limits.first) > 0.1 => EndpointState::Slow,
            _ => EndpointState::Well,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: &[(usize, u64)]) -> EndpointState {
        let mut endpoint = Endpoint::default();
        for (count, seconds) in answers {
            (0..*count).for_each(|_| endpoint.answered(Instant::now(), Duration::from_secs(*seconds)));
        }
        endpoint.state()
    }

    #[test]
    fn an_endpoint_is_slow_or_dropped_by_the_share_of_its_late_answers() {
        assert_eq!(after(&[(9, 30)]), EndpointState::Well, "too few to say");
        assert_eq!(after(&[(90, 0), (10, 4)]), EndpointState::Well);
        assert_eq!(after(&[(89, 0), (11, 4)]), EndpointState::Slow);
        assert_eq!(after(&[(85, 0), (15, 11)]), EndpointState::Slow);
        assert_eq!(after(&[(84, 0), (16, 11)]), EndpointState::Drop);
    }

    #[test]
    fn answers_of_more_than_ten_minutes_ago_do_not_count() {
        let (mut endpoint, now) = (Endpoint::default(), Instant::now());
        (0..20).for_each(|_| endpoint.answered(now, Duration::from_secs(11)));
        assert_eq!(endpoint.state(), EndpointState::Drop);
        endpoint.answered(now + WINDOW + Duration::from_secs(1), Duration::ZERO);
        assert_eq!(endpoint.state(), EndpointState::Well);
    }
}
