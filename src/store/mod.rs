//! Azure Cosmos DB: containers, documents, leases and checkpoints. Knows no Graph.
//!
//! Reading order: [`documents`] (what lies in a container), [`items`] (how it gets there), [`control`]
//! (the `mirror` container), [`lease`] (who may write), [`checkpoint`] (how far the copy is).

mod attempt;
mod batch;
mod cause;
mod checkpoint;
mod connection;
mod containers;
mod control;
mod counted;
mod documents;
mod error;
mod etag;
mod format;
mod found;
mod ids;
mod init;
mod items;
mod kept;
mod lease;
mod linked;
mod links;
mod newest;
mod numbers;
mod pacer;
mod properties;
mod remedy;
mod unfit;

pub use checkpoint::{Burnt, CHECKPOINT, Checkpoint, Counts, LastRun, Numbers, Opaque, State, Unclean};
pub use connection::{Options, SCOPE, Store};
pub use containers::{Containers, Ids, Inspected, Unusable, is_good};
pub use control::{CONTROL, Control, Saved};
pub use documents::{Document, Meta, Reason, Removed, SetAside, Source, Stored};
pub use error::{StoreError, Unassigned};
pub use etag::Etag;
pub use format::{FORMAT, Unreadable};
pub use found::{Candidate, Found};
pub use ids::{document_id, hashed};
pub use init::Made;
pub use items::{BATCH, Written};
pub use kept::Kept;
pub use lease::{Acquired, Lease, LeaseState, Purpose, Released, borne_out, first_epoch};
pub use links::{LinkDocument, link_id, parent_of};
pub use properties::{Properties, Ttl};
pub use remedy::Account;
pub use unfit::{Fault, Unfit};
