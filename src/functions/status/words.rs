//! Times, durations and numbers as people read them. Pure.

use std::time::Duration;

use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const DAY_AND_TIME: &[BorrowedFormatItem] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const TIME: &[BorrowedFormatItem] = format_description!("[hour]:[minute]");

/// A moment, in UTC, to the second.
pub fn moment(at: OffsetDateTime) -> Markup {
    let exact = at.truncate_to_second().format(&Rfc3339).unwrap_or_default();
    html! { time datetime=(exact) { (at.format(DAY_AND_TIME).unwrap_or_default()) } }
}

/// The time of the day, in UTC, to the minute.
pub fn clock(at: OffsetDateTime) -> String {
    at.format(TIME).unwrap_or_default()
}

/// How long ago, or in how long.
pub fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (now - at).whole_seconds();
    let far = duration(Duration::from_secs(seconds.unsigned_abs()));
    match seconds {
        0 => "just now".into(),
        1.. => format!("{far} ago"),
        _ => format!("in {far}"),
    }
}

/// A duration in its one or two largest units.
pub fn duration(long: Duration) -> String {
    let seconds = long.as_secs();
    let two = |large: u64, unit: &str, small: u64, other: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {other}"),
    };
    match seconds {
        0 if long.is_zero() => "0 s".into(),
        0 => format!("{} ms", long.as_millis().max(1)),
        1..10 => format!("{} s", number((long.as_secs_f64() * 10.0).round() / 10.0)),
        10..120 => format!("{seconds} s"),
        120..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A whole number, with its thousands set apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut set = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            set.push(',');
        }
        set.push(digit);
    }
    set
}

/// So many of something, which is named as one of it.
pub fn some(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number with at most one decimal, and none from a hundred on.
pub fn number(value: f64) -> String {
    let tenths = (value.max(0.0) * 10.0).round() as u64;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => count(whole),
        (100.., _) => count(value.round() as u64),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_their_one_or_two_largest_units() {
        let cases = [
            (0.0, "0 s"),
            (0.0123, "12 ms"),
            (1.2345, "1.2 s"),
            (9.99, "10 s"),
            (75.4, "75 s"),
            (300.0, "5 min"),
            (3_600.0, "1 h"),
            (3_725.0, "1 h 2 min"),
            (86_400.0, "1 d"),
            (270_000.0, "3 d 3 h"),
        ];
        for (seconds, said) in cases {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), said);
        }
    }

    #[test]
    fn moments_are_told_both_ways() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let hour = time::Duration::HOUR;
        assert_eq!(relative(now, now), "just now");
        assert_eq!(
            (relative(now - hour, now), relative(now + hour, now)),
            ("1 h ago".into(), "in 1 h".into())
        );
        assert_eq!(clock(now), "08:00");
        assert_eq!(
            moment(now).into_string(),
            r#"<time datetime="2027-01-15T08:00:00Z">2027-01-15 08:00:00</time>"#
        );
    }

    #[test]
    fn numbers_are_set_apart_and_rounded() {
        let cases = [0, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(cases, ["0", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!([0, 1, 2].map(|number| some(number, "page")), ["0 pages", "1 page", "2 pages"]);
        let cases = [0.0, 0.04, 23.299_999_999_999_997, 99.96, 123.4, 1_234.5].map(number);
        assert_eq!(cases, ["0", "0", "23.3", "100", "123", "1,235"]);
    }
}
