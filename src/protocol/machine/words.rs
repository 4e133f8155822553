//! What the machine says and hears.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::plan::{AnotherTenant, Leads, Swept, Took, Why};
use crate::protocol::{Burnt, Checkpoint, Containers, Counts, Numbers, Opaque, Purpose};
use crate::protocol::{Ending, Hold};

/// What a turn is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To follow the feed.
    Walk,
    /// To read some objects by their ids (rule 10).
    Look,
    /// To have the next walk begin anew (rule 7).
    Reset,
}

impl Task {
    /// What such a turn needs the lease for. A reset is soon over, and somebody waits for it at a terminal.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::Walk | Self::Reset => Purpose::Walk,
            Self::Look => Purpose::Look,
        }
    }
}

/// What is to be done. Everything that writes documents stamps them with the checkpoint's generation and
/// the number of its next save.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Read the checkpoint.
    Load,
    /// Save this over the checkpoint that was read.
    Save(Box<Checkpoint>),
    /// Get the page that the checkpoint points to.
    Fetch,
    /// Write the page in hand.
    Take,
    /// Count what a sweep would take, and see whether any link is doubtful.
    Weigh,
    /// Turn into tombstones what the walk of the owed generation did not show, and Graph does not show by its id either,
    /// but for what is doubtful, and for what was read so shortly before the last round that a lagging replica may not
    /// know it. What Graph still shows is written as read by id; several of these end the sweep. Of the links, which
    /// cannot be asked for, and once the checkpoint says `again`, take that too, and write doubtful tombstones anew.
    /// Not before: what became doubtful after the weighing has no generation announced to bring it back.
    Sweep,
    /// Look up what has been doubtful for long enough, and write what is found.
    Settle,
    /// Look up the objects that were asked for, and write what is found where it differs from the copy.
    Look,
    /// Give the lease back.
    Leave {
        /// Every write is answered and its page saved.
        clean: bool,
        /// Keep it if somebody rang.
        stay: bool,
    },
    /// The turn is over.
    End(Ending),
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The checkpoint, and the containers of the feed.
    Loaded(Box<Checkpoint>, Containers),
    /// There is no checkpoint (any more), or none that can be read; what the documents carry lies below these numbers.
    Lost(Numbers, Containers),
    /// The save is confirmed.
    Saved,
    /// Somebody else saved in between.
    Overtaken,
    /// A page is in hand.
    Fetched(Leads),
    /// The stored token is dead; perhaps Graph says where to begin anew.
    Dead(Option<Opaque>),
    /// Where Graph said to begin anew, it refuses us. Only while the checkpoint stands there.
    Refused,
    /// Graph answers with a server error that does not end.
    Failing,
    /// Graph wants to be left alone for this long.
    Throttled(Duration),
    /// Every write of the page has succeeded.
    Taken(Took),
    /// What a sweep would take.
    Weighed(Weight),
    /// Every write of the sweep is answered.
    Swept(Swept),
    /// Every write of the settling is answered.
    Settled(Settled),
    /// Every write of the look is answered.
    Looked(Counts),
    /// The lease is free.
    Free,
    /// Somebody rang; the ring is cleared, and the lease is still ours.
    Rung,
}

/// What came of settling doubt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// Documents written.
    pub counts: Counts,
    /// Some object still lives of which the feed has not told since it was last looked up.
    pub unseen: bool,
    /// Of the abandoned numbers that may be forgotten, those that no document carries.
    pub uncarried: Vec<Burnt>,
}

/// What a sweep would take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Of the containers that the brake holds: living documents that the walk did not show.
    pub missing: u64,
    /// Of the same containers: all living documents.
    pub living: u64,
    /// Some links carry a burnt number.
    pub doubtful_links: bool,
    /// The sweep is held, for this reason.
    pub held: Option<Hold>,
}

/// Why the machine stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The copy is of another tenant.
    AnotherTenant(AnotherTenant),
    /// A container is not as it has to be: whoever has looked at it says what is wrong.
    Unfit,
    /// A turn with a later lease has saved. Or the lease document is older than the checkpoint; then giving it back puts
    /// that right.
    Overtaken,
    /// Graph answers with a server error that does not end.
    Failing,
    /// Graph refuses its own fresh tokens.
    Restarts(u32),
}

/// What the machine waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    Loading,
    Burning,
    Refusing,
    Beginning(Why),
    Fetching,
    Taking(Leads),
    Saving { home: bool },
    Throttling(OffsetDateTime),
    Failing,
    Weighing,
    Announcing,
    Sweeping,
    Paying(Ending),
    Settling(Ending),
    Forgetting(Ending),
    Looking,
    Resetting,
    Leaving(Ending),
}
