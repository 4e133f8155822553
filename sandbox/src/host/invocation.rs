//! One invocation: an envelope goes out, an answer comes back and is judged, its outputs take effect.

use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::answer::{self, Received, Refused};
use super::attempt::{Attempt, Framing, Verdict};
use super::environment::HOST_VERSION;
use super::function_json::Function;
use super::handler::{Order, Running, State};
use super::inner::Inner;
use super::outputs::{self, HttpReply};

/// How long a broken connection may take to turn out as a dead handler.
const NOTICE: Duration = Duration::from_millis(250);

/// Posts an envelope, judges the answer and lets its outputs take effect.
pub(super) async fn attempt(
    inner: &Inner,
    function: &Function,
    id: Uuid,
    envelope: String,
) -> (Attempt, Option<HttpReply>) {
    let path = format!("/{}", function.name);
    let (status, judged) =
        match post(inner, &path, &envelope_headers(id), envelope.into(), inner.framing).await {
            Ok(received) => (Some(received.status), answer::judge(&received)),
            Err(reason) => (None, Err(Refused::Failed(reason))),
        };
    let (verdict, http) = match judged {
        Ok(answer) => take_effect(inner, function, answer),
        Err(Refused::Failed(reason)) => (Verdict::Failed { reason }, None),
        Err(Refused::WouldHang(answer)) => {
            let reason = format!("the host would hang: {} answered {answer}", function.name);
            (Verdict::WouldHang { reason }, None)
        }
    };
    let attempt = Attempt { id, function: function.name.clone(), status, verdict };
    inner.history.lock().unwrap_or_else(PoisonError::into_inner).push(attempt.clone());
    (attempt, http)
}

fn take_effect(inner: &Inner, function: &Function, answer: answer::Answer) -> (Verdict, Option<HttpReply>) {
    let effects = outputs::apply(function, &answer);
    for (queue, message) in &effects.messages {
        inner.queues.put(queue, message);
    }
    match effects.failure {
        Some(reason) => (Verdict::Failed { reason }, None),
        None => {
            let outputs = answer.outputs.map_or(Value::Null, Value::Object);
            (Verdict::Succeeded { outputs, logs: answer.logs }, effects.http)
        }
    }
}

/// Posts bytes to the handler within the function timeout; an error says why there is no answer. Beyond
/// the timeout the handler is killed, with everything else it is doing.
pub(super) async fn post(
    inner: &Inner,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
    framing: Framing,
) -> Result<Received, String> {
    let running = running(inner).await?;
    let answer = exchange(inner, &running, path, headers, body, framing);
    let answer = match inner.function_timeout {
        None => answer.await,
        Some(limit) => match timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => {
                let _ = inner.orders.send(Order::TimedOut { generation: running.generation });
                until_gone(inner, running.generation).await;
                Err(format!("Timeout value of {limit:?} exceeded: the handler is killed"))
            }
        },
    };
    if answer.is_err() {
        let _ = timeout(NOTICE, until_gone(inner, running.generation)).await;
    }
    inner.sample(running.generation);
    answer
}

/// Waits until the process of that generation is known to have ended, so that the next invocation waits for the restart
/// instead of connecting to the ended process.
async fn until_gone(inner: &Inner, generation: u32) {
    let mut state = inner.handler.state.subscribe();
    let another = |state: &State| !matches!(state, State::Ready(running) if running.generation == generation);
    let _ = state.wait_for(another).await;
}

async fn exchange(
    inner: &Inner,
    running: &Running,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
    framing: Framing,
) -> Result<Received, String> {
    let body = match framing {
        Framing::ContentLength => reqwest::Body::from(body),
        Framing::Chunked => {
            reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]))
        }
    };
    let mut request = running.client.post(format!("http://127.0.0.1:{}{path}", inner.handler.port.number));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.body(body).send().await.map_err(|error| why(&error))?;
    let status = response.status().as_u16();
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(|error| why(&error))?;
    Ok(Received { status, content_type, headers, body })
}

/// The handler as soon as it is ready, or why there will be none.
pub(super) async fn running(inner: &Inner) -> Result<Running, String> {
    let mut state = inner.handler.state.subscribe();
    let settled = state.wait_for(|state| !matches!(state, State::Starting));
    // (3 + 1) times the initialization timeout, as `WorkerFunctionInvoker` waits.
    let patience = inner.handler.description.initialization_timeout.saturating_mul(4);
    let settled = timeout(patience, settled).await;
    let Ok(Ok(state)) = settled.map(|state| state.map(|state| state.clone())) else {
        return Err("Initialization timed out and host is shutting down".to_owned());
    };
    match state {
        State::Ready(running) => Ok(running),
        State::Exited => Err("connection refused: the handler has exited with 0".to_owned()),
        State::GaveUp(reason) => Err(reason),
        State::Stopped => Err("the host is stopped".to_owned()),
        State::Starting => unreachable!("waited for another state"),
    }
}

/// The headers of every envelope (`AddHeaders`, `HttpWorkerConstants`); the user agent is the client's.
pub(super) fn envelope_headers(id: Uuid) -> Vec<(String, String)> {
    [
        ("X-Azure-Functions-HostVersion", HOST_VERSION.to_owned()),
        ("X-Azure-Functions-InvocationId", id.to_string()),
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// An error with its causes: "error sending request" alone says nothing.
fn why(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
