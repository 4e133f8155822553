//! A caller of the HTTP functions: somebody with the function key, in front of the host's front.

use anyhow::{Context as _, Result};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use crate::host::Host;

/// What a caller gets.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`; empty when there is none.
    pub content_type: String,
    /// The body, which is JSON; null when it is empty.
    pub body: Value,
    headers: HeaderMap,
}

impl Reply {
    /// What was answered.
    ///
    /// # Errors
    /// When it breaks off, or has a body that is not JSON.
    pub async fn of(response: reqwest::Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| format!("status {status}, and no JSON: {text}"))?
        };
        let content_type =
            headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { status, content_type: content_type.to_owned(), body, headers })
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One call with the function key; an empty body is none.
///
/// # Errors
/// When no answer comes, or one with a body that is not JSON.
pub async fn call(host: &Host, method: &str, path: &str, body: &str) -> Result<Reply> {
    call_with(host, Some("sandbox-function-key"), method, path, body).await
}

/// One call with this key, or with none.
///
/// # Errors
/// As [`call`].
pub async fn call_with(
    host: &Host,
    key: Option<&str>,
    method: &str,
    path: &str,
    body: &str,
) -> Result<Reply> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let method = Method::from_bytes(method.as_bytes())?;
    let mut request = client.request(method, format!("{}{path}", host.url())).body(body.to_owned());
    if let Some(key) = key {
        request = request.header("x-functions-key", key);
    }
    Reply::of(request.send().await?).await
}

/// One call with the function key and these headers besides.
///
/// # Errors
/// As [`call`].
pub async fn call_as(host: &Host, headers: &[(&str, &str)], path: &str, body: &str) -> Result<Reply> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("{}{path}", host.url())).body(body.to_owned());
    let request = request.header("x-functions-key", "sandbox-function-key");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Reply::of(request.send().await?).await
}

/// What a browser gets.
#[derive(Clone, Debug)]
pub struct Browsed {
    /// The status.
    pub status: u16,
    /// The body, whatever it is.
    pub body: String,
    headers: HeaderMap,
}

impl Browsed {
    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One GET as a browser sends it: with the key in the address, if there is one in `path`, and with this `Accept`.
///
/// # Errors
/// When no answer comes.
pub async fn browse(host: &Host, path: &str, accept: &str) -> Result<Browsed> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let response = client.get(format!("{}{path}", host.url())).header("accept", accept).send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Browsed { status, body: response.text().await?, headers })
}
