//! The result of a sweep, and the checkpoint that follows from it (rules 8 and 9). Pure.

use time::OffsetDateTime;

use super::{compare, save};
use crate::protocol::{Checkpoint, Counts};
use crate::protocol::{Ending, Hold};

/// The result of a sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// The numbers of documents that became tombstones.
    pub counts: Counts,
    /// Whether some documents were left unchanged, because a lagging replica may have served the enumeration without
    /// them, or because Graph could not be asked for them by id.
    pub left: bool,
    /// Whether some documents were left because the budget of the run is spent.
    pub cut: bool,
    /// The number of objects that the enumeration did not return but that Graph still returns by id.
    pub hidden: u64,
    /// The number of living documents, if hidden objects hold the sweep.
    pub living: u64,
}

/// With this many hidden objects, the enumeration cannot be trusted: a single one may have been restored meanwhile.
const HIDDEN: u64 = 2;

impl Swept {
    /// Whether the enumeration omitted so many existing objects that the remaining documents must stay.
    pub fn is_held(&self) -> bool {
        self.hidden >= HIDDEN
    }

    /// How the turn of this sweep ends.
    pub fn ending(&self) -> Ending {
        match self {
            _ if self.is_held() => {
                Ending::Held { missing: self.hidden, of: self.living, reason: Hold::EnumerationHidObjects }
            }
            _ if self.cut => Ending::Continued,
            _ => Ending::Complete,
        }
    }
}

/// The checkpoint after the pending sweep: the sweep is done (rule 8), unless it left some documents.
pub fn swept(checkpoint: &Checkpoint, swept: Swept, epoch: u64, now: OffsetDateTime) -> Checkpoint {
    let pending_sweep = checkpoint.pending_sweep.filter(|_| swept.left || swept.is_held());
    let hidden = if swept.is_held() { swept.hidden } else { 0 };
    let wrote_at = compare::wrote_at(checkpoint, swept.counts, now);
    let mut next = Checkpoint { pending_sweep, hidden, wrote_at, ..save(checkpoint, epoch) };
    next.counts += swept.counts;
    next
}
