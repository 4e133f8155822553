//! Azure Cosmos DB: containers, documents, leases and checkpoints. Knows no Graph.
//!
//! Reading order: [`connection`] and [`containers`]; [`write()`] (how documents get into a container), [`documents`],
//! [`find`], [`ends`] and [`numbers`] (how they are read, within the scope of a feed); [`control`] (the `mirror`
//! container) and [`lease`] (who may write); [`init`], [`properties`] and [`trial`] for the verbs that prepare, examine and try
//! an account.

mod attempt;
mod batch;
mod cause;
pub mod children;
mod connection;
mod containers;
mod control;
mod definition;
pub mod documents;
pub mod ends;
pub mod erase;
mod error;
pub mod find;
pub mod init;
mod lease;
mod looks;
mod meter;
mod newest;
pub mod numbers;
mod pacer;
mod placed;
pub mod properties;
mod remedy;
mod saves;
mod scoped;
pub mod throttle;
pub mod trial;
mod unfit;
mod write;

pub use connection::{Options, Store};
pub use containers::{Inspected, look_at};
pub use control::{Control, Saved};
pub use definition::{CONTROL, Properties, Ttl};
pub use error::{StoreError, Unassigned};
pub use find::Found;
pub use init::Creation;
pub use lease::{Acquired, Lease, acquire};
pub use meter::Meter;
pub use placed::placed;
pub use remedy::Account;
pub use saves::Saves;
pub use unfit::{Fault, Unfit};
pub use write::{BATCH, write, write_batch};
