//! What counts as a schedule: NCRONTAB with six fields (seconds first) or five, or a time span.
//!
//! Only looked at, never followed: a timer of this stand-in fires when it is told to.

use anyhow::{Context, Result, ensure};

use super::time_span;

const MONTHS: &str = "jan feb mar apr may jun jul aug sep oct nov dec";
const DAYS: &str = "sun mon tue wed thu fri sat";

/// Name, least, most, and the names that may stand for numbers.
const FIELDS: [(&str, u32, u32, &str); 6] = [
    ("second", 0, 59, ""),
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day", 1, 31, ""),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
];

/// Refuses what the host would refuse at index time.
pub(super) fn check(schedule: &str) -> Result<()> {
    let texts: Vec<&str> = schedule.split_whitespace().collect();
    if texts.len() == 1 {
        return time_span::parse(schedule).map(drop);
    }
    ensure!(matches!(texts.len(), 5 | 6), "{schedule:?} is not a schedule: {} fields", texts.len());
    for (text, (name, least, most, names)) in texts.iter().zip(&FIELDS[6 - texts.len()..]) {
        for part in text.split(',') {
            check_part(part, *least, *most, names)
                .with_context(|| format!("{schedule:?}: the {name} {text:?}"))?;
        }
    }
    Ok(())
}

/// `*`, `5`, `1-5`, `MON-FRI`, each perhaps with `/step`.
fn check_part(part: &str, least: u32, most: u32, names: &str) -> Result<()> {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    ensure!(step.parse::<u32>()? > 0, "a step of 0");
    if range == "*" {
        return Ok(());
    }
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let (from, to) = (number(from, least, names)?, number(to, least, names)?);
    ensure!(least <= from && from <= to && to <= most, "not between {least} and {most}");
    Ok(())
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
    use super::*;

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
            check(schedule).unwrap_or_else(|error| panic!("{error:#}"));
        }
    }

    #[test]
    fn mistakes_are_refused() {
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
            assert!(check(schedule).is_err(), "{schedule}");
        }
    }
}
