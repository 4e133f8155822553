//! How a feed is read from Graph. Pure.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

use serde::{Deserialize, Serialize};

/// How a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By delta queries (<https://learn.microsoft.com/graph/delta-query-overview>).
    Delta,
    /// By delta queries that report additions only, of objects that Graph does not show by their ids. An enumeration alone
    /// is not trusted, so nothing is ever swept.
    Additions,
    /// By delta queries of a range of time that moves on. The range is part of the token, so another range is another
    /// enumeration.
    Rolling(Rolling),
    /// As a whole each time: Graph has no delta query of it (rule 13).
    List,
    /// By time: objects are only added, or change for a while after they were added. Nothing is ever swept.
    Window(Reach),
}

/// How far back a feed is read that is read by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Objects of this last time are read again each time: some arrive late, or still change.
    pub overlap: Duration,
    /// How long Graph keeps the objects.
    pub retention: Duration,
    /// A request can name the end of a range. Else each range reaches up to now.
    pub bounded: bool,
}

/// The range of a feed whose range moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// How far it reaches back.
    pub back: Duration,
    /// How far it reaches ahead.
    pub ahead: Duration,
    /// By how much it may be behind, before another one takes its place.
    pub roll: Duration,
}

/// A range of time that is read, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The beginning.
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    /// The end.
    #[serde(with = "time::serde::rfc3339")]
    pub to: OffsetDateTime,
    /// It reaches as far as the clock did when it began.
    pub last: bool,
}

/// The longest range that is read at a time: page tokens live shortly, and a dead one costs its range.
const LONGEST: Duration = Duration::DAY;
/// The shortest range after cuts.
const SHORTEST: Duration = Duration::MINUTE;

impl Mode {
    /// The objects that a complete enumeration did not show are gone.
    pub fn sweeps(self) -> bool {
        !matches!(self, Self::Additions | Self::Window(_))
    }

    /// A round names what changed since the one before.
    pub fn is_delta(self) -> bool {
        matches!(self, Self::Delta | Self::Additions | Self::Rolling(_))
    }

    /// A read by id ends the doubt about an object: nothing is swept, and a feed that is read by time does not deliver an
    /// object again whose time has passed.
    pub fn is_final_by_id(self) -> bool {
        matches!(self, Self::Window(_))
    }
}

impl Rolling {
    /// The range of whole days (UTC) that an enumeration reads which begins now.
    pub fn range(self, now: OffsetDateTime) -> Window {
        let day = |at: OffsetDateTime| at.to_offset(UtcOffset::UTC).replace_time(Time::MIDNIGHT);
        Window { from: day(now - self.back), to: day(now + self.ahead) + Duration::DAY, last: true }
    }

    /// Whether a range is so far from the one of today that another one is due.
    pub fn is_over(self, range: Window, now: OffsetDateTime) -> bool {
        (self.range(now).from - range.from).abs() >= self.roll
    }
}

impl Window {
    /// The range that follows what was `read` until then.
    pub fn next(reach: Reach, read: Option<OffsetDateTime>, now: OffsetDateTime) -> Self {
        let oldest = now - reach.retention;
        let from = read.map_or(oldest, |read| read.min(now - reach.overlap).max(oldest));
        Self::between(from, if reach.bounded { LONGEST } else { now - from }, now)
    }

    /// The first half of this range, whose page token died before it was read.
    pub fn cut(self, reach: Reach, now: OffsetDateTime) -> Self {
        if !reach.bounded {
            return Self::between(self.from, now - self.from, now);
        }
        Self::between(self.from, Duration::max((self.to - self.from) / 2, SHORTEST), now)
    }

    fn between(from: OffsetDateTime, length: Duration, now: OffsetDateTime) -> Self {
        // Time goes on while the past is read: a rest of less than a minute is no range of its own.
        let last = from + length + SHORTEST >= now;
        Self { from, to: if last { now.max(from) } else { from + length }, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { overlap: Duration::hours(3), retention: Duration::days(30), bounded: true };

    fn at(hours: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(365) + Duration::hours(hours)
    }

    #[test]
    fn the_past_is_read_day_by_day_until_now() {
        let mut window = Window::next(REACH, None, at(0));
        let mut windows = 1;
        assert_eq!((window.from, window.to), (at(-720), at(-696)));
        while !window.last {
            let next = Window::next(REACH, Some(window.to), at(0));
            assert!(
                next.from <= window.to && next.to > window.to,
                "nothing is left out: {window:?} {next:?}"
            );
            (window, windows) = (next, windows + 1);
        }
        assert_eq!((window.to, windows), (at(0), 30));
    }

    #[test]
    fn a_range_that_moves_on_has_whole_days_and_is_over_after_a_week() {
        let span = Rolling { back: Duration::days(30), ahead: Duration::days(365), roll: Duration::days(7) };
        let range = span.range(at(13));
        assert_eq!((range.from, range.to), (at(-30 * 24), at(366 * 24)));
        assert!(!span.is_over(range, at(7 * 24 - 1)) && span.is_over(range, at(7 * 24)));
        assert!(span.is_over(span.range(at(24 * 1000)), at(0)), "a clock was ahead");
    }

    #[test]
    fn late_arrivals_are_read_again() {
        let window = Window::next(REACH, Some(at(0)), at(1));
        assert_eq!(window, Window { from: at(-2), to: at(1), last: true });
        let ahead = Window::next(REACH, Some(at(500)), at(1));
        assert_eq!(ahead.from, at(-2), "a clock that was ahead hides nothing");
    }

    #[test]
    fn a_range_whose_token_died_is_cut() {
        let window = Window::next(REACH, Some(at(-100)), at(0));
        let cut = window.cut(REACH, at(0));
        assert_eq!((cut.from, cut.to, cut.last), (at(-100), at(-88), false));
        let mut least = cut;
        (0..20).for_each(|_| least = least.cut(REACH, at(0)));
        assert_eq!(least.to - least.from, SHORTEST);
        let open = Reach { bounded: false, ..REACH };
        let whole = Window::next(open, None, at(0));
        assert_eq!(
            (whole, whole.cut(open, at(1)).to),
            (Window { from: at(-720), to: at(0), last: true }, at(1))
        );
    }
}
