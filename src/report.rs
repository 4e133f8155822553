//! Reports on turns: how each ended, what it cost, the status of the copy, and error messages.
//!
//! Leaves out on purpose: consequences for the copy. No report influences it.

mod below;
mod error;
mod outcome;
pub mod quiet;
pub mod run;
mod status;

pub use below::Below;
pub use error::{Service, SyncError};
pub use outcome::{Outcome, request_units};
pub use run::{Cost, Ended, Failed, Run, Unclean};
pub use status::{Held, Shown, State, Status, checkpoint, status, status_below};
