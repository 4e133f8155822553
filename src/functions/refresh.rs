//! `refresh`: `POST /api/refresh/{resource}/{id?}` brings a resource, or up to twenty of its objects, up to
//! date now.
//!
//! The body is optional: `{"ids": ["…"]}`. What does not end within the time that a caller waits goes on in the
//! queue, and the caller is told where to look. A resource whose row says `onBehalfOf` is read as the caller, and goes on
//! when they call again.

use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;

use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use crate::app::{App, Feed, Presented};
use crate::json::{shown_id, shown_name};
use crate::protocol::Ending;
use crate::report::Outcome;
use crate::sync::Refreshed;

/// When a caller may go on.
const AGAIN: Duration = Duration::from_secs(1);

/// The binding's name in `function.json`.
pub(super) const BINDING: &str = "req";

/// What a caller may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    parent: Option<String>,
    ids: Option<Vec<String>>,
}

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let request = envelope::read::<HttpRequest>(body, BINDING).map_err(Failure::bad)?.trigger;
    let Some(resource) = request.params.get("resource").filter(|_| request.method == "POST") else {
        return Ok(Answer::http(Reply::not_allowed("POST"), Vec::new()));
    };
    let (parent, ids) = match wanted(&request) {
        Ok(wanted) => wanted,
        Err(what) => return Ok(Answer::http(Reply::problem(400, "Bad Request", what), Vec::new())),
    };
    let feed = Feed { resource: resource.clone(), parent };
    let is_for_caller = app.is_read_for_callers(resource);
    let refreshed = match is_for_caller {
        true => app.refresh_as(&presented(&request), &feed, &ids).await,
        false => app.refresh(&feed, &ids).await,
    };
    match refreshed {
        Ok(refreshed) => {
            if ids.is_empty() {
                super::sync::log(&refreshed.outcome);
            }
            let reply = response(resource, &ids, &refreshed);
            if is_for_caller {
                return Ok(Answer::http(for_caller(reply), Vec::new()));
            }
            Ok(Answer::http(reply, super::sync::continuation(&refreshed.outcome)))
        }
        Err(error) => {
            tracing::error!(event = "refresh_failed", resource = shown_name(resource), %error);
            Ok(Answer::http(error.into(), Vec::new()))
        }
    }
}

/// The parent and the ids that the caller names; no ids for the whole feed.
fn wanted(request: &HttpRequest) -> Result<(Option<String>, Vec<String>), String> {
    let body = request.body.as_deref().map(str::trim).filter(|body| !body.is_empty());
    let wanted: Wanted = match body {
        None => Wanted::default(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            "the body is not what is expected; it is optional, and reads {\"ids\": [\"<id>\", …]}".to_owned()
        })?,
    };
    let ids = match (request.params.get("id"), wanted.ids) {
        (Some(_), Some(_)) => {
            return Err("name the object in the path or the objects in the body, not both".into());
        }
        (_, Some(ids)) if ids.is_empty() => {
            return Err("`ids` is empty; leave it out for the whole resource".into());
        }
        (Some(id), None) => vec![id.clone()],
        (None, ids) => ids.unwrap_or_default(),
    };
    Ok((wanted.parent, ids))
}

/// What the caller sends to say who they are.
fn presented(request: &HttpRequest) -> Presented {
    let values = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    Presented { authorization: values("authorization"), from_platform: values("x-ms-token-aad-access-token") }
}

/// Only a caller goes on with what is theirs: they have to call again.
fn for_caller(reply: Reply) -> Reply {
    if reply.status() == 202 { reply.without("location").retry_after(AGAIN) } else { reply }
}

/// What the caller is told.
fn response(resource: &str, ids: &[String], refreshed: &Refreshed) -> Reply {
    let Refreshed { outcome, not_found } = refreshed;
    let status = format!("/api/status/{resource}");
    if !not_found.is_empty() && outcome.counts.objects() == 0 {
        return Reply::problem(
            404,
            "Not Found",
            format!(
                "there is no object with the id {}",
                not_found.iter().map(|id| shown_id(id)).collect::<Vec<_>>().join(", ")
            ),
        );
    }
    match outcome.ending {
        Ending::Throttled { until } => {
            let wait = (until - OffsetDateTime::now_utc()).try_into().unwrap_or_default();
            Reply::problem(429, "Too Many Requests", "Microsoft Graph throttles").retry_after(wait)
        }
        Ending::Busy { .. } => Reply::json(202, refreshed).at(&status),
        Ending::Continued if ids.is_empty() => Reply::json(202, refreshed).at(&status),
        // The feeds below parents are on the queue.
        Ending::Complete if !outcome.due.is_empty() => Reply::json(202, refreshed).at(&status),
        Ending::Refused { status } => {
            let why =
                format!("Microsoft Graph refuses to show what lies under this parent (status {status})");
            Reply::problem(409, "Conflict", why)
        }
        // Whoever requested a rerun meanwhile wants a sync of the feed; the objects are done.
        Ending::Continued => {
            let outcome = Outcome { ending: Ending::Complete, ..outcome.clone() };
            Reply::json(200, &Refreshed { outcome, not_found: not_found.clone() })
        }
        Ending::Held { .. } | Ending::Complete => Reply::json(200, refreshed),
    }
}
