//! How fast a living world lives.

use std::time::Duration;

use time::OffsetDateTime;

use crate::host::Schedule;

/// How fast a living world lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Timers fire by their schedules, and the tenant changes every ten seconds.
    Scheduled,
    /// Timers fire every three seconds, whatever their schedules say, and the tenant changes every second.
    Fast,
}

impl Pace {
    /// How long until a timer fires; none for never.
    pub(super) fn until(self, schedule: &Schedule, now: OffsetDateTime) -> Option<Duration> {
        match self {
            Self::Scheduled => schedule.next(now).map(|next| (next - now).try_into().unwrap_or_default()),
            Self::Fast => Some(Duration::from_secs(3)),
        }
    }

    /// How long the tenant stays as it is.
    pub(super) fn between_changes(self) -> Duration {
        match self {
            Self::Scheduled => Duration::from_secs(10),
            Self::Fast => Duration::from_secs(1),
        }
    }

    /// How long Graph takes to notify of a change, and the host to see a message.
    pub(super) fn latency(self) -> Duration {
        match self {
            Self::Scheduled => Duration::from_secs(1),
            Self::Fast => Duration::from_millis(300),
        }
    }
}
