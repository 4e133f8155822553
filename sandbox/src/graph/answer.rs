//! An answer as a value: status, headers and a JSON body, before it meets the wire.

use serde_json::{Value, json};

/// What will be sent, unless the connection is torn down instead.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body, if `text` is not set.
    pub(super) body: Value,
    /// A body that is not JSON, or JSON that must not be touched.
    pub(super) text: Option<Vec<u8>>,
}

impl Answer {
    pub(super) fn json(body: Value) -> Self {
        let kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
        Self {
            status: 200,
            headers: vec![("content-type", kind.into()), ("odata-version", "4.0".into())],
            body,
            text: None,
        }
    }

    /// An error in the form of <https://learn.microsoft.com/graph/errors>.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"error": {"code": code, "message": message, "innerError": {}}});
        Self { status, headers: vec![("content-type", "application/json".into())], body, text: None }
    }

    pub(super) fn text(status: u16, kind: &str, text: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.into())],
            body: Value::Null,
            text: Some(text.into()),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The bytes of the body. An error names the request, as Graph's do.
    pub(super) fn bytes(mut self, request_id: &str, client_request_id: &str) -> Vec<u8> {
        if let Some(text) = self.text {
            return text;
        }
        if let Some(inner) = self.body.pointer_mut("/error/innerError").and_then(Value::as_object_mut) {
            inner.insert("date".into(), json!("2026-01-01T00:00:00"));
            inner.insert("request-id".into(), json!(request_id));
            inner.insert("client-request-id".into(), json!(client_request_id));
        }
        self.body.to_string().into_bytes()
    }
}
