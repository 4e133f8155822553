//! Refusals as Entra words them.
//!
//! Codes and sentences: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>; the form:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response>. `suberror` and
//! `claims` are there when Entra has them: <https://learn.microsoft.com/entra/identity-platform/claims-challenge>.

use axum::{
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};

use crate::identity::Failed;

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct OAuthError {
    /// Member `error`.
    pub error: String,
    /// The number of its AADSTS code.
    pub code: u32,
    pub sentence: String,
    pub suberror: Option<&'static str>,
    /// The claims that the client is to ask for.
    pub claims: Option<String>,
}

impl OAuthError {
    pub fn new(error: &str, code: u32, sentence: impl Into<String>) -> Self {
        Self { error: error.into(), code, sentence: sentence.into(), suberror: None, claims: None }
    }

    /// The refusal that a fault asks for.
    pub fn of_fault(failed: &Failed) -> Self {
        match failed {
            Failed::Status(_) => {
                Self::new("server_error", 90033, "A transient error has occurred. Please try again.")
            }
            Failed::Refused(error, code) => {
                Self::new(error, *code, "The identity server is told to refuse this request.")
            }
        }
    }

    pub fn missing(parameter: &str) -> Self {
        let sentence = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new("invalid_request", 900_144, sentence)
    }

    pub fn invalid_grant(code: u32, sentence: impl Into<String>) -> Self {
        Self::new("invalid_grant", code, sentence)
    }

    pub fn invalid_client(code: u32, sentence: impl Into<String>) -> Self {
        Self::new("invalid_client", code, sentence)
    }

    pub fn suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(suberror);
        self
    }

    /// `error_description`: several lines.
    pub fn description(&self, ids: &Ids) -> String {
        let Self { code, sentence, .. } = self;
        let Ids { trace, correlation, now } = ids;
        format!(
            "AADSTS{code}: {sentence}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {now}"
        )
    }

    /// The answer of an endpoint.
    pub fn respond(&self, ids: &Ids) -> Response {
        let status = match self.error.as_str() {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        self.respond_as(status, ids)
    }

    /// The answer with another status.
    pub fn respond_as(&self, status: StatusCode, ids: &Ids) -> Response {
        let mut body = json!({
            "error": self.error, "error_description": self.description(ids), "error_codes": [self.code],
            "timestamp": ids.now, "trace_id": ids.trace, "correlation_id": ids.correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = suberror.into();
        }
        if let Some(claims) = &self.claims {
            body["claims"] = claims.as_str().into();
        }
        answer(status, &body)
    }
}

/// What names one request.
pub(super) struct Ids {
    pub trace: String,
    pub correlation: String,
    pub now: String,
}

impl Ids {
    /// The client may choose its correlation id.
    pub fn of(headers: &HeaderMap, random: u128) -> Self {
        let id = |bits: u128| uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string();
        let chosen = headers.get("client-request-id").and_then(|value| value.to_str().ok()).map(String::from);
        let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
        Self {
            trace: id(random),
            correlation: chosen.unwrap_or_else(|| id(random.rotate_left(64))),
            now: OffsetDateTime::now_utc().format(form).unwrap_or_default(),
        }
    }
}

/// JSON, as all these endpoints answer.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, headers, [("cache-control", "no-store, no-cache")], body.to_string()).into_response()
}
