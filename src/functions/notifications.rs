//! `notifications`: `POST /api/notifications`, where Graph validates the address and tells what changed.
//!
//! Anybody can call it. It answers within milliseconds, asks nobody, and only requests runs: one work item for each feed that a
//! genuine notification names, or for twenty of its objects where there is no delta query. What is not genuine gets the same
//! answer, and is counted rather than logged: one line a minute says how many there were.
//!
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>

use super::answer::{Answer, Failure};
use super::envelope::{self, HttpRequest};
use super::reply::Reply;
use super::work::WorkItem;
use crate::app::{App, Feed};
use crate::notify::{NotADelivery, Tallied, Wanted};
use crate::subscriptions::FEED;

/// The binding's name in `function.json`.
const BINDING: &str = "req";
/// Objects in one work item: one `$batch` asks for them (<https://learn.microsoft.com/graph/json-batching>).
const MOST_IDS: usize = 20;
/// Longest validation token that is given back; Graph's have a few hundred bytes.
const LONGEST_TOKEN: usize = 4096;
/// Largest body of notifications; Graph's have some KiB. The host repeats it several times in the envelope.
const LARGEST_BODY: usize = 256 << 10;

/// Runs one invocation.
pub fn run(app: &App, body: &[u8]) -> Result<Answer, Failure> {
    let request = envelope::read::<HttpRequest>(body, BINDING).map_err(Failure::bad)?.trigger;
    if !app.is_notified() {
        return Ok(Answer::quiet(Reply::bare(404)));
    }
    if request.method != "POST" {
        return Ok(Answer::quiet(Reply::not_allowed("POST")));
    }
    Ok(match request.query.get("validationToken") {
        Some(token) => Answer::quiet(validated(app, token)),
        None => delivered(app, &request),
    })
}

/// What does not fit into an envelope is refused before anything of it is read.
pub(super) fn too_large(app: &App) {
    app.count(Tallied { refused: 1, ..Tallied::default() });
}

/// The token as it came, which the host has decoded already. One that could be more than a text is refused.
fn validated(app: &App, token: &str) -> Reply {
    let is_odd = |c: char| c.is_control() || matches!(c, '<' | '>');
    if token.is_empty() || token.len() > LONGEST_TOKEN || token.contains(is_odd) {
        app.count(Tallied { refused: 1, ..Tallied::default() });
        return Reply::bare(400);
    }
    app.count_validation();
    Reply::text(200, token)
}

fn delivered(app: &App, request: &HttpRequest) -> Answer {
    // The host passes no body on that came without a length: nobody knows what it said, so the timers look.
    let Some(body) = &request.body else {
        app.count(Tallied { withheld: 1, ..Tallied::default() });
        return Answer::quiet(Reply::bare(202));
    };
    if body.len() > LARGEST_BODY {
        return refused(app, 413);
    }
    if !is_json(request) {
        return refused(app, 415);
    }
    match app.judge(body) {
        Ok(delivery) => {
            let ours = delivery.subscriptions.then_some(FEED);
            let feeds = delivery.feeds.iter().flat_map(|(key, wanted)| items(&Feed::named(key), wanted));
            let below = delivery.below.iter().map(|key| WorkItem::of_part(FEED, key));
            let work: Vec<_> = feeds.chain(below).chain(ours.map(WorkItem::new)).collect();
            if work.is_empty() {
                return Answer::quiet(Reply::bare(202));
            }
            tracing::info!(event = "notifications", feeds = delivery.feeds.len());
            Answer::http(Reply::bare(202), work)
        }
        Err(NotADelivery::TooMany) => refused(app, 413),
        Err(NotADelivery::Odd) => refused(app, 400),
    }
}

/// The work items for what is wanted of a feed.
fn items(feed: &Feed, wanted: &Wanted) -> Vec<WorkItem> {
    match wanted {
        Wanted::Feed => vec![WorkItem::of(feed)],
        Wanted::Objects(ids) => {
            let ids: Vec<_> = ids.iter().cloned().collect();
            ids.chunks(MOST_IDS).map(|some| WorkItem::of(feed).only(some)).collect()
        }
    }
}

/// The numbers say that there was one, the caller learns nothing.
fn refused(app: &App, status: u16) -> Answer {
    app.count(Tallied { refused: 1, ..Tallied::default() });
    Answer::quiet(Reply::bare(status))
}

fn is_json(request: &HttpRequest) -> bool {
    let told = request.headers.get("content-type").and_then(|values| values.first());
    let kind = told.and_then(|told| told.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
