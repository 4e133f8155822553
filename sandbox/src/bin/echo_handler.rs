//! A custom handler that does what a script tells it: the child process of the host's own tests, not of the
//! product's.
//!
//! The variable `SCRIPT` maps function names to an [`Act`]; what is not in it answers `{}`. Every request is
//! written to stdout as one JSON line, so that a test can read what the host sent.

#![expect(clippy::disallowed_methods, reason = "told by its environment, like any handler")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

/// What to do with the requests for one function.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
struct Act {
    status: u16,
    /// Empty: none at all.
    content_type: String,
    body: String,
    /// Answer 500 so many times first.
    failures: u32,
    /// Exit with this code instead of answering.
    exit: Option<i32>,
    /// Never answer.
    hang: bool,
    /// Reply to an HTTP caller with the envelope.
    echo: bool,
}

impl Default for Act {
    fn default() -> Self {
        Self {
            status: 200,
            content_type: "application/json".into(),
            body: "{}".into(),
            failures: 0,
            exit: None,
            hang: false,
            echo: false,
        }
    }
}

type Script = Arc<Mutex<BTreeMap<String, Act>>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Ok(code) = std::env::var("EXIT_AT_START") {
        eprintln!("this handler cannot start");
        std::process::exit(code.parse()?);
    }
    let script = std::env::var("SCRIPT").unwrap_or_else(|_| "{}".into());
    let script: Script = Arc::new(Mutex::new(serde_json::from_str(&script)?));
    let port: u16 = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, Router::new().fallback(answer).with_state(script)).await?;
    Ok(())
}

async fn answer(State(script): State<Script>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let function = uri.path().trim_start_matches('/').to_owned();
    if !function.is_empty() {
        note(&function, &headers, &body);
    }
    let act = next(&script, &function);
    if let Some(code) = act.exit {
        std::process::exit(code);
    }
    if act.hang {
        std::future::pending::<()>().await;
    }
    let text = if act.echo {
        let reply =
            json!({"statusCode": 201, "headers": {"x-echo": "yes"}, "body": String::from_utf8_lossy(&body)});
        json!({"Outputs": {"res": reply}}).to_string()
    } else {
        act.body
    };
    let mut response = Response::builder().status(act.status);
    if !act.content_type.is_empty() {
        response = response.header("content-type", act.content_type);
    }
    response.body(Body::from(text)).unwrap_or_default()
}

/// The act for a function, counting down its failures.
fn next(script: &Script, function: &str) -> Act {
    let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(act) = script.get_mut(function) else { return Act::default() };
    if act.failures > 0 {
        act.failures -= 1;
        return Act { status: 500, ..Act::default() };
    }
    act.clone()
}

fn note(function: &str, headers: &HeaderMap, body: &[u8]) {
    let headers: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    println!("{}", json!({"function": function, "headers": headers, "body": body}));
}
