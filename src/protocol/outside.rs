//! Which events lie outside of the range of time that a feed shows. Pure.
//!
//! An event that left the range is no longer part of the feed, although Graph still shows it by its id. This decides about
//! removal: an event is outside only if that follows from what it says, and any doubt keeps it. Source:
//! <https://learn.microsoft.com/graph/api/user-list-calendarview>, <https://learn.microsoft.com/graph/api/resources/event>.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Window;
use crate::json::Members;

/// Whether an event begins after a range, or has ended before it. `event`: the object as Graph shows it.
pub fn is_outside(event: &str, range: Window) -> bool {
    let Some(event) = Members::of(event) else { return false };
    let (Some(start), Some(end)) = (moment(&event, "start"), moment(&event, "end")) else { return false };
    let has_ended = |end: OffsetDateTime| end < range.from || end == range.from && start < end;
    start <= end && (start >= range.to || last_end(&event, start, end).is_some_and(has_ended))
}

/// When the last part of an event has ended at the latest; none if nobody can say.
fn last_end(event: &Members<'_>, start: OffsetDateTime, end: OffsetDateTime) -> Option<OffsetDateTime> {
    let recurs = event.exact("recurrence").is_some_and(|recurrence| recurrence.get() != "null");
    match &*exact_text(event, "type")? {
        "singleInstance" | "occurrence" | "exception" => Some(end),
        "seriesMaster" if recurs => last_start(event, start)?.checked_add(end - start),
        _ => None,
    }
}

/// When the last occurrence of a series begins at the latest. Times of a series may be those of any place on earth.
fn last_start(event: &Members<'_>, start: OffsetDateTime) -> Option<OffsetDateTime> {
    let recurrence = Members::of(event.exact("recurrence")?.get())?;
    let range = Members::of(recurrence.exact("range")?.get())?;
    match &*exact_text(&range, "type")? {
        "endDate" => {
            let last = format!("{}T00:00:00Z", exact_text(&range, "endDate")?);
            OffsetDateTime::parse(&last, &Rfc3339).ok()?.checked_add(Duration::days(2))
        }
        "numbered" => {
            let pattern = Members::of(recurrence.exact("pattern")?.get())?;
            let days = match &*exact_text(&pattern, "type")? {
                "daily" => 1,
                "weekly" => 7,
                "absoluteMonthly" | "relativeMonthly" => 31,
                "absoluteYearly" | "relativeYearly" => 366,
                _ => return None,
            };
            let (interval, times) = (pattern.number("interval")?, range.number("numberOfOccurrences")?);
            let is_sound = (1..=9_999).contains(&interval) && (1..=9_999).contains(&times);
            // The first occurrence may be as much later as another one.
            let days = is_sound.then(|| days * interval * (times + 1))?;
            start.checked_add(Duration::days(days + 2))
        }
        _ => None,
    }
}

/// A time as the feed asks for it, in UTC.
fn moment(event: &Members<'_>, name: &str) -> Option<OffsetDateTime> {
    let time = Members::of(event.exact(name)?.get())?;
    let text = exact_text(&time, "dateTime")
        .filter(|_| exact_text(&time, "timeZone").is_some_and(|zone| zone == "UTC"))?;
    OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).ok()
}

fn exact_text<'a>(members: &Members<'a>, name: &str) -> Option<std::borrow::Cow<'a, str>> {
    crate::json::text(members.exact(name)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// From the second to the third of March 2026.
    fn range() -> Window {
        let day = |days: i64| OffsetDateTime::UNIX_EPOCH + Duration::days(20_514 + days);
        Window { from: day(0), to: day(1), last: true }
    }

    fn at(time: &str) -> Value {
        json!({"dateTime": format!("2026-03-{time}.0000000"), "timeZone": "UTC"})
    }

    fn event(start: &str, end: &str, more: &Value) -> bool {
        let mut event = json!({"id": "1", "type": "singleInstance", "recurrence": null});
        (event["start"], event["end"]) = (at(start), at(end));
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        is_outside(&event.to_string(), range())
    }

    #[test]
    fn an_event_is_outside_if_no_part_of_it_lies_in_the_range() {
        assert_eq!(range().from.to_string(), "2026-03-02 0:00:00.0 +00:00:00");
        for (start, end, outside) in [
            ("01T08:00:00", "01T09:00:00", true),
            ("01T23:00:00", "02T00:00:00", true),
            ("02T00:00:00", "02T00:00:00", false),
            ("01T23:00:00", "02T00:00:01", false),
            ("01T00:00:00", "05T00:00:00", false),
            ("02T23:59:59", "03T01:00:00", false),
            ("03T00:00:00", "03T01:00:00", true),
            ("09T00:00:00", "01T00:00:00", false),
        ] {
            assert_eq!(event(start, end, &json!({})), outside, "{start} {end}");
        }
    }

    #[test]
    fn what_does_not_say_when_it_is_is_kept() {
        let is = |more: Value| event("01T08:00:00", "01T09:00:00", &more);
        assert!(is(json!({"type": "occurrence"})) && is(json!({"type": "exception"})));
        let zoned = json!({"dateTime": "2026-03-01T08:00:00.0000000", "timeZone": "Pacific Standard Time"});
        for more in [
            json!({"end": zoned}),
            json!({"end": null}),
            json!({"end": "2026-03-01T09:00:00Z"}),
            json!({"end": {"dateTime": "2026-03-01", "timeZone": "UTC"}}),
            json!({"type": "another"}),
            json!({"type": null}),
            json!({"type": "seriesMaster"}),
        ] {
            assert!(!is(more.clone()), "{more}");
        }
        assert!(!is_outside("[]", range()) && !is_outside("{}", range()));
    }

    #[test]
    fn a_series_is_outside_once_its_last_occurrence_has_ended() {
        let is = |pattern: Value, range: Value| {
            let recurrence = json!({"pattern": pattern, "range": range});
            let more = json!({"type": "seriesMaster", "recurrence": recurrence});
            event("01T08:00:00", "01T09:00:00", &more)
        };
        let daily = || json!({"type": "daily", "interval": 1});
        assert!(!is(daily(), json!({"type": "noEnd"})));
        assert!(is(daily(), json!({"type": "endDate", "endDate": "2026-02-27"})));
        assert!(!is(daily(), json!({"type": "endDate", "endDate": "2026-03-01"})));
        assert!(!is(daily(), json!({"type": "endDate", "endDate": "soon"})));
        assert!(!is(daily(), json!({"type": "numbered", "numberOfOccurrences": 1})), "within the margin");
        let past = |pattern: Value| {
            let mut event =
                json!({"type": "seriesMaster", "start": at("01T08:00:00"), "end": at("01T09:00:00")});
            for time in ["start", "end"] {
                event[time]["dateTime"] = json!("2026-01-01T08:00:00.0000000");
            }
            let times = json!({"type": "numbered", "numberOfOccurrences": 5});
            event["recurrence"] = json!({"pattern": pattern, "range": times});
            is_outside(&event.to_string(), range())
        };
        assert!(past(json!({"type": "weekly", "interval": 1})));
        assert!(!past(json!({"type": "weekly", "interval": 2})));
        assert!(!past(json!({"type": "weekly", "interval": 0})));
        assert!(!past(json!({"type": "hourly", "interval": 1})));
    }
}
