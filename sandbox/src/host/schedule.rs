//! Schedules of timers: NCRONTAB with six fields (seconds first) or five, or a time span.
//!
//! A timer of this stand-in fires when it is told to; when it would fire is for [`crate::live`]. As in NCrontab, a day has
//! to fit both its day of the month and its day of the week (<https://github.com/atifaziz/NCrontab/wiki/Crontab-Expression>).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use time::{OffsetDateTime, Time};

use super::time_span;

const MONTHS: &str = "jan feb mar apr may jun jul aug sep oct nov dec";
const DAYS: &str = "sun mon tue wed thu fri sat";
/// A schedule that fits no day of so many fits none: the 29th of February comes back sooner, also on a Monday.
const MOST_DAYS: usize = 366 * 41;

/// Name, least, most, and the names that may stand for numbers.
const FIELDS: [(&str, u32, u32, &str); 6] = [
    ("second", 0, 59, ""),
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day", 1, 31, ""),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
];

/// When a timer fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// At the moments whose second, minute, hour, day, month and day of the week are all among these, as bits.
    Fields([u64; 6]),
    /// So long after the time before; none for never.
    Every(Option<Duration>),
}

impl Schedule {
    /// Reads it, and refuses what the host would refuse at index time.
    pub(super) fn parse(schedule: &str) -> Result<Self> {
        let texts: Vec<&str> = schedule.split_whitespace().collect();
        if texts.len() == 1 {
            return time_span::parse(schedule).map(Self::Every);
        }
        ensure!(matches!(texts.len(), 5 | 6), "{schedule:?} is not a schedule: {} fields", texts.len());
        let mut fields = [1; 6];
        let left_out = 6 - texts.len();
        for (place, text) in (left_out..).zip(&texts) {
            let (name, least, most, names) = FIELDS[place];
            let part = |part| read_part(part, least, most, names);
            let read = text.split(',').try_fold(0, |all, one| Ok::<_, anyhow::Error>(all | part(one)?));
            fields[place] = read.with_context(|| format!("{schedule:?}: the {name} {text:?}"))?;
        }
        Ok(Self::Fields(fields))
    }

    /// The first moment after `now` at which it fires, if there is one.
    #[must_use]
    pub fn next(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let [seconds, minutes, hours, days, months, week] = match self {
            Self::Every(every) => return every.map(|every| now + every),
            Self::Fields(fields) => fields.map(|bits| move |number: u8| bits & (1 << number) != 0),
        };
        let first = now.replace_nanosecond(0).ok()? + Duration::from_secs(1);
        let times = |from: Time| {
            let hours = (0..24).filter(move |hour| hours(*hour) && *hour >= from.hour());
            let minutes =
                hours.flat_map(move |hour| (0..60).filter(move |m| minutes(*m)).map(move |m| (hour, m)));
            let times = minutes.filter(move |at| *at >= (from.hour(), from.minute())).flat_map(
                move |(hour, minute)| {
                    (0..60)
                        .filter(move |s| seconds(*s))
                        .filter_map(move |s| Time::from_hms(hour, minute, s).ok())
                },
            );
            times.into_iter().find(|time| *time >= from)
        };
        let mut date = first.date();
        for _ in 0..MOST_DAYS {
            let fits = days(date.day())
                && months(date.month().into())
                && week(date.weekday().number_days_from_sunday());
            let from = if date == first.date() { first.time() } else { Time::MIDNIGHT };
            if let Some(time) = fits.then(|| times(from)).flatten() {
                return Some(now.replace_date(date).replace_time(time));
            }
            date = date.next_day()?;
        }
        None
    }
}

/// `*`, `5`, `1-5`, `MON-FRI`, each perhaps with `/step`; the numbers, as bits. A number with a step goes on to the most.
fn read_part(part: &str, least: u32, most: u32, names: &str) -> Result<u64> {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let every: u32 = step.unwrap_or("1").parse()?;
    ensure!(every > 0, "a step of 0");
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (least, most),
        Some((from, to)) => (number(from, least, names)?, number(to, least, names)?),
        None => {
            let from = number(range, least, names)?;
            (from, if step.is_some() { most } else { from })
        }
    };
    ensure!(least <= from && from <= to && to <= most, "not between {least} and {most}");
    Ok((from..=to).step_by(every as usize).fold(0, |bits, number| bits | 1 << number))
}

fn number(text: &str, least: u32, names: &str) -> Result<u32> {
    let position = names.split(' ').position(|name| !name.is_empty() && text.eq_ignore_ascii_case(name));
    match position.and_then(|position| u32::try_from(position).ok()) {
        Some(position) => Ok(least + position),
        None => text.parse().with_context(|| format!("{text:?} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_next_moment_is_found() {
        let now = datetime!(2026-11-26 10:04:59.5 UTC);
        for (schedule, next) in [
            ("0 */5 * * * *", datetime!(2026-11-26 10:05:00 UTC)),
            ("23 */5 * * * *", datetime!(2026-11-26 10:05:23 UTC)),
            ("59 4 10 * * *", datetime!(2026-11-27 10:04:59 UTC)),
            ("0 7/15 * * * *", datetime!(2026-11-26 10:07:00 UTC)),
            ("*/5 * * * *", datetime!(2026-11-26 10:05:00 UTC)),
            ("0 0 9 * * MON-FRI", datetime!(2026-11-27 09:00:00 UTC)),
            ("0 0 9 * * sat,sun", datetime!(2026-11-28 09:00:00 UTC)),
            ("0 0 0 1 jan *", datetime!(2027-01-01 00:00:00 UTC)),
            ("0 0 0 29 2 1", datetime!(2044-02-29 00:00:00 UTC)),
            ("00:00:30", datetime!(2026-11-26 10:05:29.5 UTC)),
        ] {
            assert_eq!(Schedule::parse(schedule).unwrap().next(now), Some(next), "{schedule}");
        }
        assert_eq!(Schedule::parse("0 0 0 31 2 *").unwrap().next(now), None);
        assert_eq!(Schedule::parse("-1").unwrap().next(now), None);
    }

    #[test]
    fn schedules_are_accepted() {
        for schedule in [
            "0 */5 * * * *",
            "37 2-59/5 * * * *",
            "*/5 * * * *",
            "0 0 9 * * MON-FRI",
            "0 0 0 1 jan *",
            "00:05:00",
        ] {
            Schedule::parse(schedule).unwrap_or_else(|error| panic!("{error:#}"));
        }
    }

    #[test]
    fn a_schedule_with_a_mistake_is_refused() {
        for schedule in [
            "",
            "often",
            "* * * *",
            "60 * * * * *",
            "0 */0 * * * *",
            "0 0 0 0 * *",
            "0 5-2 * * * *",
            "0 0 0 * * MON-",
        ] {
            assert!(Schedule::parse(schedule).is_err(), "{schedule}");
        }
    }
}
