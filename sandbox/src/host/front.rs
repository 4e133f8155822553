//! The host's HTTP front: routes, methods, keys, and the admin door (`FunctionInvocationMiddleware`,
//! `AuthenticationLevelHandler`, `FunctionsController`).

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::envelope::{self, HttpRequest, Sys};
use super::environment::HOST_VERSION;
use super::function_json::{Function, Level, Trigger};
use super::inner::Inner;
use super::invocation::attempt;
use super::outputs::HttpReply;
use super::pump::queue_envelope;
use super::queue::Message;
use super::route::{self, Params};
use super::timer::{self, Occasion};

/// Kestrel's limit of a request body.
const LARGEST_BODY: usize = 104_857_600;

/// Serves the front until the task is aborted.
pub(super) fn open(listener: Option<TcpListener>, inner: Arc<Inner>) -> Result<(SocketAddr, JoinHandle<()>)> {
    let open = || {
        let listener = listener.map_or_else(|| TcpListener::bind(("127.0.0.1", 0)), Ok)?;
        listener.set_nonblocking(true)?;
        Ok::<_, std::io::Error>((listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?))
    };
    let (address, listener) = open().context("opening the HTTP front")?;
    let router = Router::new().fallback(answer).with_state(inner);
    let serving = async move {
        if let Err(error) = axum::serve(listener, router).await {
            unreachable!("axum retries what accept refuses: {error}");
        }
    };
    Ok((address, tokio::spawn(serving)))
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if let Some(path) = path.strip_prefix("admin/") {
        return admin(inner, path, request).await;
    }
    let prefix = inner.handler.description.route_prefix.trim_matches('/');
    let path = match prefix {
        "" => Some(path.as_str()),
        prefix => path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
    };
    let found = path.and_then(|path| find(&inner, path, request.method().as_str()));
    let Some((function, params, level)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let shown = key_level(&inner, &request);
    if !may_call(level, shown) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if function.disabled && shown != Some("Admin") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(request) = read(request, params, shown).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // In a task of its own: a client that goes away does not cancel the handler's request.
    let name = function.name.clone();
    let reply = tokio::spawn(async move { invoke(&inner, &name, &request).await }).await;
    reply.ok().flatten().map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), response)
}

/// Runs an HTTP function; `None` is a failure, which the caller sees as an empty 500.
async fn invoke(inner: &Inner, name: &str, request: &HttpRequest) -> Option<HttpReply> {
    let function = inner.function(name).ok()?;
    let envelope = envelope::http(&function.binding, request, &Sys::of(name));
    let (attempt, reply) = attempt(inner, function, Uuid::new_v4(), envelope).await;
    let nothing = HttpReply { status: 204, ..HttpReply::default() };
    attempt.succeeded().then(|| reply.unwrap_or(nothing))
}

/// The function whose route and methods fit, the most specific route first.
fn find<'a>(inner: &'a Inner, path: &str, method: &str) -> Option<(&'a Function, Params, Level)> {
    let fitting = inner.functions.values().filter_map(|function| {
        let Trigger::Http { route, methods, level } = &function.trigger else { return None };
        let allowed = methods.is_empty() || methods.iter().any(|allowed| allowed == method);
        let params = route::matches(route, path).filter(|_| allowed)?;
        Some((route::literals(route), (function, params, *level)))
    });
    fitting.max_by_key(|(literals, _)| *literals).map(|(_, found)| found)
}

/// The level of the key in `x-functions-key`, which wins, or in `?code=`.
fn key_level(inner: &Inner, request: &Request) -> Option<&'static str> {
    let header =
        request.headers().get("x-functions-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let key = header
        .or_else(|| query(request).into_iter().find(|(name, _)| name == "code").map(|(_, value)| value))?;
    match key {
        key if key == inner.keys.master => Some("Admin"),
        key if key == inner.keys.function => Some("Function"),
        _ => None,
    }
}

fn may_call(level: Level, shown: Option<&str>) -> bool {
    match level {
        Level::Anonymous => true,
        Level::Function => shown.is_some(),
    }
}

fn query(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The request as the envelope tells it. A body without a length is lost, as in the real host.
async fn read(request: Request, params: Params, key_level: Option<&'static str>) -> Result<HttpRequest> {
    let query = query(&request);
    let (parts, body) = request.into_parts();
    let host = text(&parts.headers, header::HOST.as_str()).unwrap_or_default();
    let scheme = text(&parts.headers, "x-forwarded-proto").unwrap_or_else(|| "http".to_owned());
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let has_length = parts.headers.contains_key(header::CONTENT_LENGTH);
    let body = to_bytes(body, LARGEST_BODY).await?;
    let name_and_text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Ok(HttpRequest {
        url: format!("{scheme}://{host}{path}"),
        method: parts.method.to_string(),
        query,
        headers: parts.headers.iter().map(name_and_text).collect(),
        params,
        key_level,
        body: if has_length { body.into() } else { Vec::new() },
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn response(reply: HttpReply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(reply.body))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// `POST /admin/functions/<name>` runs a function in the background; the master key opens it.
async fn admin(inner: Arc<Inner>, path: &str, request: Request) -> Response {
    if path == "host/ping" {
        return StatusCode::OK.into_response();
    }
    if key_level(&inner, &request) != Some("Admin") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if path == "host/status" {
        let ended = inner.has_ended();
        let status = json!({"id": "sandbox", "state": if ended { "Error" } else { "Running" }, "version": HOST_VERSION});
        return ([(header::CONTENT_TYPE, "application/json")], status.to_string()).into_response();
    }
    let name = path.strip_prefix("functions/").filter(|name| inner.functions.contains_key(*name));
    let Some(name) = name.filter(|_| request.method() == "POST").map(str::to_owned) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = to_bytes(request.into_body(), LARGEST_BODY).await.unwrap_or_default();
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let input = body.get("input").and_then(Value::as_str).unwrap_or_default().to_owned();
    tokio::spawn(async move { run(&inner, &name, &input).await });
    StatusCode::ACCEPTED.into_response()
}

/// One attempt in the background, outside the timer's lock, as `JobHost.CallAsync` does.
async fn run(inner: &Inner, name: &str, input: &str) {
    let Ok(function) = inner.function(name) else { return };
    let envelope = match &function.trigger {
        Trigger::Timer { .. } => {
            let info = timer::timer_info(function, Occasion::Normal, None, OffsetDateTime::now_utc());
            envelope::timer(&function.binding, &info, None, &Sys::of(name))
        }
        Trigger::Queue { .. } => queue_envelope(function, &Message::of_admin(input), input),
        Trigger::Http { .. } => {
            let request =
                HttpRequest { method: "POST".to_owned(), body: input.into(), ..HttpRequest::default() };
            envelope::http(&function.binding, &request, &Sys::of(name))
        }
    };
    attempt(inner, function, Uuid::new_v4(), envelope).await;
}
