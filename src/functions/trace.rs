//! Which trace an invocation belongs to: that of the work item, of the HTTP caller, or of the host. Pure.
//!
//! The host may add `traceparent` to its request, as .NET's HTTP client does, but does not promise it
//! (<https://github.com/Azure/azure-functions-host/pull/9576>). A work item names the invocation that queued it. Of
//! callers, only those are followed who have a key: anybody may post to `notifications`.

use axum::http::HeaderMap;

use super::envelope::{self, HttpRequest, QueueItem};
use super::work::WorkItem;
use super::{continue_sync, refresh, status};
use crate::telemetry::TraceParent;

/// The name of the header, and of the member of a work item.
const NAME: &str = "traceparent";

/// The trace context that an invocation of `function` follows, if any is named in the form of the recommendation.
pub fn caller(function: &str, headers: &HeaderMap, body: &[u8]) -> Option<TraceParent> {
    let named = match function {
        "continue_sync" | "continue_requested" => of_work_item(body),
        "refresh" => of_request(body, refresh::BINDING),
        "status" => of_request(body, status::BINDING),
        _ => None,
    };
    let host = || headers.get(NAME).and_then(|value| value.to_str().ok()).and_then(TraceParent::read);
    named.as_deref().and_then(TraceParent::read).or_else(host)
}

fn of_work_item(body: &[u8]) -> Option<String> {
    let item = envelope::read::<QueueItem>(body, continue_sync::BINDING).ok()?.trigger;
    serde_json::from_str::<WorkItem>(&item.text).ok()?.traceparent
}

fn of_request(body: &[u8], binding: &str) -> Option<String> {
    let request = envelope::read::<HttpRequest>(body, binding).ok()?.trigger;
    request.headers.get(NAME)?.first().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OTHER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(axum::http::HeaderName::from_static(NAME), value.parse().unwrap())])
    }

    fn queue(traceparent: &str) -> Vec<u8> {
        let item = format!(r#"{{"feed":"users","traceparent":"{traceparent}"}}"#);
        serde_json::json!({"Data": {"item": serde_json::to_string(&item).unwrap()}, "Metadata": {}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_work_item_is_followed_before_the_host_and_a_wrong_one_is_not() {
        let (trace, other) = (TraceParent::read(TRACE), TraceParent::read(OTHER));
        assert_eq!(caller("continue_sync", &headers(OTHER), &queue(TRACE)), trace);
        assert_eq!(caller("continue_sync", &headers(OTHER), &queue("no trace")), other);
        assert_eq!(caller("continue_sync", &HeaderMap::new(), &queue("no trace")), None);
        assert_eq!(caller("sync_users", &headers(TRACE), b"{}"), trace);
        assert_eq!(caller("sync_users", &headers("00-x"), b"{}"), None);
    }

    #[test]
    fn a_caller_with_a_key_is_followed_and_anybody_else_is_not() {
        let request = serde_json::json!({"Data": {"req": {
            "Url": "https://x/", "Method": "GET", "Query": {}, "Headers": {"traceparent": [TRACE]}, "Params": {}
        }}, "Metadata": {}});
        let body = request.to_string().into_bytes();
        assert_eq!(caller("status", &HeaderMap::new(), &body), TraceParent::read(TRACE));
        assert_eq!(caller("notifications", &HeaderMap::new(), &body), None);
        assert_eq!(caller("status", &headers(OTHER), b"nonsense"), TraceParent::read(OTHER));
    }
}
