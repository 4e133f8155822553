//! The outcome of a turn that did not fail.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::protocol::{Counts, Ending, Feed};

/// Rounds request units to one decimal: further digits in a sum of charges have no meaning.
pub fn request_units(charge: f64) -> f64 {
    (charge * 10.0).round() / 10.0
}

/// The ending and the counts of a turn. The command line and HTTP answers use the same JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The name of the resource.
    pub resource: String,
    /// The id of the parent, if the feed is part of a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The ending of the turn.
    #[serde(flatten)]
    pub ending: Ending,
    /// Documents written.
    #[serde(flatten)]
    pub counts: Counts,
    /// Request units that Cosmos DB charged, rounded by [`request_units`].
    pub request_charge: f64,
    /// Duration of the turn in seconds, rounded to thousandths.
    pub seconds: f64,
    /// The feeds below parents that are to be synced now, if the resource has parents.
    #[serde(skip)]
    pub due: Vec<Feed>,
    /// The time as of which the copy is current.
    #[serde(skip)]
    pub as_of: Option<OffsetDateTime>,
}

impl Outcome {
    /// Creates an outcome.
    pub fn new(feed: &Feed, ending: Ending, counts: Counts, request_charge: f64, took: Duration) -> Self {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        let request_charge = request_units(request_charge);
        let Feed { resource, parent } = feed.clone();
        Self { resource, parent, ending, counts, request_charge, seconds, due: Vec::new(), as_of: None }
    }

    /// Combines this turn and the next one into one outcome.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        let mut counts = self.counts;
        counts += next.counts;
        let request_charge = request_units(self.request_charge + next.request_charge);
        let seconds = ((self.seconds + next.seconds) * 1000.0).round() / 1000.0;
        Self { counts, request_charge, seconds, ..next }
    }

    /// Adds what a turn on a feed below this one has done.
    #[must_use]
    pub fn with(mut self, below: &Self) -> Self {
        self.counts += below.counts;
        self.request_charge = request_units(self.request_charge + below.request_charge);
        self
    }

    /// The feed of the turn.
    pub fn feed(&self) -> Feed {
        Feed { resource: self.resource.clone(), parent: self.parent.clone() }
    }

    /// Whether a work item should be queued to continue.
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
            Ending::Refused { .. } => "refused by Microsoft Graph, looked at again tomorrow",
            Ending::Held { .. } => "complete, but the sweep is held by the removal limit",
        };
        let Counts { upserted, removed, unchanged, set_aside, links, pages } = self.counts;
        let unchanged = if unchanged == 0 { String::new() } else { format!("{unchanged} unchanged, ") };
        let links = if links == 0 { String::new() } else { format!("{links} links, ") };
        write!(
            f,
            "{}: {name}; {upserted} upserted, {removed} removed, {unchanged}{set_aside} set aside, {links}{pages} pages, {:.1} RU, {} s",
            self.feed().key(),
            self.request_charge,
            self.seconds
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
            Outcome::new(&Feed::of("users"), ending, counts, 1.5, Duration::from_millis(100))
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
        let turn = |charge| {
            Outcome::new(&Feed::of("users"), Ending::Complete, Counts::default(), charge, Duration::ZERO)
        };
        assert_eq!(turn(23.299_999_999_999_997).request_charge, 23.3);
        assert_eq!(turn(0.1).and(turn(0.2)).request_charge, 0.3);
    }
}
