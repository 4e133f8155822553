//! The actions that the machine asks for, the events that answer them, and the stages in between. Plain data.
//!
//! Each action has its own events; `docs/protocol.md` has the table. An event that does not answer the last action is a
//! defect of the code around the machine, and the machine panics.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::plan::{AnotherTenant, PageWritten, Restart, Swept, Why};
use crate::protocol::{Abandoned, Checkpoint, Containers, Counts, Next, Numbers, Purpose};
use crate::protocol::{Ending, Hold};

/// What a turn is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To follow the feed.
    Sync,
    /// To read some objects by their ids (rule 10).
    LookUp,
    /// To make the next enumeration begin a new generation (rule 7).
    Reset,
}

impl Task {
    /// What such a turn needs the lease for. A reset does not give way to an enumeration: it takes two saves, and a person waits
    /// for it at a terminal.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::Sync | Self::Reset => Purpose::Sync,
            Self::LookUp => Purpose::LookUp,
        }
    }
}

/// What the code around the machine does next. Each action that writes documents marks them with the checkpoint's
/// generation and with the number of its next save.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Read the checkpoint.
    Load,
    /// Save this over the checkpoint that was read.
    Save(Box<Checkpoint>),
    /// Read the page that the checkpoint points to from Graph.
    Fetch,
    /// Write that page into Cosmos DB.
    WritePage,
    /// Count what a sweep would remove, and find out whether a link is doubtful.
    Weigh,
    /// Write a tombstone for each object that the enumeration of the pending sweep did not deliver, and that Graph does not
    /// show by its id either. Two kinds stay: doubtful objects, and objects that were read so shortly before the last round
    /// began that a lagging replica may not know them. An object that Graph still shows is written as read by id; several
    /// of these end the sweep.
    ///
    /// Links cannot be read by id. If the checkpoint says `again`, the sweep also removes doubtful links and writes
    /// doubtful tombstones of links again. Otherwise it does not: a link may have become doubtful after the weighing, and
    /// no generation is announced that would bring it back.
    Sweep,
    /// Read objects by their ids that have been doubtful for long enough, and write what Graph shows.
    Settle,
    /// Read the objects that a caller named by their ids, and write those that differ from the copy.
    LookUp,
    /// Give the lease back.
    Leave {
        /// Every write has its answer, and its page is saved.
        clean: bool,
        /// Keep the lease if a rerun was requested.
        stay: bool,
        /// What the turn knows of doubtful documents: whether there is none. None if it knows nothing new (rule 15).
        settled: Option<bool>,
    },
    /// Nothing: the turn is over.
    End(Ending),
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The checkpoint was read, and the containers of the feed were checked.
    Loaded(Box<Checkpoint>, Containers),
    /// There is no checkpoint, or none that can be read. All numbers in the documents are below these.
    Lost(Numbers, Containers),
    /// Cosmos DB confirmed the save.
    Saved,
    /// Another turn saved first: If-Match failed.
    Overtaken,
    /// Graph sent a page. This follows it.
    Fetched(Next),
    /// The token of the stored link is dead. The feed can go on there.
    Dead(Restart),
    /// Graph refuses the `Location` of a dead token, or the time, or a list. Only while the checkpoint points to one.
    Refused,
    /// Graph refuses to show what lies under the parent of the feed, with this status.
    Denied(u16),
    /// Graph keeps answering with a server error.
    Failing,
    /// Graph asks for no requests during this time, and that is longer than the budget.
    Throttled(Duration),
    /// Every write of the page succeeded.
    Written(PageWritten),
    /// What a sweep would remove was counted.
    Weighed(Weight),
    /// Every write of the sweep has its answer.
    Swept(Swept),
    /// Every write of the settling has its answer.
    Settled(Settled),
    /// Every write of the objects that a caller named has its answer.
    LookedUp(Counts),
    /// The lease is given back, or it ends by itself.
    Free,
    /// A rerun was requested. The request is cleared, and this turn still holds the lease.
    RerunRequested,
}

/// How settling ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// Documents written.
    pub counts: Counts,
    /// Graph shows an object by its id that the feed has not delivered since its last read by id (rule 11).
    pub unseen: bool,
    /// Objects were doubtful, however young.
    pub doubts: bool,
    /// The abandoned numbers that are old enough to be forgotten and that no document carries.
    pub uncarried: Vec<Abandoned>,
}

/// What a sweep would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// In the containers that exceed the removal limit: current documents that the enumeration did not deliver.
    pub missing: u64,
    /// In the same containers: all current documents.
    pub living: u64,
    /// Some links are doubtful, and nothing else is about to settle them.
    pub doubtful_links: bool,
    /// Some links are doubtful.
    pub doubts: bool,
    /// What the enumeration has shown cannot be found, so what it did not show is unknown (rule 13).
    pub seen_lost: bool,
    /// The sweep is held, for this reason.
    pub held: Option<Hold>,
}

/// Why the machine ends a turn with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The copy belongs to another tenant.
    AnotherTenant(AnotherTenant),
    /// A container does not have what it needs. The code that checked it knows what is wrong.
    Unfit,
    /// A turn with a later lease has saved. Or the lease document is older than the checkpoint: giving it back repairs
    /// that.
    Overtaken,
    /// Graph keeps answering with a server error.
    Failing,
    /// Graph refused tokens that it had just given, this many times.
    Restarts(u32),
}

/// What the machine waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// The checkpoint.
    Loading,
    /// The save that abandons the number of the turn before (rule 3).
    Abandoning,
    /// The save that says which container may have lost documents; then the turn stops (rule 14).
    Refusing,
    /// The save that begins a generation (rule 7).
    Beginning(Why),
    /// The save that says from which time on changes are read.
    CatchingUp,
    /// A page from Graph.
    Fetching,
    /// The writes of a page. This follows it.
    WritingPage(Next),
    /// The save of a page.
    Saving { ends_round: bool },
    /// The save that says until when Graph wants no requests.
    Throttling(OffsetDateTime),
    /// The save that says since when the stored link fails.
    Failing,
    /// The counts of a sweep.
    Weighing,
    /// The save of `again` (rule 12).
    Announcing,
    /// The writes of a sweep.
    Sweeping,
    /// The save after a sweep.
    SavingSweep(Ending),
    /// The writes of the settling.
    Settling(Ending),
    /// The save that forgets abandoned numbers (rule 3).
    Forgetting(Ending),
    /// The objects that a caller named.
    LookingUp,
    /// A feed that ended with its parent is due again, before objects are read into it.
    Reopening,
    /// The save that makes the next enumeration begin a generation.
    Resetting,
    /// The lease.
    Leaving(Ending),
}
