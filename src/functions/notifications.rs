//! `notifications`: `POST /api/notifications`, where Graph validates the address and tells what changed.
//!
//! Anybody can call it. It answers within milliseconds, asks nobody, and does no more than to ring: one work
//! item for each feed that a genuine notification names. What is not genuine gets the same answer.
//!
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>

use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use super::work::WorkItem;
use crate::app::App;
use crate::notify::NotADelivery;
use crate::subscriptions::FEED;

/// The binding's name in `function.json`.
const BINDING: &str = "req";
/// Longest validation token that is given back; Graph's have a few hundred bytes.
const LONGEST_TOKEN: usize = 4096;
/// Largest body of notifications; Graph's have some KiB. The host repeats it several times in the envelope.
const LARGEST_BODY: usize = 256 << 10;

/// Runs one invocation.
pub fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let request = envelope::read::<HttpRequest>(body, BINDING).map_err(Failure::bad)?.trigger;
    if !app.is_notified() {
        return Ok(Answer::http(Reply::bare(404), Vec::new()));
    }
    if request.method != "POST" {
        return Ok(Answer::http(Reply::not_allowed("POST"), Vec::new()));
    }
    Ok(match request.query.get("validationToken") {
        Some(token) => Answer::http(validated(app, token), Vec::new()),
        None => delivered(app, &request),
    })
}

/// The token as it came, which the host has decoded already. One that could be more than a text is refused.
fn validated(app: &App, token: &str) -> Reply {
    let is_odd = |c: char| c.is_control() || matches!(c, '<' | '>');
    if token.is_empty() || token.len() > LONGEST_TOKEN || token.contains(is_odd) {
        tracing::warn!(event = "validation_refused", bytes = token.len());
        app.count_refused();
        return Reply::bare(400);
    }
    tracing::info!(event = "validation");
    Reply::text(200, token)
}

fn delivered(app: &App, request: &HttpRequest) -> Answer {
    // The host passes no body on that came without a length: nobody knows what it said, so the timers look.
    let Some(body) = &request.body else {
        tracing::warn!(event = "notifications_withheld");
        app.count_withheld();
        return Answer::http(Reply::bare(202), Vec::new());
    };
    if body.len() > LARGEST_BODY {
        return refused(app, 413, "too large");
    }
    if !is_json(request) {
        return refused(app, 415, "not JSON by its content type");
    }
    match app.judge(body) {
        Ok(delivery) => {
            let dropped = delivery.dropped;
            let (rung, foreign, odd) = (delivery.rung.len(), dropped.foreign, dropped.odd);
            match foreign + odd {
                0 => tracing::info!(event = "notifications", rung),
                _ => tracing::warn!(event = "notifications_dropped", rung, foreign, odd),
            }
            let ours = delivery.subscriptions.then_some(FEED);
            let rung = delivery.rung.iter().map(String::as_str).chain(ours);
            let work = rung.map(WorkItem::new).collect();
            Answer::http(Reply::bare(202), work)
        }
        Err(error @ NotADelivery::TooMany) => refused(app, 413, &error.to_string()),
        Err(error @ NotADelivery::Odd) => refused(app, 400, &error.to_string()),
    }
}

/// The log says why, the caller learns nothing.
fn refused(app: &App, status: u16, why: &str) -> Answer {
    app.count_refused();
    tracing::warn!(event = "notifications_refused", reason = why);
    Answer::http(Reply::bare(status), Vec::new())
}

fn is_json(request: &HttpRequest) -> bool {
    let told = request.headers.get("content-type").and_then(|values| values.first());
    let kind = told.and_then(|told| told.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
