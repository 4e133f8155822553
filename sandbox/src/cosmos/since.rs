//! The change feed from a time on, which the emulator reads from the beginning.
//!
//! Source: <https://learn.microsoft.com/rest/api/cosmos-db/list-documents> (`If-Modified-Since`). The first pages of a
//! reader name the time; those that it goes on to by a continuation alone are as the emulator has them.

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{emulator::Reply, request::Call};

/// The answer without the documents that were last written before the time that a request names.
pub(super) fn only_newer(call: &Call, mut reply: Reply) -> Reply {
    let is_feed = call.header("a-im").is_some() && reply.is_success();
    let time = call.header("if-modified-since").filter(|_| is_feed);
    let Some(time) = time.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok()) else { return reply };
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let Some(documents) = body["Documents"].as_array_mut() else { return reply };
    documents.retain(|document| document["_ts"].as_i64().is_none_or(|at| at >= time.unix_timestamp()));
    body["_count"] = body["Documents"].as_array().map_or(0, Vec::len).into();
    reply.body = body.to_string().into();
    reply
}
