//! `status`: `GET /api/status/{resource?}` answers what is mirrored, as of when, and in which state: as JSON, or as a
//! page when a browser asks.

use time::OffsetDateTime;

use super::accept::prefers_html;
use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use crate::app::{App, Feed};

mod page;
mod plot;
mod runs;
mod section;
mod words;

/// The binding's name in `function.json`.
pub(super) const BINDING: &str = "req";

/// Runs that the page shows of each resource; JSON has the last one only.
const RUNS: u32 = 30;

/// Runs one invocation.
pub async fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let request = envelope::read::<HttpRequest>(body, BINDING).map_err(Failure::bad)?.trigger;
    if request.method != "GET" {
        return Ok(Answer::http(Reply::not_allowed("GET"), Vec::new()));
    }
    let resource = request.params.get("resource").map(String::as_str);
    let parent = request.query.get("parent").cloned();
    let feed = resource.map(|resource| Feed { parent, ..Feed::of(resource) });
    let is_page = asks_for_page(&request);
    let reply = match app.status(feed.as_ref(), if is_page { RUNS } else { 1 }).await {
        Ok(all) if is_page => {
            let address = page::Address { has_key: request.query.contains_key("code"), resource };
            let page = page::render(&all, address, OffsetDateTime::now_utc());
            Reply::bare(200).with_page(page, &page::policy())
        }
        Ok(all) => Reply::json(200, &all),
        Err(error) => {
            tracing::error!(event = "status_failed", %error);
            for_people(error.into(), is_page)
        }
    };
    Ok(Answer::http(varying(reply), Vec::new()))
}

/// The settings are wrong: the caller is told which.
pub fn refuse(problems: &str, body: &[u8]) -> Answer {
    let request = envelope::read::<HttpRequest>(body, BINDING).map(|invocation| invocation.trigger);
    let is_page = request.is_ok_and(|request| asks_for_page(&request));
    let reply = Reply::problem(500, "Internal Server Error", problems);
    Answer::http(varying(for_people(reply, is_page)), Vec::new())
}

fn asks_for_page(request: &HttpRequest) -> bool {
    request.headers.get("accept").is_some_and(|accept| prefers_html(accept))
}

/// A problem as a page, where a browser asked.
fn for_people(reply: Reply, is_page: bool) -> Reply {
    match reply.problem_told().filter(|_| is_page).map(|(title, detail)| page::problem(title, detail)) {
        Some(page) => reply.with_page(page, &page::policy()),
        None => reply,
    }
}

/// The answer depends on what the caller accepts.
fn varying(reply: Reply) -> Reply {
    reply.with("vary", "accept")
}

#[cfg(test)]
mod tests;
