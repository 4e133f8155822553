//! The timer trigger.

use serde_json::value::RawValue;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::{Metadata, Trigger, with_members};

/// A timer firing. The host sends more (the schedule); nothing of it matters here.
#[derive(Debug, PartialEq, Eq)]
pub struct Timer {
    /// The occurrence should have run earlier.
    pub is_past_due: bool,
    /// When it ran last; never, before the first run or without a monitor.
    pub last: Option<OffsetDateTime>,
    /// The occurrence that is firing now (not the following one).
    pub next: Option<OffsetDateTime>,
}

impl Trigger for Timer {
    const NAME: &'static str = "a timer";

    fn read(value: &RawValue, _: &Metadata<'_>) -> Result<Self, String> {
        with_members(value, |timer| {
            let status = timer.object("ScheduleStatus");
            let date = |name| date(&status.as_ref()?.text(name)?);
            let is_past_due = timer.truth("IsPastDue").unwrap_or_default();
            Self { is_past_due, last: date("Last"), next: date("Next") }
        })
        .ok_or_else(|| "not an object".into())
    }
}

/// A .NET date: its offset may be missing, and the year 1 stands for never.
fn date(text: &str) -> Option<OffsetDateTime> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let with_offset = format!("{text}Z");
        let date = PrimitiveDateTime::parse(&with_offset, &Rfc3339).ok()?;
        Some(date.assume_utc())
    })?;
    (date.year() > 1).then_some(date)
}
