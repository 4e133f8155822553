//! Envelopes as the host sends them, byte for byte (`tests/golden/`), and wrong ones.

use super::*;

const TIMER: &[u8] = include_bytes!("../../../tests/golden/timer.json");
const TIMER_RETRY: &[u8] = include_bytes!("../../../tests/golden/timer-retry.json");
const TIMER_FIRST_RUN: &[u8] = include_bytes!("../../../tests/golden/timer-first-run.json");
const TIMER_NO_STATUS: &[u8] = include_bytes!("../../../tests/golden/timer-no-status.json");
const HTTP: &[u8] = include_bytes!("../../../tests/golden/http.json");
const QUEUE: &[u8] = include_bytes!("../../../tests/golden/queue.json");

#[test]
fn a_timer() {
    let timer = read::<Timer>(TIMER, "timer").unwrap();
    assert_eq!(timer, Invocation { trigger: Timer { is_past_due: false }, retry: None });
}

#[test]
fn a_timer_with_a_retry_policy() {
    let timer = read::<Timer>(TIMER_RETRY, "timer").unwrap();
    assert_eq!(timer.retry, Some(Retry { retry_count: 1, max_retry_count: 5 }));
    assert_eq!(timer.attempt(), 1);
}

#[test]
fn a_timer_before_its_first_run_and_one_without_a_monitor() {
    let first = read::<Timer>(TIMER_FIRST_RUN, "timer").unwrap().trigger;
    assert_eq!(first, Timer { is_past_due: true });
    let unmonitored = read::<Timer>(TIMER_NO_STATUS, "timer").unwrap().trigger;
    assert_eq!(unmonitored, Timer { is_past_due: false });
}

#[test]
fn a_queue_message_is_json_inside_json() {
    let item = read::<QueueItem>(QUEUE, "msg").unwrap().trigger;
    assert_eq!(item, QueueItem { text: r#"{"resource":"users","page":3}"#.into(), dequeue_count: 1 });
}

#[test]
fn a_plain_text_message_in_either_form() {
    for form in [r#""\"hi\"""#, r#""hi""#] {
        let body = format!(r#"{{"Data":{{"item":{form}}},"Metadata":{{"DequeueCount":"3"}}}}"#);
        let item = read::<QueueItem>(body.as_bytes(), "item").unwrap().trigger;
        assert_eq!(item, QueueItem { text: "hi".into(), dequeue_count: 3 });
    }
}

#[test]
fn an_http_request() {
    let request = read::<HttpRequest>(HTTP, "req").unwrap().trigger;
    assert_eq!(request.method, "POST");
    assert_eq!(request.query["full"], "true");
    assert_eq!(request.params["resource"], "users");
    assert_eq!(request.headers["content-type"], ["application/json"]);
    assert_eq!(request.body.as_deref(), Some(r#"{"full":true}"#));
    let shown = format!("{request:?}");
    assert!(!shown.contains("functions-key") && !shown.contains("full"), "{shown}");
}

#[test]
fn wrong_envelopes_are_named() {
    let said = |body: &str| read::<Timer>(body.as_bytes(), "timer").unwrap_err().to_string();
    assert!(said("").contains("no invocation envelope"));
    assert!(said("<html>").contains("not JSON"));
    assert!(said("{}").contains("no invocation envelope"));
    assert!(said(r#"{"Data":{},"Metadata":{}}"#).contains("`Data.timer`"));
    assert!(said(r#"{"Data":{"timer":"\"x\""},"Metadata":{}}"#).contains("a timer"));
    let queue = read::<QueueItem>(br#"{"Data":{"item":7},"Metadata":{}}"#, "item").unwrap_err();
    assert!(queue.to_string().contains("neither a string nor an object"));
}

proptest::proptest! {
    /// No text can make the reader panic, and none is quoted in its error.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = read::<Timer>(text.as_bytes(), "timer");
        let _ = read::<QueueItem>(text.as_bytes(), "item");
        let wrapped = serde_json::json!({"Data": {"item": text, "timer": text, "req": text}, "Metadata": {}});
        let wrapped = wrapped.to_string();
        let _ = read::<QueueItem>(wrapped.as_bytes(), "item");
        let _ = read::<HttpRequest>(wrapped.as_bytes(), "req");
    }
}
