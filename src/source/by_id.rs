//! Several objects by their ids, in as few requests as possible.

use std::time::Instant;

use serde_json::value::RawValue;

use super::Source;
use crate::graph::{BATCH, GraphError, Member, batch};
use crate::protocol::Window;

/// What Graph says of one object: the object, or that there is none; an error concerns this object only.
pub type Answered = Result<Option<Box<RawValue>>, GraphError>;

/// Reads objects with the properties that the copy has, up to [`BATCH`] of them in one request. Returns one answer for
/// each id, in the same order. With each id comes the range of time that the feed shows, as for [`Source::object`].
///
/// # Errors
/// As [`Source::page`], if a request fails as a whole.
pub async fn objects(
    source: &Source,
    asked: &[(&str, Option<Window>)],
    deadline: Instant,
) -> Result<Vec<Answered>, GraphError> {
    if let [(id, range)] = asked {
        return Ok(vec![Ok(source.object(id, *range, deadline).await?)]);
    }
    let mut all = Vec::with_capacity(asked.len());
    for some in asked.chunks(BATCH) {
        let requests: Vec<_> = some.iter().map(|(id, _)| source.by_id(id)).collect();
        let answers = batch(&source.graph, &requests, &source.manner, deadline).await?;
        all.extend(some.iter().zip(answers).map(|((_, range), answer)| answered(source, *range, answer)));
    }
    Ok(all)
}

fn answered(source: &Source, range: Option<Window>, answer: Member) -> Answered {
    match answer {
        Member::Object(object) if source.is_outside(&object, range) => Ok(None),
        Member::Object(object) => Ok(Some(source.minimise.object(object))),
        Member::Gone => Ok(None),
        Member::Refused(refusal) if refusal.status == 403 => Err(GraphError::Forbidden(refusal)),
        Member::Refused(refusal) => Err(GraphError::Refused(refusal)),
    }
}
