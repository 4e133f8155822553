//! The current time, derived from the time stamp of a Cosmos write.

use std::time::Duration;

use time::OffsetDateTime;

/// The current time lies between these two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The current time is not earlier than this.
    pub earliest: OffsetDateTime,
    /// The current time is not later than this.
    pub latest: OffsetDateTime,
}

/// A write that took longer than this says too little about the clock of a machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Returns the machine's `own` time if it agrees with a write that was just answered, that took `took`, and that has
/// the time stamp `written` (`_ts`, in whole seconds). Otherwise returns the span that follows from the write alone. A
/// process may have been frozen for hours during the write: then a clock that is an hour off agrees with it too.
pub fn borne_out(own: OffsetDateTime, written: i64, took: Duration) -> Span {
    const SECOND: Duration = Duration::from_secs(1);
    let earliest = OffsetDateTime::from_unix_timestamp(written).unwrap_or(own);
    let latest = earliest + SECOND + took;
    match took <= LONGEST && (earliest..=latest).contains(&own) {
        true => Span { earliest: own, latest: own },
        false => Span { earliest, latest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_right_is_believed_to_the_millisecond() {
        let took = Duration::from_millis(30);
        for millis in [0, 7, 999, 1029] {
            let own = at(100) + Duration::from_millis(millis);
            assert_eq!(borne_out(own, 100, took), Span { earliest: own, latest: own });
        }
    }

    #[test]
    fn one_that_is_off_is_not_believed() {
        let (day, took) = (86_400, Duration::from_millis(30));
        let known = Span { earliest: at(100), latest: at(101) + took };
        assert_eq!(borne_out(at(100 + day), 100, took), known);
        assert_eq!(borne_out(at(100 - day), 100, took), known);
    }

    #[test]
    fn a_write_of_hours_bears_no_clock_out() {
        let (hours, own) = (Duration::from_secs(3 * 3600), at(100 + 3600));
        assert_eq!(borne_out(own, 100, hours), Span { earliest: at(100), latest: at(101) + hours });
        assert_eq!(borne_out(at(130), 100, LONGEST), Span { earliest: at(130), latest: at(130) });
    }

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }
}
