//! Deviations of Microsoft Graph.

use serde_json::{Value, json};

use super::deviation::{Change, Deviation, Service};
use super::exchange::{Answered, Asked};

const fn answers(
    name: &'static str,
    breaks: &'static [&'static str],
    change: fn(&Asked, &mut Answered),
) -> Deviation {
    Deviation { name, breaks, service: Service::Graph, change: Change::Answer(change) }
}

const fn asks(name: &'static str, breaks: &'static [&'static str], change: fn(&mut Asked)) -> Deviation {
    Deviation { name, breaks, service: Service::Graph, change: Change::Request(change) }
}

const NEXT: &str = "@odata.nextLink";
const DELTA: &str = "@odata.deltaLink";

/// Pages of a delta query.
pub(super) const PAGES: &[Deviation] = &[
    answers("a page has no link", &["G-2"], |asked, answer| {
        if is_walk(asked) {
            answer.change(without(&[NEXT, DELTA]));
        }
    }),
    answers("a page has no list of objects", &["G-2"], |asked, answer| {
        if is_walk(asked) {
            answer.change(without(&["value"]));
        }
    }),
    answers("a page is no JSON", &["G-2"], |asked, answer| {
        if is_walk(asked) {
            answer.write("<html></html>", "text/html");
        }
    }),
    answers("the link of a page is a number", &["G-2"], |asked, answer| {
        if is_walk(asked) {
            answer.change(|page| page[NEXT] = json!(7));
        }
    }),
    answers("a next link leads to another host", &["G-20"], |asked, answer| {
        if is_walk(asked) {
            answer.change(|page| page[NEXT] = json!("https://graph.example/v1.0/users/delta?$skiptoken=x"));
        }
    }),
    answers("a delta link leads to another host", &["G-20"], |asked, answer| {
        if asked.has("/delta") {
            answer.change(|page| {
                if page.get(DELTA).is_some() {
                    page[DELTA] = json!("https://graph.example/v1.0/users/delta?$deltatoken=x");
                }
            });
        }
    }),
    answers("an object is removed for another reason", &["G-4"], |asked, answer| {
        if is_walk(asked) {
            answer.change(each(|object| {
                if object.get("@removed").is_some() {
                    object["@removed"] = json!({"reason": "archived"});
                }
            }));
        }
    }),
    answers("an object is removed without a reason", &["G-4"], |asked, answer| {
        if is_walk(asked) {
            answer.change(each(|object| {
                if object.get("@removed").is_some() {
                    object["@removed"] = json!({});
                }
            }));
        }
    }),
    asks("an unknown token is answered a page", &["G-6"], |asked| {
        if asked.has(NEVER) {
            asked.uri = asked.uri.split('?').next().unwrap_or_default().to_owned();
        }
    }),
    answers("an unknown token is answered 404 with a code of no object", &["G-6"], |asked, answer| {
        if asked.has(NEVER) {
            answer.refuse(404, "NotFound");
        }
    }),
    answers("an unknown token is answered 422", &["G-6"], |asked, answer| {
        if asked.has(NEVER) {
            answer.refuse(422, "UnprocessableEntity");
        }
    }),
    answers("a fresh delta link is dead", &["G-17"], |asked, answer| {
        if is_fresh(asked) {
            answer.refuse(410, "syncStateNotFound");
        }
    }),
    answers("a fresh delta link gives a page without a link", &["G-17"], |asked, answer| {
        if is_fresh(asked) {
            answer.change(without(&[NEXT, DELTA]));
        }
    }),
];

/// Objects by their ids.
pub(super) const SINGLE: &[Deviation] = &[
    answers("an id that no object has is answered an object", &["G-9"], |asked, answer| {
        if is_object(asked) && answer.status == 404 {
            answer.status = 200;
            answer.put(&json!({"id": "00000000-0000-4000-8000-000000000000"}));
        }
    }),
    answers("an id that no object has is answered 404 without a code", &["G-9"], |asked, answer| {
        if is_object(asked) && answer.status == 404 {
            answer.put(&json!({}));
        }
    }),
    answers("an id that no object has is answered 400", &["G-9"], |asked, answer| {
        if is_object(asked) && answer.status == 404 {
            answer.refuse(400, "BadRequest");
        }
    }),
    answers("a batch leaves out an answer", &["G-12"], |asked, answer| {
        if asked.has("/$batch") {
            answer.change(|batch| drop(batch["responses"].as_array_mut().map(Vec::pop)));
        }
    }),
    answers("a batch has the ids of its answers wrong", &["G-12"], |asked, answer| {
        if asked.has("/$batch") {
            answer.change(|batch| swap_ids(&mut batch["responses"]));
        }
    }),
    answers("a batch takes ten requests", &["G-12"], |asked, answer| {
        if asked.has("/$batch") {
            answer.refuse(400, "BadRequest");
        }
    }),
    answers("a batch answers an object for an id that none has", &["G-12"], |asked, answer| {
        if asked.has("/$batch") {
            answer.change(|batch| {
                missing_of(batch, |part| *part = json!({"status": 200, "body": {"id": "x"}}))
            });
        }
    }),
    answers("a batch answers 404 without a code", &["G-12"], |asked, answer| {
        if asked.has("/$batch") {
            answer.change(|batch| missing_of(batch, |part| *part = json!({"status": 404, "body": {}})));
        }
    }),
];

/// Lists, and what a first copy as a list needs.
pub(super) const LISTS: &[Deviation] = &[
    answers("the latest token comes with objects", &["G-13"], |asked, answer| {
        if is_latest(asked) {
            answer.change(|page| page["value"] = json!([{"id": "00000000-0000-4000-8000-000000000000"}]));
        }
    }),
    answers("the latest token is refused with a select", &["G-13"], |asked, answer| {
        if is_latest(asked) {
            answer.refuse(400, "Request_UnsupportedQuery");
        }
    }),
    answers("the latest token comes without a link", &["G-13"], |asked, answer| {
        if is_latest(asked) {
            answer.change(without(&[DELTA]));
        }
    }),
    answers("the latest token comes with a next link", &["G-13"], |asked, answer| {
        if is_latest(asked) {
            answer.change(|page| page[NEXT] = page[DELTA].take());
        }
    }),
    answers("a count with a filter is refused", &["G-14"], |asked, answer| {
        if asked.has("/$count") {
            answer.refuse(400, "Request_UnsupportedQuery");
        }
    }),
    answers("a count is a word", &["G-14"], |asked, answer| {
        if asked.has("/$count") {
            answer.write("many", "text/plain");
        }
    }),
    answers("a count is an object", &["G-14"], |asked, answer| {
        if asked.has("/$count") {
            answer.put(&json!({"@odata.count": 7}));
        }
    }),
    answers("a filter by time is refused", &["G-15"], |asked, answer| {
        if is_filtered(asked) {
            answer.refuse(400, "Request_UnsupportedQuery");
        }
    }),
    asks("a filter by time is ignored", &["G-15"], |asked| {
        if is_filtered(asked) {
            asked.uri = asked.uri.replace("filter=", "x=").replace("$x=", "x=").replace("%24x=", "x=");
        }
    }),
    answers("a filter by time leaves out an object", &["G-15"], |asked, answer| {
        if is_filtered(asked) {
            answer.change(|page| page["value"] = json!([]));
        }
    }),
    answers("the delta query has a value where the list has null", &["G-16"], |asked, answer| {
        if is_walk(asked) {
            answer.change(each(|object| object["faxNumber"] = json!("7")));
        }
    }),
    answers("the delta query lacks a value that the list has", &["G-16"], |asked, answer| {
        if is_walk(asked) {
            answer.change(each(without(&["displayName"])));
        }
    }),
];

/// Drives and subscriptions.
pub(super) const OTHERS: &[Deviation] = &[
    answers("a time in the place of a token is refused", &["G-18"], |asked, answer| {
        if is_time(asked) {
            answer.refuse(400, "InvalidRequest");
        }
    }),
    answers("a time in the place of a token gives a page without a link", &["G-18"], |asked, answer| {
        if is_time(asked) {
            answer.change(without(&[NEXT, DELTA]));
        }
    }),
    asks("Graph calls another address than the one that it was given", &["G-21"], |asked| {
        if asked.is("POST", "/subscriptions") {
            let mut wanted: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            wanted["notificationUrl"] = json!("http://127.0.0.1:9/");
            asked.body = wanted.to_string().into();
            asked.headers.remove("content-length");
        }
    }),
    answers("a subscription has no id", &["G-21"], |asked, answer| {
        if asked.is("POST", "/subscriptions") {
            answer.change(without(&["id"]));
        }
    }),
];

/// The token with which it is asked what a dead one is answered.
const NEVER: &str = "graph-mirror-never-had-it";

/// A page of the users' delta query that was not asked for with a delta token.
fn is_walk(asked: &Asked) -> bool {
    asked.is("GET", "/users/delta") && !asked.has("deltatoken")
}

fn is_latest(asked: &Asked) -> bool {
    asked.has("/users/delta") && asked.has("deltatoken=latest")
}

fn is_fresh(asked: &Asked) -> bool {
    asked.has("/users/delta") && asked.has("deltatoken=") && !asked.has(NEVER) && !is_latest(asked)
}

fn is_object(asked: &Asked) -> bool {
    let path = asked.path.split('?').next().unwrap_or_default();
    path.strip_prefix("/v1.0/users/").is_some_and(|id| id.len() == 36)
}

fn is_filtered(asked: &Asked) -> bool {
    asked.has("/users?") && asked.has("createdDateTime ge")
        || asked.has("/users?") && asked.has("createdDateTime+ge")
}

fn is_time(asked: &Asked) -> bool {
    asked.has("/root/delta") && asked.has("token=20")
}

fn without(names: &'static [&'static str]) -> impl Fn(&mut Value) + Copy {
    move |value| {
        if let Some(object) = value.as_object_mut() {
            names.iter().for_each(|name| drop(object.remove(*name)));
        }
    }
}

/// Changes each object of a page.
fn each(change: impl Fn(&mut Value)) -> impl FnOnce(&mut Value) {
    move |page| page["value"].as_array_mut().into_iter().flatten().for_each(change)
}

/// The first two objects of a batch have each other's ids.
fn swap_ids(responses: &mut Value) {
    let mut found = responses.as_array_mut().into_iter().flatten().filter(|part| part["status"] == 200);
    if let (Some(one), Some(other)) = (found.next(), found.next()) {
        std::mem::swap(&mut one["id"], &mut other["id"]);
    }
}

/// Changes the answers of a batch that say that there is no object; their ids stay.
fn missing_of(batch: &mut Value, change: impl Fn(&mut Value)) {
    for part in batch["responses"].as_array_mut().into_iter().flatten().filter(|part| part["status"] == 404) {
        let id = part["id"].take();
        change(part);
        part["id"] = id;
    }
}
