//! The output rules, one by one, with the values that were executed on real .NET.

use serde_json::json;

use super::*;
use crate::host::function_json::Trigger;
use crate::host::schedule::Schedule;

fn function() -> Function {
    Function {
        name: "f".into(),
        binding: "timer".into(),
        trigger: Trigger::Timer { monitor: true, schedule: Schedule::Every(None) },
        outputs: vec![Output { name: "work".into(), target: Target::Queue("q-1".into()) }],
        retry: None,
        disabled: false,
    }
}

fn answer(outputs: Value) -> Answer {
    let Value::Object(outputs) = outputs else { panic!("outputs are an object") };
    Answer { outputs: Some(outputs), ..Answer::default() }
}

/// The messages of one queue output.
fn sent(value: Value) -> Vec<Vec<u8>> {
    let effects = apply(&function(), &answer(json!({"work": value})));
    assert_eq!(effects.failure, None);
    effects.messages.into_iter().map(|(_, message)| message).collect()
}

fn replied(outputs: Value) -> Result<HttpReply, Option<String>> {
    let outputs_binding = vec![Output { name: "res".into(), target: Target::Http }];
    let effects = apply(&Function { outputs: outputs_binding, ..function() }, &answer(outputs));
    effects.http.ok_or(effects.failure)
}

#[test]
fn base64_is_decoded_whether_meant_or_not() {
    assert_eq!(sent(json!("test")), [[0xb5, 0xeb, 0x2d]]);
    assert_eq!(sent(json!("abcd1234"))[0].len(), 6);
    assert_eq!(sent(json!("")), [[0_u8; 0]]);
    assert_eq!(sent(json!("a b c d"))[0].len(), 3);
    assert_eq!(sent(json!("hello")), [b"hello"]);
    assert_eq!(sent(json!("users")), [b"users"]);
}

#[test]
fn each_string_of_an_array_is_a_message_as_it_is() {
    assert_eq!(sent(json!(["test", "{\"a\":1}"])), [&b"test"[..], &b"{\"a\":1}"[..]]);
    assert_eq!(sent(json!([])), Vec::<Vec<u8>>::new());
}

#[test]
fn json_text_is_written_anew_and_an_array_is_split() {
    assert_eq!(sent(json!("{\"a\":1}")), [b"{\n  \"a\": 1\n}"]);
    assert_eq!(sent(json!("[\"one\",\"two\"]")), [b"one", b"two"]);
    assert_eq!(sent(json!({"a": 1})), [b"{\n  \"a\": 1\n}"]);
    assert_eq!(sent(json!("{not json}")), [b"{not json}"]);
}

#[test]
fn nothing_and_unknown_outputs_write_nothing() {
    assert_eq!(apply(&function(), &answer(json!({"other": "x"}))), Effects::default());
    assert_eq!(sent(json!(null)), Vec::<Vec<u8>>::new());
}

#[test]
fn an_object_as_return_value_is_outputs_by_name() {
    let answer = Answer { return_value: json!({"work": ["a"]}), ..Answer::default() };
    assert_eq!(apply(&function(), &answer).messages, [("q-1".to_owned(), b"a".to_vec())]);
}

#[test]
fn a_return_value_wins_over_outputs_and_is_no_base64() {
    let outputs = answer(json!({"work": ["b"]})).outputs;
    let answer = Answer { outputs, return_value: json!({"work": "test"}), ..Answer::default() };
    assert_eq!(apply(&function(), &answer).messages, [("q-1".to_owned(), b"test".to_vec())]);
}

#[test]
fn an_output_that_fails_keeps_no_other_one_back() {
    let more = Output { name: "more".into(), target: Target::Queue("q-2".into()) };
    let outputs = function().outputs.into_iter().chain([more]).collect();
    let large = "x".repeat(49 * 1024);
    let effects =
        apply(&Function { outputs, ..function() }, &answer(json!({"work": [large], "more": ["a"]})));
    assert_eq!(effects.messages, [("q-2".to_owned(), b"a".to_vec())]);
    assert!(effects.failure.is_some());
}

#[test]
fn a_message_over_48_kib_fails_after_the_ones_before_it() {
    let fits = "x".repeat(48 * 1024);
    let effects = apply(&function(), &answer(json!({"work": [fits, format!("{fits}x")]})));
    assert_eq!(effects.messages.len(), 1);
    assert!(effects.failure.unwrap().contains("48 KiB"));
}

#[test]
fn an_http_object_is_the_reply() {
    let reply = replied(
        json!({"res": {"statusCode": "404", "headers": {"content-type": "application/problem+json"}, "body": "{}"}}),
    );
    let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    assert_eq!(reply, Ok(HttpReply { status: 404, headers, body: "{}".into() }));
    assert_eq!(replied(json!({"res": "{\"statusCode\":201}"})).unwrap().status, 201);
    let text = replied(json!({"res": {"body": "hi"}})).unwrap();
    assert_eq!(text.headers, [("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())]);
    assert_eq!(replied(json!({"res": {"body": {"a": 1}}})).unwrap().body, "{\n  \"a\": 1\n}");
}

#[test]
fn the_host_never_looks_at_a_status_that_is_not_called_status_code() {
    assert_eq!(replied(json!({"res": {"status": 404}})).unwrap().status, 200);
}

#[test]
fn without_an_http_object_the_reply_is_ok() {
    assert_eq!(replied(json!({})).unwrap().body, "{}");
}

#[test]
fn what_is_no_http_object_fails() {
    for wrong in [
        json!(null),
        json!("hi"),
        json!(5),
        json!({"headers": {"a": null}}),
        json!({"statusCode": "x"}),
        json!({"headers": []}),
    ] {
        assert!(replied(json!({"res": wrong})).is_err(), "{wrong}");
    }
}
