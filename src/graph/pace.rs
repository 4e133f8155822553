//! How soon a request of one service may go out; pure.
//!
//! Graph throttles by service (identity, Outlook, SharePoint …), and a throttled request counts too. So a `Retry-After`
//! pauses all requests of its service. Before that, Graph says how much of a limit is used, from 0.8 on; requests then
//! keep a distance that grows tenfold for each 0.2. Requests for which a person waits keep none.
//!
//! Limits and headers: <https://learn.microsoft.com/graph/throttling>.

use std::time::{Duration, Instant};

/// From this share of a limit on, requests keep a distance.
const NEAR: f64 = 0.8;
/// The distance at that share.
const FIRST: Duration = Duration::from_millis(100);
/// The longest distance.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest wait for a turn in the row of requests that keep their distance.
const LONGEST_ROW: Duration = Duration::from_secs(30);
/// For so long, what Graph says of a limit is true. Its limits are counted in windows of 10 s to 5 minutes.
const FORGET: Duration = Duration::from_secs(60);
/// The longest pause; whoever asks then is told again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How urgent requests are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Priority {
    /// Nobody waits: timers and the queue. Graph throttles them first.
    Low,
    /// A command that goes on for long.
    #[default]
    Normal,
    /// A person waits for single objects, or for a refresh.
    High,
}

impl Priority {
    /// The value of `x-ms-throttle-priority`; none where that is Graph's default.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Low => Some("low"),
            Self::Normal => None,
            Self::High => Some("high"),
        }
    }
}

/// What is known of the limits of one service.
#[derive(Debug, Default)]
pub struct Pace {
    paused_until: Option<Instant>,
    /// Until when Graph told this process to wait, as far as others do not know of it.
    untold: Option<Instant>,
    used: Option<(Instant, f64)>,
    last: Option<Instant>,
}

impl Pace {
    /// Graph wants to be left alone for this long.
    pub fn pause(&mut self, now: Instant, wait: Duration) {
        self.pause_as_others(now, wait);
        self.untold = self.untold.max(Some(now + wait.min(LONGEST_PAUSE)));
    }

    /// Another process was told so.
    pub fn pause_as_others(&mut self, now: Instant, wait: Duration) {
        self.paused_until = self.paused_until.max(Some(now + wait.min(LONGEST_PAUSE)));
    }

    /// What is left of the pause.
    pub fn paused(&self, now: Instant) -> Option<Duration> {
        left(self.paused_until, now)
    }

    /// What is left of the pause, as far as others do not know of it yet. It is told once.
    pub fn take_untold(&mut self, now: Instant) -> Option<Duration> {
        left(self.untold.take(), now)
    }

    /// How much of a limit is used, as an answer says; none where it is far. True if this begins a distance.
    pub fn hear(&mut self, now: Instant, used: Option<f64>) -> bool {
        let before = self.spacing(now);
        self.used = used.filter(|used| *used >= NEAR).map(|used| (now, used));
        before.is_zero() && !self.spacing(now).is_zero()
    }

    /// Takes the next place in the row: how long the request has to wait for it.
    pub fn place(&mut self, now: Instant, priority: Priority) -> Duration {
        let spacing = match priority {
            Priority::High => Duration::ZERO,
            Priority::Low | Priority::Normal => self.spacing(now),
        };
        let place = match (self.last, spacing.is_zero()) {
            (Some(last), false) => now.max(last + spacing).min(now + LONGEST_ROW),
            _ => now,
        };
        self.last = self.last.max(Some(place));
        place.duration_since(now)
    }

    fn spacing(&self, now: Instant) -> Duration {
        match self.used {
            Some((at, used)) if now.saturating_duration_since(at) < FORGET => spacing(used),
            _ => Duration::ZERO,
        }
    }
}

fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
}

/// The distance between two requests when so much of a limit is used.
fn spacing(used: f64) -> Duration {
    // Neither false nor absurd numbers may stop the feed.
    let used = if used.is_finite() { used.min(2.0) } else { 0.0 };
    if used < NEAR {
        return Duration::ZERO;
    }
    FIRST.mul_f64(10_f64.powf((used - NEAR) / 0.2)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_distance_grows_with_what_is_used_and_has_a_bound() {
        let millis = |used| spacing(used).as_millis();
        assert_eq!([millis(0.0), millis(0.79), millis(f64::NAN), millis(-3.0)], [0; 4]);
        assert_eq!(millis(0.8), 100);
        assert_eq!([millis(0.9), millis(1.0)], [316, 1000]);
        assert_eq!([millis(1.2), millis(1.8), millis(1e300)], [10_000; 3]);
    }

    #[test]
    fn requests_keep_their_distance_in_a_row_and_a_person_keeps_none() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.place(now, Priority::Low), Duration::ZERO);
        assert!(pace.hear(now, Some(1.0)), "it begins here");
        assert!(!pace.hear(now, Some(1.0)), "and goes on");
        assert_eq!(pace.place(now, Priority::Low), SECOND);
        assert_eq!(pace.place(now, Priority::Normal), 2 * SECOND);
        assert_eq!(pace.place(now, Priority::High), Duration::ZERO);
        assert_eq!(pace.place(now, Priority::Low), 3 * SECOND);
        let far = (0..200).map(|_| pace.place(now, Priority::Low)).max().unwrap();
        assert_eq!(far, LONGEST_ROW);
        assert_eq!(pace.place(now + 2 * FORGET, Priority::Low), Duration::ZERO, "an old word counts no more");
        pace.hear(now, Some(1.0));
        pace.hear(now, None);
        assert_eq!(pace.place(now + FORGET, Priority::Low), Duration::ZERO, "the limit is far again");
    }

    #[test]
    fn the_longest_pause_counts_and_others_are_told_once() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert_eq!((pace.paused(now), pace.take_untold(now)), (None, None));
        pace.pause(now, 90 * SECOND);
        pace.pause(now, 10 * SECOND);
        assert_eq!(pace.paused(now + 30 * SECOND), Some(60 * SECOND));
        assert_eq!(pace.take_untold(now + 30 * SECOND), Some(60 * SECOND));
        assert_eq!(pace.take_untold(now + 30 * SECOND), None);
        assert_eq!(pace.paused(now + 90 * SECOND), None);
        pace.pause_as_others(now, 100_000 * SECOND);
        assert_eq!(pace.paused(now), Some(LONGEST_PAUSE));
        assert_eq!(pace.take_untold(now), None, "others know it already");
    }
}
