//! The timer trigger.

use serde_json::value::RawValue;

use super::{Metadata, Trigger, with_members};

/// A timer firing. The host sends more (the schedule, and when it fired last); nothing of it matters here.
#[derive(Debug, PartialEq, Eq)]
pub struct Timer {
    /// The occurrence should have run earlier.
    pub is_past_due: bool,
}

impl Trigger for Timer {
    const NAME: &'static str = "a timer";

    fn read(value: &RawValue, _: &Metadata<'_>) -> Result<Self, String> {
        with_members(value, |timer| Self { is_past_due: timer.truth("IsPastDue").unwrap_or_default() })
            .ok_or_else(|| "not an object".into())
    }
}
