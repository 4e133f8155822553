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
}

impl LeaseState {
    /// The state of a lease document; a feed without one was never held.
    pub fn of(found: Option<Terms>, now: OffsetDateTime) -> Self {
        let Some(terms) = found else { return Self { epoch: 0, held_until: None, clean: true } };
        let is_held = terms.holder.is_some() && now < terms.end();
        Self { epoch: terms.epoch, held_until: is_held.then(|| terms.end()), clean: terms.clean }
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
