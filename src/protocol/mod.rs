//! The protocol: what makes the copy right, decided without I/O. `now` is an argument.
//!
//! Promises: nothing here asks Graph or Cosmos, and nothing looks at a clock; it imports nothing of ours but
//! [`crate::json`], a leaf. A test says so.
//!
//! Reading order: [`lease`] (who may write), [`checkpoint`] (how far the copy of a feed is), [`plan`] (what follows from it), [`machine`] (what
//! a turn does next) and [`ending`]; [`change`] and [`document`] (what an object of a page becomes), [`merge`] and
//! [`content`]; [`stored`] and [`links`] (what lies in a container), [`candidate`] and [`kept`] (what is read back
//! of it), [`containers`], and what they are made of: [`ids`], [`etag`] and [`format`].

mod candidate;
pub mod change;
mod checkpoint;
mod containers;
pub(crate) mod content;
pub mod document;
mod ending;
mod etag;
pub mod format;
mod ids;
mod kept;
pub mod lease;
mod links;
pub(crate) mod machine;
pub(crate) mod merge;
pub(crate) mod plan;
mod stored;

pub use candidate::Candidate;
pub use checkpoint::{Burnt, CHECKPOINT, Checkpoint, Counts, LastRun, Numbers, Opaque, State, Unclean};
pub use containers::{Containers, Ids, Unusable, is_good};
pub use ending::{Ending, Hold};
pub use etag::Etag;
pub use format::{FORMAT, Unreadable};
pub use ids::{document_id, hashed};
pub use kept::Kept;
pub use lease::{LeaseState, Purpose, Released, Span, Terms, borne_out, first_epoch};
pub use links::{LinkDocument, link_id, parent_of};
pub use stored::{Document, Meta, Reason, Removed, SetAside, Source, Stored};
