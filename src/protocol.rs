//! The protocol: what makes the copy right, decided without I/O. `now` is an argument.
//!
//! Promises: nothing here asks Graph or Cosmos, and nothing looks at a clock; it imports nothing of ours but
//! [`crate::json`], a leaf. A test says so.
//!
//! Reading order: [`feed`] (what is followed), [`mode`] (how it is read), [`outside`] (what a range leaves out), [`next`] (what follows a page), [`lease`] (who may write), [`checkpoint`] (how
//! far the copy of a feed is), [`plan`] (what follows from it), [`doubt`] (which documents may be wrong), [`machine`] (what
//! a turn does next) and [`ending`]; [`change`] and [`document`] (what an object of a page becomes), [`merge`] and
//! [`content`]; [`compare`] and [`seen`] (what an enumeration finds as it is stored), [`listing`] (a first copy that is read as a list); [`stored`] and [`links`] (what lies in a container), [`candidate`] and [`kept`] (what is read back
//! of it), [`containers`], and what they are made of: [`ids`], [`etag`] and [`format`].

mod candidate;
pub mod change;
mod checkpoint;
pub(crate) mod compare;
mod containers;
pub(crate) mod content;
pub mod document;
pub(crate) mod doubt;
mod ending;
mod etag;
pub mod fan;
mod feed;
pub mod format;
mod ids;
mod kept;
pub mod lease;
mod link;
mod links;
mod listing;
pub(crate) mod machine;
pub(crate) mod merge;
mod mode;
mod next;
pub(crate) mod outside;
pub(crate) mod plan;
mod seen;
mod stored;

pub use candidate::Candidate;
pub use checkpoint::{Abandoned, CHECKPOINT, Checkpoint, Counts, LastRun, Numbers, Refused, State, Unclean};
pub use containers::{Containers, Ids, Unusable, is_good};
pub use ending::{Ending, Hold};
pub use etag::Etag;
pub use feed::{Feed, Scope};
pub use format::{FORMAT, Unreadable};
pub use ids::{document_id, hashed};
pub use kept::Existing;
pub use lease::{LeaseState, Purpose, Released, Span, Terms, borne_out, first_epoch};
pub use link::Link;
pub use links::{LinkDocument, link_id, parent_of};
pub use listing::{FirstCopy, Listing, Shard, Shards, Turned};
pub use mode::{Mode, Reach, Rolling, Window};
pub use next::Next;
pub use seen::{Seen, SeenPage};
pub use stored::{Document, Meta, Reason, Removed, SetAside, Source, Stored};
