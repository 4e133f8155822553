//! What to do about a failed try: a pure function of the failure, the number of the try and the time
//! that is left.
//!
//! Rules: <https://learn.microsoft.com/graph/throttling>. `Retry-After` comes in seconds, also with a
//! fraction, as an HTTP date, or not at all.

use std::time::{Duration, SystemTime};

/// Most tries of one request.
const TRIES: u32 = 8;
/// First wait where Graph names none; doubled with every try.
const FIRST: Duration = Duration::from_secs(1);
/// Longest such wait.
const LONGEST: Duration = Duration::from_secs(30);
/// Shorter waits are not worth a request: a throttled call counts too.
const SHORTEST: Duration = Duration::from_secs(1);
/// A bound on what Graph may ask for; later is for the next turn anyway.
const CAP: Duration = Duration::from_secs(86_400);

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Graph is busy: 429, or another status with a `Retry-After`, and what that said.
    Busy(Option<Duration>),
    /// Graph failed, with 503 or 504, and did not ask us to wait.
    Server(u16),
    /// No complete answer: refused, reset or cut.
    Connection,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this long.
    Again(Duration),
    /// Not within this turn; Graph should be left alone for this long.
    Throttled(Duration),
    /// Give up.
    GiveUp,
}

impl Decision {
    /// How long Graph is left alone.
    pub fn wait(self) -> Option<Duration> {
        match self {
            Self::Again(wait) | Self::Throttled(wait) => Some(wait),
            Self::GiveUp => None,
        }
    }
}

/// Decides about try number `tries` (the first is 1), with `left` time in this turn. `jitter` (0 to 1)
/// spreads the waits of many feeds.
pub fn decide(failure: Failure, tries: u32, left: Duration, jitter: f64) -> Decision {
    let backoff = LONGEST.min(FIRST * 2_u32.saturating_pow(tries.saturating_sub(1).min(16)));
    let backoff = backoff.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    let wait = match failure {
        Failure::Busy(Some(told)) => told.max(SHORTEST),
        Failure::Busy(None) => backoff.max(SHORTEST),
        Failure::Server(_) => backoff.max(SHORTEST),
        Failure::Connection => backoff,
    };
    match failure {
        _ if tries < TRIES && wait < left => Decision::Again(wait),
        Failure::Busy(_) => Decision::Throttled(wait),
        Failure::Server(_) | Failure::Connection => Decision::GiveUp,
    }
}

/// Why an answer with such a status is tried again, if it is.
pub fn failure(status: u16, told: Option<Duration>) -> Option<Failure> {
    match status {
        503 | 504 if told.is_none() => Some(Failure::Server(status)),
        429 | 503 | 504 => Some(Failure::Busy(told)),
        _ => None,
    }
}

/// Reads a `Retry-After` header; `None` when it is absent or unreadable. A date counts from the `date` of the same answer, if
/// that can be read, else from `now`: our clock may be wrong, and Graph's own two agree.
pub fn retry_after(header: Option<&str>, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = header?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(CAP.as_secs_f64())));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default().min(CAP))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let read = |text| retry_after(Some(text), None, now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("2.128"), Some(Duration::from_millis(2128)));
        assert_eq!(read("0"), Some(Duration::ZERO));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(retry_after(Some(&date), None, now), Some(Duration::from_secs(90)));
        let (answered, ours) = (httpdate::fmt_http_date(now), now - 24 * HOUR);
        assert_eq!(retry_after(Some(&date), Some(&answered), ours), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(Some(&date), Some("soon"), now), Some(Duration::from_secs(90)));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(90));
        assert_eq!(retry_after(Some(&past), None, now), Some(Duration::ZERO));
        for unreadable in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(read(unreadable), None, "{unreadable}");
        }
        assert_eq!(read("1e300"), Some(CAP));
        assert_eq!(retry_after(None, None, now), None);
    }

    #[test]
    fn what_graph_says_is_followed() {
        let told = Duration::from_millis(2128);
        assert_eq!(decide(Failure::Busy(Some(told)), 1, HOUR, 0.3), Decision::Again(told));
        assert_eq!(decide(Failure::Busy(Some(Duration::ZERO)), 1, HOUR, 0.3), Decision::Again(SHORTEST));
    }

    #[test]
    fn without_a_word_from_graph_waits_double_up_to_a_bound() {
        let wait = |tries| match decide(Failure::Busy(None), tries, HOUR, 1.0) {
            Decision::Again(wait) => wait.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!([wait(1), wait(2), wait(3), wait(6), wait(7)], [1, 2, 4, 30, 30]);
    }

    #[test]
    fn a_server_error_that_does_not_end_is_no_throttling() {
        let wait = Some(Duration::from_secs(9));
        assert_eq!(failure(504, None), Some(Failure::Server(504)));
        assert_eq!(failure(503, wait), Some(Failure::Busy(wait)));
        assert_eq!(failure(429, None), Some(Failure::Busy(None)));
        assert_eq!(failure(500, None), None);
        assert_eq!(decide(Failure::Server(504), 1, HOUR, 1.0), Decision::Again(FIRST));
        assert_eq!(decide(Failure::Server(504), 8, HOUR, 1.0), Decision::GiveUp);
    }

    #[test]
    fn a_wait_longer_than_the_turn_is_for_the_next_turn() {
        let told = Duration::from_secs(300);
        let left = Duration::from_secs(200);
        assert_eq!(decide(Failure::Busy(Some(told)), 1, left, 0.0), Decision::Throttled(told));
        assert_eq!(decide(Failure::Connection, 8, HOUR, 0.0), Decision::GiveUp);
        assert_eq!(decide(Failure::Connection, 1, Duration::ZERO, 0.0), Decision::GiveUp);
    }

    proptest::proptest! {
        /// Whatever happens, tries and waits are bounded, and no wait outlasts the turn.
        #[test]
        fn every_wait_fits_into_what_is_left(tries in 1_u32..100, told in proptest::option::of(0_u64..100_000), left in 0_u64..1000, jitter in 0.0..1.0) {
            let left = Duration::from_secs(left);
            for failure in [Failure::Busy(told.map(Duration::from_secs)), Failure::Connection] {
                if let Decision::Again(wait) = decide(failure, tries, left, jitter) {
                    proptest::prop_assert!(wait < left && tries < TRIES);
                }
            }
        }
    }
}
