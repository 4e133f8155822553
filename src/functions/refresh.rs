//! `refresh`: `POST /api/refresh/{resource}/{id?}` brings a resource, or up to twenty of its objects, up to
//! date now.
//!
//! The body is optional: `{"ids": ["…"]}`. What does not end within the time that a caller waits goes on in the
//! queue, and the caller is told where to look.

use serde::Deserialize;
use time::OffsetDateTime;

use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use super::work::WorkItem;
use crate::app::App;
use crate::json::{shown_id, shown_name};
use crate::mirror::{Ending, Outcome, Refreshed};

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
    let ids = match wanted(&request) {
        Ok(ids) => ids,
        Err(what) => return Ok(Answer::http(Reply::problem(400, "Bad Request", what), Vec::new())),
    };
    match app.refresh(resource, &ids).await {
        Ok(refreshed) => {
            if ids.is_empty() {
                super::sync::log(&refreshed.outcome);
            }
            let work = refreshed.outcome.goes_on().then(|| WorkItem::new(resource));
            Ok(Answer::http(told(resource, &ids, &refreshed), work.into_iter().collect()))
        }
        Err(error) => {
            tracing::error!(event = "refresh_failed", resource = shown_name(resource), %error);
            Ok(Answer::http(error.into(), Vec::new()))
        }
    }
}

/// The ids that the caller names; none for the whole resource.
fn wanted(request: &HttpRequest) -> Result<Vec<String>, String> {
    let body = request.body.as_deref().map(str::trim).filter(|body| !body.is_empty());
    let wanted: Wanted = match body {
        None => Wanted::default(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            "the body is not what is expected; it is optional, and reads {\"ids\": [\"<id>\", …]}".to_owned()
        })?,
    };
    if wanted.parent.is_some() {
        return Err("no resource that is mirrored here has a parent".into());
    }
    match (request.params.get("id"), wanted.ids) {
        (Some(_), Some(_)) => Err("name the object in the path or the objects in the body, not both".into()),
        (_, Some(ids)) if ids.is_empty() => Err("`ids` is empty; leave it out for the whole resource".into()),
        (Some(id), None) => Ok(vec![id.clone()]),
        (None, ids) => Ok(ids.unwrap_or_default()),
    }
}

/// What the caller is told.
fn told(resource: &str, ids: &[String], refreshed: &Refreshed) -> Reply {
    let Refreshed { outcome, nowhere } = refreshed;
    let status = format!("/api/status/{resource}");
    if !nowhere.is_empty() && outcome.counts.objects() == 0 {
        return Reply::problem(
            404,
            "Not Found",
            format!(
                "there is no object with the id {}",
                nowhere.iter().map(|id| shown_id(id)).collect::<Vec<_>>().join(", ")
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
        // Whoever rang meanwhile wants a walk of the feed; the objects are done.
        Ending::Continued => {
            let outcome = Outcome { ending: Ending::Complete, ..outcome.clone() };
            Reply::json(200, &Refreshed { outcome, nowhere: nowhere.clone() })
        }
        Ending::Held { .. } | Ending::Complete => Reply::json(200, refreshed),
    }
}
