//! Faults as values, and their effect on an answer.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::answer::Answer;
use crate::clock::http_date;

/// How a throttled answer says when to come back.
#[derive(Clone, Debug)]
pub enum RetryAfter {
    /// Seconds as text; Graph has been seen to send fractions such as `2.128`.
    Seconds(String),
    /// An HTTP date, so far in the future.
    DateIn(Duration),
    /// No header, as some workloads do.
    Absent,
}

/// One way to go wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429, 503 or 504. Source: <https://learn.microsoft.com/graph/throttling>.
    Throttle {
        /// The status.
        status: u16,
        /// The header.
        retry_after: RetryAfter,
    },
    /// The connection is reset without an answer.
    Reset,
    /// The answer breaks off in the middle of its body.
    CutBody(Framing),
    /// Status 200 with an HTML page, as a captive proxy answers.
    Html,
    /// Status 200 with a body of this content type.
    Typed(&'static str),
    /// Status 200 with something that only claims to be JSON.
    NotJson,
    /// The page lacks `value`.
    NoValue,
    /// The page has neither a next nor a delta link.
    NoLink,
    /// The link of the page leads to this host.
    ForeignLink(String),
    /// A redirect to this address.
    RedirectTo(String),
    /// 410 that sends the client to this address.
    GoneTo(String),
    /// The page is at least so many bytes long.
    Huge(usize),
    /// The answer has this header besides, such as `x-ms-throttle-limit-percentage`.
    Header(&'static str, &'static str),
    /// The answer comes so much later.
    Slow(Duration),
    /// Any status with any body.
    Status {
        /// The status.
        code: u16,
        /// The body.
        body: String,
    },
    /// The token of the request has died, for this request and all later ones. A request without a token is answered.
    TokenDead(TokenDeath),
}

/// How a body that breaks off had announced its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`, more than what is sent.
    Length,
    /// Chunks, without the last one.
    Chunked,
}

/// The faces of a dead delta or page token; a client has to start over after each.
/// Sources: <https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset>, and what was seen in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenDeath {
    /// 410 with a `Location` that has an empty delta token (directory objects).
    Location,
    /// 410 `resyncRequired` with a `Location`, the inner code says `resyncChangesApplyDifferences` (drives, lists).
    ResyncApply,
    /// The same with the inner code `resyncChangesUploadDifferences`.
    ResyncUpload,
    /// 410 `SyncStateNotFound`, Pascal case as on the wire (Outlook).
    SyncStateNotFound,
    /// The same code under status 400.
    SyncStateNotFoundAs400,
    /// 400 `Request_UnsupportedQuery`, "DeltaLink older than 30 days is not supported." (undocumented for delta).
    OlderThan30Days,
    /// 400 `Directory_ExpiredPageToken`.
    ExpiredPageToken,
    /// 400 `BadRequest` about the token, with a page of data in the body that nobody may use.
    BadTokenWithData,
}

impl TokenDeath {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Location,
        Self::ResyncApply,
        Self::ResyncUpload,
        Self::SyncStateNotFound,
        Self::SyncStateNotFoundAs400,
        Self::OlderThan30Days,
        Self::ExpiredPageToken,
        Self::BadTokenWithData,
    ];

    /// The answer to a request with such a token; `restart` is where a `Location` leads.
    pub(super) fn answer(self, restart: &str) -> Answer {
        let resync = |inner: &str| {
            let mut answer = Answer::error(
                410,
                "resyncRequired",
                "Resync required. Replace any local items with the server's version.",
            );
            answer.body["error"]["innerError"]["code"] = json!(inner);
            answer.with("location", restart)
        };
        let state = "The sync state generation is not found; generation=149;[highest=157].";
        match self {
            Self::Location => {
                Answer::error(410, "Gone", "The delta token is gone.").with("location", restart)
            }
            Self::ResyncApply => resync("resyncChangesApplyDifferences"),
            Self::ResyncUpload => resync("resyncChangesUploadDifferences"),
            Self::SyncStateNotFound => Answer::error(410, "SyncStateNotFound", state),
            Self::SyncStateNotFoundAs400 => Answer::error(400, "SyncStateNotFound", state),
            Self::OlderThan30Days => Answer::error(
                400,
                "Request_UnsupportedQuery",
                "DeltaLink older than 30 days is not supported.",
            ),
            Self::ExpiredPageToken => Answer::error(
                400,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired.",
            ),
            Self::BadTokenWithData => {
                let mut answer = Answer::error(400, "BadRequest", "Badly formed token.");
                answer.body["value"] =
                    json!([{"id": "00000000-0000-4000-8000-00000000dead", "displayName": "not data"}]);
                answer
            }
        }
    }
}

impl Fault {
    /// The answer that takes the place of the true one, for the faults that need nothing of it.
    pub(super) fn instead(&self) -> Option<Answer> {
        match self {
            Self::Throttle { status, retry_after } => Some(throttled(*status, retry_after)),
            Self::Html => Some(Answer::text(
                200,
                "text/html",
                "<!doctype html><title>Sign in</title><p>Please sign in to the network.",
            )),
            Self::Typed(kind) => Some(Answer::text(200, kind, "{}")),
            Self::NotJson => Some(Answer::text(200, "application/json", "{\"value\":[{\"id\":\"")),
            Self::RedirectTo(url) => Some(Answer::text(302, "text/plain", "").with("location", url)),
            Self::GoneTo(url) => {
                Some(Answer::error(410, "resyncRequired", "Resync required.").with("location", url))
            }
            Self::Status { code, body } => Some(Answer::text(*code, "application/json", body.as_str())),
            _ => None,
        }
    }

    /// Spoils a true answer.
    pub(super) fn spoil(&self, answer: &mut Answer) {
        if let Self::Header(name, value) = self {
            answer.headers.push((*name, (*value).to_owned()));
            return;
        }
        let Value::Object(page) = &mut answer.body else { return };
        match self {
            Self::NoValue => drop(page.remove("value")),
            Self::NoLink => page.retain(|name, _| !name.ends_with("Link")),
            Self::ForeignLink(host) => {
                page.iter_mut().filter(|(name, _)| name.ends_with("Link")).for_each(|(_, link)| {
                    let path = link
                        .as_str()
                        .and_then(|link| link.split_once("/v1.0/").map(|(_, path)| path))
                        .unwrap_or_default();
                    *link = json!(format!("https://{host}/v1.0/{path}"));
                })
            }
            Self::Huge(bytes) => drop(page.insert("padding".into(), json!(" ".repeat(*bytes)))),
            _ => {}
        }
    }
}

fn throttled(status: u16, retry_after: &RetryAfter) -> Answer {
    let (code, message) = match status {
        503 => ("serviceNotAvailable", "The service is temporarily unavailable."),
        504 => ("gatewayTimeout", "The gateway timed out."),
        _ => ("TooManyRequests", "Too many requests."),
    };
    let answer = Answer::error(status, code, message);
    match retry_after {
        RetryAfter::Seconds(seconds) => answer.with("retry-after", seconds),
        RetryAfter::DateIn(wait) => answer.with("retry-after", &http_date(OffsetDateTime::now_utc() + *wait)),
        RetryAfter::Absent => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_death_is_a_410_or_400_and_those_with_a_location_restart() {
        for death in TokenDeath::ALL {
            let answer = death.answer("http://here/restart");
            assert!(matches!(answer.status, 400 | 410), "{death:?}");
            assert!(answer.body["error"]["code"].is_string(), "{death:?}");
        }
    }
}
