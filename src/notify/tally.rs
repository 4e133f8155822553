//! How many notifications came, and what became of them.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Numbers of notifications, and of bodies that were none.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tallied {
    /// Deliveries with at least one genuine notification.
    pub genuine: u64,
    /// Notifications whose client state is none of ours in their tenant.
    pub foreign: u64,
    /// Items that are no notifications.
    pub odd: u64,
    /// Bodies and validation tokens that were refused as a whole.
    pub refused: u64,
    /// Bodies that the host withheld, since they came without a length: nobody knows what they said.
    pub withheld: u64,
}

impl std::ops::AddAssign for Tallied {
    fn add_assign(&mut self, other: Self) {
        self.genuine += other.genuine;
        self.foreign += other.foreign;
        self.odd += other.odd;
        self.refused += other.refused;
        self.withheld += other.withheld;
    }
}

/// The numbers of this process, until somebody writes them down: nothing is written on behalf of a caller whom
/// nobody knows.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Tallied>);

impl Tally {
    /// Adds to them.
    pub fn add(&self, some: Tallied) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += some;
    }

    /// Takes them away; none when there is nothing to write down.
    pub fn take(&self) -> Option<Tallied> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (taken != Tallied::default()).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_nothing_is_none() {
        let tally = Tally::default();
        assert_eq!(tally.take(), None);
        for _ in 0..2 {
            tally.add(Tallied { genuine: 1, withheld: 2, ..Tallied::default() });
        }
        assert_eq!(tally.take(), Some(Tallied { genuine: 2, withheld: 4, ..Tallied::default() }));
        assert_eq!(tally.take(), None);
    }
}
