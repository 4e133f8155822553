//! Classifies objects that an enumeration did not include, by Graph's answer to a request for each id (rule 9). An
//! enumeration alone is not sufficient evidence.
//!
//! An object that Graph refuses to return is not known to be gone, and stays.

use std::time::Instant;

use serde_json::value::RawValue;

use super::Source;
use crate::graph::{GraphError, Member, batch};
use crate::protocol::change::{self, Kind};
use crate::protocol::{Candidate, Feed, Window};

/// The result of looking up an object that an enumeration did not include.
#[derive(Debug)]
pub enum Fate {
    /// Graph does not have it, or it has no id that could be looked up.
    Gone,
    /// Graph returned it.
    Shown(Box<RawValue>),
    /// Graph gave no conclusive answer.
    Unknown,
}

/// Looks up objects that an enumeration did not include, up to [`crate::graph::BATCH`] of them. Returns one answer
/// for each, in the same order. Where Graph shows no objects by their ids, the enumeration alone decides. What lies
/// outside of the `range` that the feed shows is gone for the feed.
///
/// # Errors
/// As [`batch`].
pub async fn fates(
    source: &Source,
    candidates: &[Candidate],
    range: Option<Window>,
    deadline: Instant,
) -> Result<Vec<Fate>, GraphError> {
    if !source.reads_by_id() {
        return Ok(candidates.iter().map(|_| Fate::Gone).collect());
    }
    let ids: Vec<Option<&str>> = candidates.iter().map(Candidate::object_id).collect();
    let requests: Vec<_> = ids.iter().flatten().map(|id| source.by_id(id)).collect();
    let answers = batch(&source.graph, &requests, &source.manner, deadline).await?;
    let answers = answers.into_iter().map(|answer| match answer {
        Member::Object(object) if source.is_outside(&object, range) => Member::Gone,
        Member::Object(object) => Member::Object(source.minimise.object(object)),
        other => other,
    });
    Ok(classified(&source.feed, &ids, answers.collect()))
}

/// Classifies each id by its answer. Entries without an id were not requested.
fn classified(feed: &Feed, ids: &[Option<&str>], answers: Vec<Member>) -> Vec<Fate> {
    let mut answers = answers.into_iter();
    let fate = |id: &Option<&str>| match (id, id.and_then(|_| answers.next())) {
        (None, _) | (_, Some(Member::Gone)) => Fate::Gone,
        (Some(id), Some(Member::Object(object))) if is_object(&object, id) => Fate::Shown(object),
        (_, Some(Member::Refused(refusal))) => {
            tracing::warn!(event = "removal_not_confirmed", resource = feed.resource, error = %refusal);
            Fate::Unknown
        }
        _ => Fate::Unknown,
    };
    ids.iter().map(fate).collect()
}

/// Whether the answer is the object with this id: Graph also finds a user by user principal name.
fn is_object(object: &RawValue, id: &str) -> bool {
    let change = change::of_response(object);
    matches!(change.kind, Kind::Put { .. }) && change.id.is_some_and(|found| found.eq_ignore_ascii_case(id))
}
