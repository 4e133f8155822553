//! What a lease says for somebody who only looks, and how giving it back ends.

use time::OffsetDateTime;

use super::Terms;

/// What the lease of a feed says, for somebody who only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseState {
    /// How often it was acquired.
    pub epoch: u64,
    /// Another turn holds it until then, unless it renews it.
    pub held_until: Option<OffsetDateTime>,
    /// The last turn ended cleanly.
    pub clean: bool,
}

impl LeaseState {
    /// Of a lease that was found; a feed that has none was never held.
    pub fn of(found: Option<Terms>, now: OffsetDateTime) -> Self {
        let Some(terms) = found else { return Self { epoch: 0, held_until: None, clean: true } };
        let is_held = terms.holder.is_some() && now < terms.end();
        Self { epoch: terms.epoch, held_until: is_held.then(|| terms.end()), clean: terms.clean }
    }
}

/// How giving back ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The lease is free.
    Done,
    /// Somebody rang meanwhile: the ring is cleared, the lease is still ours, look again.
    Rung,
}
