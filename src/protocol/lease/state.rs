//! The state of a lease for a reader that does not acquire it, and the result of releasing a lease.

use time::OffsetDateTime;

use super::Terms;

/// The state of the lease of a feed, for a reader that does not acquire it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseState {
    /// The number of its last acquisition; it grows with every acquisition.
    pub epoch: u64,
    /// Another turn holds the lease until this time, unless it renews it.
    pub held_until: Option<OffsetDateTime>,
    /// Whether the last turn ended cleanly.
    pub clean: bool,
    /// Whether no turn holds the lease, and none has requested a rerun.
    pub is_free: bool,
    /// Whether the last turn found no document that is doubtful, and left none.
    pub settled: bool,
    /// The second in which Cosmos DB last wrote it, since 1970; 0 if there is none.
    pub written: i64,
}

impl LeaseState {
    /// The state of a lease document; a feed without one was never held.
    pub fn of(found: Option<Terms>, now: OffsetDateTime) -> Self {
        let Some(terms) = found else {
            return Self {
                epoch: 0,
                held_until: None,
                clean: true,
                is_free: false,
                settled: false,
                written: 0,
            };
        };
        let is_held = terms.holder.is_some() && now < terms.end();
        Self {
            epoch: terms.epoch,
            held_until: is_held.then(|| terms.end()),
            clean: terms.clean,
            is_free: terms.holder.is_none() && !terms.rerun_requested,
            settled: terms.settled,
            written: terms.written,
        }
    }
}

/// The result of releasing a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The lease is free.
    Done,
    /// A rerun was requested meanwhile. The request is cleared, this turn still holds the lease and checks for changes
    /// again.
    RerunRequested,
}
