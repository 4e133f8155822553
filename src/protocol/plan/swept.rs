//! What a sweep did, and what follows from that (rules 8 and 9). Pure.

use super::save;
use crate::protocol::{Checkpoint, Counts};
use crate::protocol::{Ending, Hold};

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Documents that became tombstones.
    pub counts: Counts,
    /// Some were left: a replica that lags may not have heard of them when the walk was served, or nobody could be asked
    /// about them.
    pub left: bool,
    /// Some were left because the budget is spent.
    pub cut: bool,
    /// Objects that the walk did not show, and that Graph still shows by their ids, …
    pub hidden: u64,
    /// … and how many live, when those hold the sweep.
    pub living: u64,
}

/// From so many on, the walk that did not show them cannot be trusted: one may have come back meanwhile.
const HIDDEN: u64 = 2;

impl Swept {
    /// Whether the walk hid so much that the rest of what it did not show must stay.
    pub fn is_held(&self) -> bool {
        self.hidden >= HIDDEN
    }

    /// How its turn ends.
    pub fn ending(&self) -> Ending {
        match self {
            _ if self.is_held() => {
                Ending::Held { missing: self.hidden, of: self.living, reason: Hold::WalkHidObjects }
            }
            _ if self.cut => Ending::Continued,
            _ => Ending::Complete,
        }
    }
}

/// The sweep that was owed is done (rule 8), unless it had to leave some.
pub fn swept(checkpoint: &Checkpoint, swept: Swept, epoch: u64) -> Checkpoint {
    let owed = checkpoint.owed.filter(|_| swept.left || swept.is_held());
    let hidden = if swept.is_held() { swept.hidden } else { 0 };
    let mut next = Checkpoint { owed, hidden, ..save(checkpoint, epoch) };
    next.counts += swept.counts;
    next
}
