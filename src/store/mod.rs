//! Azure Cosmos DB: containers, documents, leases and checkpoints. Knows no Graph.
//!
//! Reading order: [`documents`] (what lies in a container), [`items`] (how it gets there), [`control`]
//! (the `mirror` container), [`lease`] (who may write), [`checkpoint`] (how far the copy is).

mod attempt;
mod batch;
mod cause;
mod connection;
mod containers;
mod control;
mod counted;
mod error;
mod found;
mod init;
mod items;
mod kept;
mod lease;
mod linked;
mod newest;
mod numbers;
mod pacer;
mod properties;
mod remedy;
mod unfit;

pub use connection::{Options, SCOPE, Store};
pub use containers::Inspected;
pub use control::{CONTROL, Control, Saved};
pub use error::{StoreError, Unassigned};
pub use found::Found;
pub use init::Made;
pub use items::{BATCH, Written};
pub use lease::{Acquired, Lease};
pub use properties::{Properties, Ttl};
pub use remedy::Account;
pub use unfit::{Fault, Unfit};
