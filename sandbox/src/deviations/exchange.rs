//! A request and its answer, as a deviation changes them.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_LENGTH, header::CONTENT_TYPE};
use bytes::Bytes;
use serde_json::{Value, json};

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub method: String,
    /// Path and query, percent-decoded.
    pub path: String,
    /// Path and query as they came; what is changed here is what the fake sees.
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What was answered before, by whatever a deviation calls it.
pub(super) type Memory = HashMap<String, Answered>;

impl Asked {
    /// Whether the path, or the query, has this.
    pub fn has(&self, part: &str) -> bool {
        self.path.contains(part)
    }

    /// Whether it is a request with this method, whose path has this.
    pub fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.has(part)
    }

    /// Whether it says so in a header.
    pub fn says(&self, header: &str) -> bool {
        self.headers.get(header).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    }

    /// Whether the body has this.
    pub fn writes(&self, part: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(part)
    }
}

impl Answered {
    /// The body; null where it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Changes a body that is JSON.
    pub fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let mut body = self.json();
        if !body.is_null() {
            change(&mut body);
            self.put(&body);
        }
    }

    /// Has this body.
    pub fn put(&mut self, body: &Value) {
        self.write(&body.to_string(), "application/json");
    }

    /// Has this text as its body.
    pub fn write(&mut self, text: &str, content_type: &'static str) {
        self.body = Bytes::from(text.to_owned());
        self.headers.remove(CONTENT_LENGTH);
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }

    /// Is a refusal in the form of Graph.
    pub fn refuse(&mut self, status: u16, code: &str) {
        self.status = status;
        self.put(&json!({"error": {"code": code, "message": "A deviation was planted.", "innerError": {}}}));
    }
}
