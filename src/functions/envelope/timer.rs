//! The timer trigger.

use serde::Deserialize;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::{Metadata, Trigger};

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    is_past_due: bool,
    schedule_status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    last: Option<String>,
    next: Option<String>,
}

impl Trigger for Timer {
    const NAME: &'static str = "a timer";

    fn read(value: &Value, _: &Metadata) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| super::reason(&error))?;
        let status = raw.schedule_status.unwrap_or(Status { last: None, next: None });
        Ok(Self { is_past_due: raw.is_past_due, last: date(status.last), next: date(status.next) })
    }
}

/// A .NET date: its offset may be missing, and the year 1 stands for never.
fn date(text: Option<String>) -> Option<OffsetDateTime> {
    let text = text?;
    let date = OffsetDateTime::parse(&text, &Rfc3339).ok().or_else(|| {
        let with_offset = format!("{text}Z");
        let date = PrimitiveDateTime::parse(&with_offset, &Rfc3339).ok()?;
        Some(date.assume_utc())
    })?;
    (date.year() > 1).then_some(date)
}
