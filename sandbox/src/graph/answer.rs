//! An answer as a value: status, headers and a JSON body, before it meets the wire.

use serde_json::{Value, json};

use super::row::Row;

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

    /// The object that a request names does not live.
    pub(super) fn not_found(id: &str) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::error(404, "Request_ResourceNotFound", &message)
    }

    /// An object above, or the object itself, is not there, in the words of the service.
    /// Sources: <https://learn.microsoft.com/graph/errors>, and what was seen of each.
    pub(super) fn gone(feed: &Row, of: &Row, id: &str) -> Self {
        let (code, message) = match (feed.service.as_str(), of.name.as_str()) {
            ("outlook", "users") => ("ErrorInvalidUser", format!("The requested user '{id}' is invalid.")),
            ("outlook", _) => {
                ("ErrorItemNotFound", "The specified object was not found in the store.".to_owned())
            }
            ("sharepoint", _) => ("itemNotFound", "The resource could not be found.".to_owned()),
            ("teams", "teams") => ("NotFound", format!("No team found with Group Id {id}")),
            ("teams" | "education" | "planner", _) => {
                ("NotFound", "The requested item is not found.".to_owned())
            }
            ("intune", _) => ("ResourceNotFound", format!("Resource not found for the id '{id}'.")),
            _ => return Self::not_found(id),
        };
        Self::error(404, code, &message)
    }

    /// A property that the type lacks.
    pub(super) fn unknown_property(feed: &Row, name: &str) -> Self {
        let kind = &feed.kind;
        let message = format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
             'microsoft.graph.{kind}'."
        );
        Self::error(400, "BadRequest", &message)
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
