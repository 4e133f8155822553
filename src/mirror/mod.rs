//! The heart: the only place that knows both Microsoft Graph and the store.
//!
//! One turn takes one feed as far as its budget goes: acquire the lease, load the checkpoint, burn the
//! save number of a turn that did not end cleanly, then page by page documents before checkpoint, then
//! the sweep of a completed enumeration, and give the lease back. Killed, frozen or overtaken anywhere,
//! the next turn loses nothing. The rules and their numbers are in `docs/protocol.md`.
//!
//! What is decided without I/O lies in [`crate::protocol`]. Reading order here: [`sync`] (a turn and its lease),
//! [`drive`] (performs what the machine says), with [`take`], [`sweep`], [`settle`] and [`refresh`], [`outcome`],
//! and what is told of it: [`run`] and [`status`]. Apart from the
//! turns, [`verify`] compares the copy with Graph, and [`preview`] says what the next turn would do.

use std::sync::Arc;
use std::time::Duration;

use crate::graph;
use crate::store::Store;

mod ask;
mod drive;
mod error;
mod forbidden;
mod links;
mod one;
mod outcome;
mod preview;
mod progress;
mod refresh;
mod run;
mod settle;
mod status;
mod sweep;
mod sync;
mod take;
mod verify;
mod write;

pub use error::{Service, SyncError};
pub use forbidden::Forbidden;
pub use outcome::{Ending, Hold, Outcome};
pub use preview::{Preview, Sweep, preview};
pub use progress::{Progress, Seen, Stage};
pub use refresh::{Refreshed, refresh};
pub use run::{Cost, Ended, Failed, Run, Unclean, record_failure};
pub use status::{Held, Shown, State, Status, checkpoint, status};
pub use sync::{reset, sync};
pub use verify::{Difference, NotCompared, Verified, verify, verify_again};

/// Everything a turn needs.
#[derive(Debug)]
pub struct Mirror {
    /// Where the objects come from.
    pub graph: graph::Client,
    /// Where they go.
    pub store: Arc<Store>,
    /// Times and bounds.
    pub options: Options,
    /// How far whatever is under way is.
    pub progress: Arc<Progress>,
}

/// Times and bounds of a turn.
#[derive(Debug, Clone)]
pub struct Options {
    /// Life of the lease.
    pub lease: Duration,
    /// Age at which doubt is settled: Graph's replicas agree by then.
    pub doubt: Duration,
    /// How long a tombstone stays.
    pub tombstone_ttl: Duration,
    /// The sweep's brake: it holds when more than this share …
    pub max_delete_percent: f64,
    /// … and more than this many documents would go.
    pub max_delete_count: u64,
    /// Whatever would hold a sweep is accepted.
    pub accepts_removals: bool,
}

/// Whose objects these are, and who reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The tenant.
    pub tenant_id: String,
    /// The object id of our service principal, for the wording of errors.
    pub principal_id: Option<String>,
    /// The permissions that our token for Graph has, for the same.
    pub granted: Vec<String>,
}
