//! The verb `refresh`: updates single objects on request.

use std::time::Duration;

use serde::Serialize;

use super::run_turn;
use crate::mirror::Mirror;
use crate::protocol::machine::Task;
use crate::report::{Outcome, SyncError};

/// The result of a refresh.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// The outcome of the turn.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Ids for which Graph has no object and the copy has no current object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_found: Vec<String>,
}

/// Updates the copies of single objects, for at most about `budget`.
///
/// # Errors
/// [`SyncError`]; some of the objects may have been written.
pub async fn refresh(mirror: &Mirror, ids: &[String], budget: Duration) -> Result<Refreshed, SyncError> {
    let (outcome, not_found) = run_turn(Task::LookUp, mirror, budget, ids).await?;
    Ok(Refreshed { outcome, not_found })
}
