//! The time by which a turn decides: that of Cosmos, whatever the machine's own clock says.
//!
//! Documents bear Cosmos' time stamps, and what is decided by their age must not depend on a clock that is a day off. The
//! write that takes the lease says what time it is there.

use std::time::Instant;

use time::OffsetDateTime;

use crate::protocol::{Span, borne_out};

/// A clock that was set when the lease was taken, and that nobody sets while the turn lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    set: Span,
    since: Instant,
}

impl Clock {
    /// Set by a write that Cosmos stamped with the second `written`, and which took from `begun` until now.
    pub fn set(written: i64, begun: Instant) -> Self {
        let since = Instant::now();
        Self { set: borne_out(OffsetDateTime::now_utc(), written, since - begun), since }
    }

    /// What time it is.
    pub fn now(self) -> Span {
        let Span { earliest, latest } = self.set;
        let elapsed = self.since.elapsed();
        Span { earliest: earliest + elapsed, latest: latest + elapsed }
    }

    /// How far the machine's own clock is ahead of that.
    pub fn off(self) -> time::Duration {
        OffsetDateTime::now_utc() - self.now().earliest
    }
}
