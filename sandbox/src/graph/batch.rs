//! `POST /v1.0/$batch`: up to twenty requests in one, answered one by one, in any order.
//!
//! The answer as a whole is 200 whatever became of its parts. Each part is a request of its own: it is recorded, may meet a
//! fault that stands for an answer, and counts. Source: <https://learn.microsoft.com/graph/json-batching>. Left out:
//! `dependsOn`, and any method but GET and the POST of `getByIds`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{answer::Answer, fault::Fault, inner::Inner, kind::Kind, request::Record, single};
use crate::script::lock;

/// Most requests of a batch.
const MOST: usize = 20;

/// Whether a request is a batch.
pub(super) fn is_batch(record: &Record) -> bool {
    record.kind == Kind::Batch
}

/// The answer to a batch.
pub(super) fn answer(inner: &Inner, record: &Record, bearer: Option<&str>, body: &[u8]) -> Answer {
    let malformed = |message: &str| Answer::error(400, "BadRequest", message);
    if record.method != "POST" {
        return Answer::error(405, "Request_BadRequest", "Specified HTTP method is not allowed.");
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return malformed("Invalid batch payload.");
    };
    let Some(requests) = body["requests"].as_array() else {
        return malformed("Invalid batch payload format.");
    };
    if requests.is_empty() || requests.len() > MOST {
        return malformed("Number of batch request steps exceeds the maximum value of 20.");
    }
    let ids: BTreeSet<_> =
        requests.iter().filter_map(|one| one["id"].as_str()).map(str::to_lowercase).collect();
    if ids.len() != requests.len() {
        return malformed("Every request id has to be there, and unique.");
    }
    let mut responses: Vec<_> = requests.iter().map(|one| part(inner, record, bearer, one)).collect();
    lock(&inner.ids).shuffle(&mut responses);
    Answer::json(json!({ "responses": responses }))
}

fn part(inner: &Inner, batch: &Record, bearer: Option<&str>, request: &Value) -> Value {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let version = batch.path.split('/').nth(1).unwrap_or("v1.0");
    let url = text("url");
    let path = format!("/{version}/{}", url.trim_start_matches('/'));
    let record = batch.with_path(text("method"), &path).with_headers(&request["headers"]);
    let number = inner.record(&record);
    let fault = inner.faults.next(&record);
    let answer = match fault.as_ref().and_then(Fault::instead) {
        Some(answer) => answer,
        None => {
            single::answer(inner, &record, bearer, fault.as_ref(), request["body"].to_string().as_bytes())
        }
    };
    let answer = inner.tell_load(&record, answer);
    inner.note_status(number, answer.status);
    let headers: Map<_, _> =
        answer.headers.iter().map(|(name, value)| (capitalized(name), json!(value))).collect();
    let status = answer.status;
    let bytes = answer.bytes(&inner.next_id(), "batch");
    let body =
        serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    json!({"id": request["id"], "status": status, "headers": headers, "body": body})
}

/// The name of a header as a part shows it; some clients tell the case.
fn capitalized(name: &str) -> String {
    if name.starts_with("x-") {
        return name.to_owned();
    }
    let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<Vec<_>>().join("-")
}
