//! How a turn ends, when it does not fail.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

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
    /// Another turn holds the lease; this one has requested a rerun.
    Busy {
        /// When its lease ends, unless it renews it.
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    /// Graph refuses to show what lies under the parent of the feed.
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// The copy is as new as Graph could tell, but the removal limit holds.
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
    /// Graph still shows several objects by their ids that the complete enumeration did not show: the enumeration cannot be trusted.
    EnumerationHidObjects,
    /// More parents left than the removal limit lets go.
    ParentsLeft,
}

impl Hold {
    /// What is held, in a sentence without its end.
    pub fn sentence(self, missing: u64, of: u64) -> String {
        match self {
            Self::RemovalLimit => {
                format!("{missing} of {of} documents would be removed")
            }
            Self::Everything => format!("all {missing} objects would be removed"),
            Self::ParentsLeft => format!(
                "{missing} of {of} parents are not chosen any more, or not in Microsoft Graph, and what lies below them would be removed"
            ),
            Self::EnumerationHidObjects => format!(
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
            Self::Refused { .. } => "refused",
            Self::Held { .. } => "held",
        }
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
}
