//! How often the timer comes that looks after subscriptions, as its schedule says; pure.
//!
//! NCRONTAB: <https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions>. Leaves out
//! on purpose: names of days and months, and which days those are; a schedule that does not come every day counts as one
//! that comes once a month.

use std::collections::BTreeSet;

use time::Duration;

/// The period where no schedule is known: that of the function as it is shipped.
pub const PERIOD: Duration = Duration::minutes(15);
/// A period that no life of a subscription outlasts.
const MONTH: Duration = Duration::days(31);

/// The longest time between two ticks of a schedule; none when it is not understood.
pub fn period(schedule: &str) -> Option<Duration> {
    if schedule.contains(':') {
        return interval(schedule);
    }
    let mut fields: Vec<_> = schedule.split_whitespace().collect();
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    let [second, minute, hour, days @ ..] = &fields[..] else { return None };
    if days.len() != 3 {
        return None;
    }
    if days.iter().any(|field| *field != "*") {
        return Some(MONTH);
    }
    let (seconds, minutes, hours) = (values(second, 60)?, values(minute, 60)?, values(hour, 24)?);
    let ticks = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute));
    let ticks: Vec<_> =
        ticks.flat_map(|minute| seconds.iter().map(move |second| minute * 60 + second)).collect();
    let (first, last) = (ticks.first()?, ticks.last()?);
    let over_night = first + 86_400 - last;
    let longest = ticks.windows(2).map(|two| two[1] - two[0]).chain([over_night]).max()?;
    Some(Duration::seconds(longest.into()))
}

/// `hh:mm:ss`.
fn interval(text: &str) -> Option<Duration> {
    let parts: Option<Vec<i64>> = text.split(':').map(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds] = parts?[..] else { return None };
    Some(Duration::hours(hours) + Duration::minutes(minutes) + Duration::seconds(seconds))
}

/// The values below `end` that a field names.
fn values(field: &str, end: u32) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, end - 1),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            // With a step, one value is where it begins.
            None => {
                let from = range.parse().ok()?;
                (from, if step.is_some() { end - 1 } else { from })
            }
        };
        all.extend((from..=to).step_by(step.unwrap_or(1)).filter(|value| *value < end));
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_says_how_long_it_is_until_the_next_tick() {
        for (schedule, minutes) in [
            ("0 7/15 * * * *", 15),
            ("0 */5 * * * *", 5),
            ("*/5 * * * *", 5),
            ("0 0 * * * *", 60),
            ("0 10,30 * * * *", 40),
            ("0 0 8-18 * * *", 14 * 60),
            ("0 0 3 * * *", 24 * 60),
            ("0 0 3 * * 1-5", 31 * 24 * 60),
            ("01:30:00", 90),
        ] {
            assert_eq!(period(schedule), Some(Duration::minutes(minutes)), "{schedule}");
        }
        assert_eq!(period("*/20 * * * * *"), Some(Duration::seconds(20)));
        for odd in ["", "%SCHEDULE%", "0 0 *", "0 0 25 * * *", "0 */0 * * * *", "1:x:0"] {
            assert_eq!(period(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_function_is_shipped_with_the_period_that_is_assumed() {
        let function = include_str!("../../functions/renew_subscriptions/function.json");
        let function: serde_json::Value = serde_json::from_str(function).unwrap();
        assert_eq!(period(function["bindings"][0]["schedule"].as_str().unwrap()), Some(PERIOD));
    }
}
