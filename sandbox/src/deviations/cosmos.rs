//! Deviations of Azure Cosmos DB.

use bytes::Bytes;
use serde_json::{Value, json};

use super::deviation::{Change, Deviation, Service};
use super::exchange::{Answered, Asked, Memory};

const fn answers(
    name: &'static str,
    breaks: &'static [&'static str],
    change: fn(&Asked, &mut Answered),
) -> Deviation {
    Deviation { name, breaks, service: Service::Cosmos, change: Change::Answer(change) }
}

const fn later(
    name: &'static str,
    breaks: &'static [&'static str],
    change: fn(&Asked, &mut Answered, &mut Memory),
) -> Deviation {
    Deviation { name, breaks, service: Service::Cosmos, change: Change::Later(change) }
}

const fn asks(name: &'static str, breaks: &'static [&'static str], change: fn(&mut Asked)) -> Deviation {
    Deviation { name, breaks, service: Service::Cosmos, change: Change::Request(change) }
}

/// So many answers about a container are as they should be: the client opens it by the first one, for the checks of the
/// doctor, and for the questions once more, and it does not open a container of which it knows nothing.
const OPENED: usize = 3;

/// Writes, and what is read afterwards.
pub(super) const WRITES: &[Deviation] = &[
    asks("If-Match is ignored", &["C-1"], |asked| {
        if asked.method == "PUT" && asked.has("/docs/version") {
            asked.headers.remove("if-match");
        }
    }),
    answers("the present version is refused", &["C-1"], |asked, answer| {
        if asked.method == "PUT" && asked.has("/docs/version") {
            refuse(answer, 412, 0);
        }
    }),
    later("a write leaves the etag", &["C-1"], |asked, answer, memory| {
        let is_it = asked.has("/docs/version") || asked.writes("\"version\"");
        if is_it && answer.headers.contains_key("etag") {
            let first = memory.entry("version".into()).or_insert_with(|| answer.clone());
            answer.headers.insert("etag", first.headers["etag"].clone());
        }
    }),
    answers("a document that was just written is not found", &["C-2"], |asked, answer| {
        if asked.is("GET", "/docs/own") {
            refuse(answer, 404, 0);
        }
    }),
    later("a read shows an old version", &["C-2"], |asked, answer, memory| {
        if asked.is("GET", "/docs/own") {
            *answer = memory.entry("own".into()).or_insert_with(|| answer.clone()).clone();
        }
    }),
    later("a session that was refused a write reads an old version", &["C-3"], |asked, answer, memory| {
        if asked.is("GET", "/docs/other") {
            *answer = memory.entry("other".into()).or_insert_with(|| answer.clone()).clone();
        }
    }),
    answers("the time stamp is in milliseconds", &["C-4"], |asked, answer| {
        if is_write(asked) {
            answer.change(|document| document["_ts"] = json!(document["_ts"].as_i64().map(|ts| ts * 1000)));
        }
    }),
    answers("a write has no time stamp", &["C-4"], |asked, answer| {
        if is_write(asked) {
            answer.change(|document| drop(document.as_object_mut().map(|document| document.remove("_ts"))));
        }
    }),
    answers("the clock of the time stamp is an hour behind", &["C-4"], |asked, answer| {
        if is_write(asked) {
            answer.change(|document| document["_ts"] = json!(document["_ts"].as_i64().map(|ts| ts - 3600)));
        }
    }),
    answers("a batch that failed says that it was carried out", &["C-7"], |asked, answer| {
        if is_batch(asked) {
            answer.status = 200;
            answer.change(|all| {
                all.as_array_mut().into_iter().flatten().for_each(|one| one["statusCode"] = json!(201));
            });
        }
    }),
    answers("a batch that failed has written a part", &["C-7"], |asked, answer| {
        if asked.is("GET", "/docs/part") {
            *answer = made(answer, json!({"id": "part", "content": 2}));
        }
    }),
    answers("a batch that was carried out has not written all", &["C-7"], |asked, answer| {
        if asked.is("GET", "/docs/two") {
            refuse(answer, 404, 0);
        }
    }),
];

/// Ends, limits, containers and roles.
pub(super) const OTHERS: &[Deviation] = &[
    asks("the time to live of a document is ignored", &["C-9"], |asked| {
        if is_write(asked) && asked.writes("\"ends\"") {
            let mut document: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            document["ttl"] = json!(600);
            asked.body = Bytes::from(document.to_string());
            asked.headers.remove("content-length");
        }
    }),
    answers("a document ends before its time", &["C-9"], |asked, answer| {
        if asked.is("GET", "/docs/stays") {
            refuse(answer, 404, 0);
        }
    }),
    later("a container has another resource id each time", &["C-10"], |asked, answer, memory| {
        if is_container(asked, "devices") {
            memory.insert(memory.len().to_string(), answer.clone());
            if memory.len() > OPENED + 1 {
                answer.change(|container| container["_rid"] = json!("Yw4MAJ2RvFg="));
            }
        }
    }),
    later("a container has no resource id", &["C-10"], |asked, answer, memory| {
        if is_container(asked, "devices") {
            memory.insert(memory.len().to_string(), answer.clone());
            if memory.len() > OPENED {
                answer.change(|container| drop(container.as_object_mut().map(|one| one.remove("_rid"))));
            }
        }
    }),
    later("two containers have the same resource id", &["C-10"], |asked, answer, memory| {
        if is_container(asked, "devices") || is_container(asked, "groups") {
            let first = memory.entry("container".into()).or_insert_with(|| answer.clone()).json();
            answer.change(|container| container["_rid"] = first["_rid"].clone());
        }
    }),
    answers("a document of more than two megabytes is taken", &["C-11"], |asked, answer| {
        if is_write(asked) && asked.body.len() > 2 << 20 {
            *answer = made(answer, json!({"id": "large", "content": null}));
        }
    }),
    answers("an id of 1,024 bytes is taken", &["C-11"], |asked, answer| {
        if is_write(asked) && asked.writes(&"i".repeat(1024)) {
            *answer = made(answer, json!({"id": "long", "content": null}));
        }
    }),
    answers("an id of 1,023 bytes is refused", &["C-11"], |asked, answer| {
        if is_write(asked) && asked.writes(&"i".repeat(1023)) {
            refuse(answer, 400, 0);
        }
    }),
    answers("JSON of more than 128 levels is taken", &["C-11"], |asked, answer| {
        if is_write(asked) && asked.writes(&"[".repeat(129)) {
            *answer = made(answer, json!({"id": "deep", "content": null}));
        }
    }),
    answers("the role does not allow a query", &["C-12"], |asked, answer| {
        if asked.has("/colls/mirror/docs") && asked.says("x-ms-documentdb-isquery") {
            refuse(answer, 403, 5302);
        }
    }),
    answers("the role does not allow a read", &["C-12"], |asked, answer| {
        if asked.is("GET", "/docs/none") {
            refuse(answer, 403, 5302);
        }
    }),
    answers("a checkpoint names another tenant", &["E-5"], |asked, answer| {
        if asked.is("GET", "/docs/checkpoint") {
            answer.change(|document| {
                if document.get("tenantId").is_some() {
                    document["tenantId"] = json!("22222222-2222-4333-8444-555555555555");
                }
            });
        }
    }),
];

/// One document is written; no query and no batch.
fn is_write(asked: &Asked) -> bool {
    let is_other = asked.says("x-ms-documentdb-isquery") || is_batch(asked);
    asked.has("/colls/mirror/docs") && ["POST", "PUT"].contains(&asked.method.as_str()) && !is_other
}

fn is_batch(asked: &Asked) -> bool {
    asked.says("x-ms-cosmos-is-batch-request")
}

fn is_container(asked: &Asked, name: &str) -> bool {
    asked.method == "GET" && asked.path.trim_end_matches('/').ends_with(&format!("/colls/{name}"))
}

fn refuse(answer: &mut Answered, status: u16, sub_status: u16) {
    answer.status = status;
    answer.headers.insert("x-ms-substatus", sub_status.into());
    answer.put(&json!({"code": "Refused", "message": "A deviation was planted."}));
}

/// An answer with this document in place of a refusal.
fn made(answer: &Answered, document: Value) -> Answered {
    let mut made = Answered { status: 201, ..answer.clone() };
    made.headers.remove("x-ms-substatus");
    made.headers.insert("etag", axum::http::HeaderValue::from_static("\"planted\""));
    made.put(&document);
    made
}
