//! Several single objects in one request: JSON batching.
//!
//! Promises: each object is answered by itself, whatever became of the others; answers come in any order and are told
//! apart by their ids; those that Graph throttles are asked for again, in a new batch, after the longest wait that any of
//! them names, and their service is left alone until then. Each request of a batch counts as one towards Graph's limits.
//!
//! <https://learn.microsoft.com/graph/json-batching>

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::Client;
use super::codes::codes;
use super::error::{GraphError, Refusal};
use super::head::jitter;
use super::manner::Manner;
use super::pace::Priority;
use super::page::keyed;
use super::request::{Request, at};
use super::retry::{self, Decision, Failure};
use super::sending;

/// Most requests of one batch.
pub const BATCH: usize = 20;
const PATH: &str = "/$batch";

/// What became of one object of a batch.
#[derive(Debug)]
pub enum Member {
    /// The object, as Graph sent it.
    Object(Box<RawValue>),
    /// Graph says that there is none.
    Gone,
    /// Graph refuses to show it, or its answer cannot be read: nothing is known of it.
    Refused(Refusal),
}

/// One answer of a batch, before anybody knows what it means for the object.
enum Try {
    Ended(Member),
    Failed(Failure, Option<Duration>),
}

/// Gets up to [`BATCH`] objects; one answer for each request, in their order.
///
/// # Errors
/// As [`Client::page`], when the batch as a whole is not answered, or some of it is throttled for longer than there
/// is time.
pub async fn batch(
    client: &Client,
    requests: &[Request],
    manner: &Manner,
    deadline: Instant,
) -> Result<Vec<Member>, GraphError> {
    let url = at(client.origin(), PATH, None)?;
    let relative: Vec<_> =
        requests.iter().map(|request| relative(client, request)).collect::<Result<_, _>>()?;
    let mut ended: Vec<Option<Member>> = requests.iter().map(|_| None).collect();
    for tries in 1.. {
        let open: Vec<usize> = (0..ended.len()).filter(|place| ended[*place].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let body = body(
            open.iter().map(|place| (*place, &*relative[*place])),
            &manner.prefer(),
            client.lane().priority,
        );
        let mut answers = parse(&client.send(&Method::POST, &url, Some(body), deadline).await?, manner)?;
        let mut wait: Option<(Option<Duration>, Failure)> = None;
        for place in open {
            match answers.remove(&place.to_string()) {
                Some(Try::Ended(member)) => ended[place] = Some(member),
                // The longest wait that any of them names counts.
                Some(Try::Failed(failure, told)) => {
                    if wait.is_none_or(|(longest, _)| longest < told) {
                        wait = Some((told, failure));
                    }
                }
                None => ended[place] = Some(Member::Refused(unanswered())),
            }
        }
        let Some((_, failure)) = wait else { continue };
        let left = deadline.saturating_duration_since(Instant::now());
        let decision = retry::decide(failure, tries, left, jitter());
        if let (Failure::Busy(_), Some(wait)) = (failure, decision.wait()) {
            client.pause(wait);
        }
        match decision {
            Decision::Again(wait) => {
                let (wait_ms, reason) = (wait.as_millis() as u64, "a part of a batch is throttled");
                tracing::info!(event = "graph_retry", tries, waitMs = wait_ms, reason);
                tokio::time::sleep(wait).await;
            }
            Decision::Throttled(after) => return Err(GraphError::Throttled { after }),
            Decision::GiveUp => return Err(GraphError::Unreachable("a batch without an end".into())),
        }
    }
    Ok(ended.into_iter().map(|member| member.unwrap_or_else(|| Member::Refused(unanswered()))).collect())
}

/// Path and query of a request below the API version.
fn relative(client: &Client, request: &Request) -> Result<String, GraphError> {
    let url = request.url(client.origin())?;
    let text = &url[url::Position::BeforePath..];
    Ok(text.strip_prefix("/v1.0").unwrap_or(text).to_owned())
}

fn body<'a>(requests: impl Iterator<Item = (usize, &'a str)>, prefer: &str, priority: Priority) -> Bytes {
    let mut headers = json!({ "Prefer": prefer });
    if let Some(priority) = priority.header() {
        headers[sending::PRIORITY] = json!(priority);
    }
    let requests: Vec<_> = requests
        .map(|(place, url)| json!({"id": place.to_string(), "method": "GET", "url": url, "headers": headers}))
        .collect();
    Bytes::from(json!({ "requests": requests }).to_string())
}

/// The answers of a batch by their ids. One that cannot be read hides none of the others.
fn parse(body: &[u8], manner: &Manner) -> Result<HashMap<String, Try>, GraphError> {
    let nonsense = |what: &str| GraphError::Nonsense(what.to_owned());
    let body: HashMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|_| nonsense("a batch that is not readable JSON"))?;
    let responses = body.get("responses").ok_or_else(|| nonsense("a batch without `responses`"))?;
    let responses: Vec<&RawValue> = serde_json::from_str(responses.get())
        .map_err(|_| nonsense("a batch whose `responses` are no list"))?;
    let read = |text: &RawValue| serde_json::from_str::<HashMap<String, Box<RawValue>>>(text.get()).ok();
    Ok(responses.into_iter().filter_map(read).filter_map(|members| answer(members, manner)).collect())
}

fn answer(mut members: HashMap<String, Box<RawValue>>, manner: &Manner) -> Option<(String, Try)> {
    let value = |text: &RawValue| serde_json::from_str::<Value>(text.get()).ok();
    let id = match value(members.get("id")?)? {
        Value::String(id) => id,
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let status = value(members.get("status")?)?;
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    let status = u16::try_from(status).ok()?;
    let headers = members.get("headers").and_then(|headers| value(headers)).unwrap_or_default();
    let header = |wanted: &str| {
        let mut all = headers.as_object()?.iter();
        let (_, value) = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let body = members.remove("body").filter(|body| body.get() != "null");
    let (after, date) = (header("retry-after"), header("date"));
    let told = retry::retry_after(after.as_deref(), date.as_deref(), SystemTime::now());
    if let Some(failure) = retry::failure(status, told) {
        return Some((id, Try::Failed(failure, told)));
    }
    if let (200..=299, Some(body)) = (status, &body)
        && body.get().starts_with('{')
    {
        return Some((id, Try::Ended(Member::Object(keyed(body.clone(), &manner.key)))));
    }
    let code = body.map(|body| codes(body.get().as_bytes())).unwrap_or_default();
    let request_id = header("request-id").unwrap_or_else(|| "none".into()).chars().take(80).collect();
    let refusal = Refusal { status, code, request_id, says: None };
    let member = if manner.says_gone(&refusal) { Member::Gone } else { Member::Refused(refusal) };
    Some((id, Try::Ended(member)))
}

/// What stands for an answer that is missing in a batch.
fn unanswered() -> Refusal {
    Refusal { status: 0, code: String::new(), request_id: "none".into(), says: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer in one word.
    fn summary(tried: &Try) -> String {
        match tried {
            Try::Ended(Member::Object(object)) => object.get().to_owned(),
            Try::Ended(Member::Gone) => "gone".into(),
            Try::Ended(Member::Refused(refusal)) => format!("{} {}", refusal.status, refusal.code),
            Try::Failed(_, wait) => format!("busy {wait:?}"),
        }
    }

    #[test]
    fn answers_are_told_apart_by_their_ids_and_an_odd_one_hides_no_other() {
        let body = br#"{"responses":[
            {"id":"3","status":404,"body":{"error":{"code":"Request_ResourceNotFound"}}},
            {"id":"1","status":200,"headers":{},"body":{"id":"a","n":1.10}},
            null, 7, {"id":null,"status":200}, {"status":200,"body":{}}, {"id":"9"},
            {"id":"2","status":429,"headers":{"retry-After":"2.5"},"body":null},
            {"id":4,"status":"404","body":{"error":{"code":"UnknownError"}}},
            {"id":"5","status":403},
            {"id":"6","status":200,"body":"eyJh"}
        ]}"#;
        let answers = parse(body, &Manner::delta()).unwrap();
        let named: Vec<_> = ["1", "2", "3", "4", "5", "6"].iter().map(|id| summary(&answers[*id])).collect();
        let expected =
            [r#"{"id":"a","n":1.10}"#, "busy Some(2.5s)", "gone", "404 UnknownError", "403 ", "200 "];
        assert_eq!((named, answers.len()), (expected.map(str::to_owned).to_vec(), 6));
    }

    #[test]
    fn what_is_no_batch_is_named() {
        for body in ["", "[]", "{}", r#"{"responses":{}}"#] {
            assert!(
                matches!(parse(body.as_bytes(), &Manner::delta()), Err(GraphError::Nonsense(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_batch_asks_with_relative_addresses() {
        let text =
            body([(0, "/users/a%2Fb?$select=id")].into_iter(), "IdType=\"ImmutableId\"", Priority::Low);
        let body: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(body.pointer("/requests/0/url"), Some(&json!("/users/a%2Fb?$select=id")));
        assert_eq!(body.pointer("/requests/0/headers/Prefer"), Some(&json!("IdType=\"ImmutableId\"")));
        assert_eq!(body.pointer("/requests/0/headers/x-ms-throttle-priority"), Some(&json!("low")));
    }
}
