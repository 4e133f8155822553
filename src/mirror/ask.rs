//! Asking Graph by id about what a sweep is about to remove (rule 9): a walk alone is not believed.
//!
//! Twenty objects a request, with the permission of the feed and its own `$select`. What Graph refuses to show is not known
//! to be gone, and stays.

use std::time::Instant;

use serde_json::value::RawValue;

use super::drive::by_id;
use crate::catalogue::Row;
use crate::graph::{self, GraphError, Member};
use crate::protocol::Candidate;
use crate::protocol::change::{self, Kind};

/// What Graph says of an object that a walk did not show.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is not there, or it is no object that anybody could ask for.
    Gone,
    /// It is there.
    Shown(Box<RawValue>),
    /// Graph does not say.
    Unknown,
}

/// Asks for up to [`graph::BATCH`] objects; one answer for each, in their order.
///
/// # Errors
/// As [`graph::Client::batch`].
pub(super) async fn ask(
    graph: &graph::Client,
    row: &Row,
    candidates: &[Candidate],
    deadline: Instant,
) -> Result<Vec<Fate>, GraphError> {
    let ids: Vec<Option<&str>> = candidates.iter().map(Candidate::object_id).collect();
    let requests: Vec<_> = ids.iter().flatten().map(|id| by_id(row, id)).collect();
    let mut members = graph.batch(&requests, deadline).await?.into_iter();
    let fate = |id: Option<&str>| match (id, id.and_then(|_| members.next())) {
        (None, _) | (_, Some(Member::Gone)) => Fate::Gone,
        (Some(id), Some(Member::Object(object))) if is_object(&object, id) => Fate::Shown(object),
        (_, Some(Member::Refused(refusal))) => {
            tracing::warn!(event = "removal_not_confirmed", resource = row.resource, error = %refusal);
            Fate::Unknown
        }
        _ => Fate::Unknown,
    };
    Ok(ids.into_iter().map(fate).collect())
}

/// Graph also finds a user by another name.
fn is_object(object: &RawValue, id: &str) -> bool {
    let change = change::of_response(object);
    matches!(change.kind, Kind::Put { .. }) && change.id.is_some_and(|found| found.eq_ignore_ascii_case(id))
}
