//! How a turn ended, when it did not fail.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::protocol::Counts;
pub use crate::protocol::{Ending, Hold};

/// Request units to one decimal: sums of what Cosmos charges have more than it means.
pub fn request_units(charge: f64) -> f64 {
    (charge * 10.0).round() / 10.0
}

/// How a turn ended, and what it did. Its JSON is the same on the command line and in HTTP answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The feed, which is a whole resource.
    #[serde(rename = "resource")]
    pub feed: String,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// Documents written.
    #[serde(flatten)]
    pub counts: Counts,
    /// Request units that Cosmos charged, rounded by [`request_units`].
    pub request_charge: f64,
    /// How long it took.
    pub seconds: f64,
    /// What the copy is as of now.
    #[serde(skip)]
    pub as_of: Option<OffsetDateTime>,
}

impl Outcome {
    /// An outcome.
    pub(super) fn new(
        feed: &str,
        ending: Ending,
        counts: Counts,
        request_charge: f64,
        took: Duration,
    ) -> Self {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        let request_charge = request_units(request_charge);
        Self { feed: feed.to_owned(), ending, counts, request_charge, seconds, as_of: None }
    }

    /// This turn and the one after it, as one.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        let mut counts = self.counts;
        counts += next.counts;
        let request_charge = request_units(self.request_charge + next.request_charge);
        let seconds = ((self.seconds + next.seconds) * 1000.0).round() / 1000.0;
        Self { counts, request_charge, seconds, ..next }
    }

    /// Whether a work item should bring somebody to go on.
    pub fn goes_on(&self) -> bool {
        self.ending == Ending::Continued
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.ending {
            Ending::Complete => "complete",
            Ending::Continued => "to be continued",
            Ending::Throttled { .. } => "throttled, the next timer carries on",
            Ending::Busy { .. } => "busy, the turn that holds the feed looks again",
            Ending::Held { .. } => "complete, but the sweep is held by its brake",
        };
        let Counts { upserted, removed, unchanged, set_aside, links, pages } = self.counts;
        let unchanged = if unchanged == 0 { String::new() } else { format!("{unchanged} unchanged, ") };
        let links = if links == 0 { String::new() } else { format!("{links} links, ") };
        write!(
            f,
            "{}: {name}; {upserted} upserted, {removed} removed, {unchanged}{set_aside} set aside, {links}{pages} pages, {:.1} RU, {} s",
            self.feed, self.request_charge, self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_turns_are_one_that_ended_as_the_second() {
        let turn = |ending, pages| {
            let counts = Counts { pages, ..Counts::default() };
            Outcome::new("users", ending, counts, 1.5, Duration::from_millis(100))
        };
        let both = turn(Ending::Continued, 2).and(turn(Ending::Complete, 3));
        assert_eq!((both.ending, both.counts.pages), (Ending::Complete, 5));
        assert_eq!((both.request_charge, both.seconds), (3.0, 0.2));
        let told = serde_json::to_value(&both).unwrap();
        assert_eq!(
            (&told["resource"], &told["outcome"], &told["pages"]),
            (&"users".into(), &"complete".into(), &5.into())
        );
    }

    #[test]
    fn request_units_have_one_decimal() {
        let turn =
            |charge| Outcome::new("users", Ending::Complete, Counts::default(), charge, Duration::ZERO);
        assert_eq!(turn(23.299_999_999_999_997).request_charge, 23.3);
        assert_eq!(turn(0.1).and(turn(0.2)).request_charge, 0.3);
    }
}
