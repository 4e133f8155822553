//! What the keeper did, in words and as JSON. Pure.

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// Feeds that a sentence names.
const NAMED: usize = 10;

/// What the keeper did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Notifications are off.
    pub off: bool,
    /// Another one is at it.
    pub busy: bool,
    /// Feeds whose subscription is new: Graph sent no notification of what happened before it.
    pub created: Vec<String>,
    /// Feeds whose subscription was extended.
    pub extended: Vec<String>,
    /// Subscriptions that nobody wanted any more.
    pub ended: usize,
    /// Feeds without a subscription, or with one that could not be extended.
    pub failed: Vec<String>,
    /// More is due than one look takes.
    pub more: bool,
}

impl Renewal {
    /// How the look ended, in the words of a turn.
    pub fn outcome(&self) -> &'static str {
        match (self.busy, self.failed.is_empty()) {
            (true, _) => "busy",
            (false, true) => "complete",
            (false, false) => "failed",
        }
    }
}

impl Serialize for Renewal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { off, created, extended, ended, failed, .. } = self;
        let mut kept = serializer.serialize_struct("Renewal", 6)?;
        kept.serialize_field("outcome", self.outcome())?;
        kept.serialize_field("off", off)?;
        kept.serialize_field("created", created)?;
        kept.serialize_field("extended", extended)?;
        kept.serialize_field("ended", ended)?;
        kept.serialize_field("failed", failed)?;
        kept.end()
    }
}

impl fmt::Display for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.off {
            return write!(f, "subscriptions: notifications are off; {} ended", self.ended);
        }
        if self.busy {
            return f.write_str("subscriptions: busy, somebody else looks after them");
        }
        let named = |feeds: &[String]| match feeds.len().checked_sub(NAMED) {
            _ if feeds.is_empty() => "none".to_owned(),
            None | Some(0) => feeds.join(", "),
            Some(others) => format!("{} and {others} others", feeds[..NAMED].join(", ")),
        };
        let [created, extended, failed] =
            [&self.created, &self.extended, &self.failed].map(|feeds| named(feeds));
        let ended = self.ended;
        write!(f, "subscriptions: created {created}; extended {extended}; {ended} ended; failed {failed}")?;
        if self.more { f.write_str("; more are due, run this again") } else { Ok(()) }
    }
}
