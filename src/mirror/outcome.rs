//! How a turn ended, when it did not fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::protocol::Counts;

/// The expected ends of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Ending {
    /// The copy is as new as Graph could tell.
    Complete,
    /// The budget is spent and the checkpoint is safe; somebody should go on.
    Continued,
    /// Graph asked to be left alone until then.
    Throttled {
        /// When to come again.
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    /// Another turn holds the feed; its doorbell is rung.
    Busy {
        /// When its lease ends, unless it renews it.
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    /// The copy is as new as Graph could tell, but the sweep's brake holds.
    Held {
        /// Documents that would go.
        missing: u64,
        /// Of how many.
        of: u64,
        /// Why.
        #[serde(default)]
        reason: Hold,
    },
}

/// Why a sweep is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Hold {
    /// More would go than the removal limit lets go.
    #[default]
    RemovalLimit,
    /// Every object would go.
    Everything,
    /// Graph still shows several objects by their ids that the complete walk did not show: the walk cannot be trusted.
    WalkHidObjects,
}

impl Hold {
    /// What is held, in a sentence without its end.
    pub fn sentence(self, missing: u64, of: u64) -> String {
        match self {
            Self::RemovalLimit => {
                format!("{missing} of {of} documents would be removed")
            }
            Self::Everything => format!("all {missing} objects would be removed"),
            Self::WalkHidObjects => format!(
                "the last enumeration did not show {missing} of {of} objects that Microsoft Graph still shows by id"
            ),
        }
    }
}

impl Ending {
    /// Its name in JSON and in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Continued => "continued",
            Self::Throttled { .. } => "throttled",
            Self::Busy { .. } => "busy",
            Self::Held { .. } => "held",
        }
    }
}

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
    fn an_ending_has_one_name() {
        let until = OffsetDateTime::UNIX_EPOCH;
        let held = Ending::Held { missing: 1, of: 2, reason: Hold::Everything };
        for ending in
            [Ending::Complete, Ending::Continued, Ending::Throttled { until }, Ending::Busy { until }, held]
        {
            assert_eq!(serde_json::to_value(ending).unwrap()["outcome"], ending.name());
        }
    }

    #[test]
    fn a_run_that_was_recorded_before_reasons_were_is_still_read() {
        let held: Ending = serde_json::from_str(r#"{"outcome":"held","missing":1,"of":2}"#).unwrap();
        assert_eq!(held, Ending::Held { missing: 1, of: 2, reason: Hold::RemovalLimit });
    }

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
