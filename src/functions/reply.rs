//! What an HTTP function answers its caller: the host gets a 200 with this in `Outputs.res`, since it makes
//! an empty 500 of anything else.
//!
//! Errors are problem details (RFC 9457): <https://www.rfc-editor.org/rfc/rfc9457>.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::app::{AppError, Fault};

/// When to come again where nobody says so.
const LATER: Duration = Duration::from_secs(30);

/// A reply to an HTTP caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    status_code: u16,
    headers: Map<String, Value>,
    /// Text, so that the host passes it on as it is.
    body: String,
    /// Title and detail, if it is a problem.
    #[serde(skip)]
    problem: Option<(String, String)>,
}

impl Reply {
    /// JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::new(status, "application/json", body)
    }

    /// What went wrong, in words for the caller.
    pub fn problem(status: u16, title: &str, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        let body = json!({"type": "about:blank", "title": title, "status": status, "detail": detail});
        let reply = Self::new(status, "application/problem+json", &body);
        Self { problem: Some((title.to_owned(), detail)), ..reply }
    }

    /// A text, which no browser takes for anything else.
    pub fn text(status: u16, text: &str) -> Self {
        Self::of(status, text.to_owned()).with("content-type", "text/plain; charset=utf-8")
    }

    /// A status and no word more.
    pub fn bare(status: u16) -> Self {
        Self::of(status, String::new())
    }

    fn new(status: u16, content_type: &str, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).unwrap_or_else(|_| "{}".into());
        Self::of(status, body).with("content-type", content_type)
    }

    fn of(status: u16, body: String) -> Self {
        let reply = Self { status_code: status, headers: Map::new(), body, problem: None };
        reply.with("cache-control", "no-store").with("x-content-type-options", "nosniff")
    }

    /// The function is there, but not for this method.
    pub fn not_allowed(allowed: &str) -> Self {
        let detail = format!("only {allowed} is understood here");
        Self::problem(405, "Method Not Allowed", detail).with("allow", allowed)
    }

    /// The same status with a page for people in place of the body. Browsers do with it what `policy`, a Content
    /// Security Policy (<https://www.w3.org/TR/CSP3/>), allows, and send its address to nobody.
    pub fn with_page(mut self, page: String, policy: &str) -> Self {
        self.body = page;
        self.with("content-type", "text/html; charset=utf-8")
            .with("content-security-policy", policy)
            .with("referrer-policy", "no-referrer")
    }

    /// Title and detail, if it is a problem.
    pub fn problem_told(&self) -> Option<(&str, &str)> {
        self.problem.as_ref().map(|(title, detail)| (title.as_str(), detail.as_str()))
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_owned(), Value::String(value.to_string()));
        self
    }

    /// Without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// With the place to look at.
    pub fn at(self, location: &str) -> Self {
        self.with("location", location)
    }

    /// With the time after which to come again, in whole seconds.
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with("retry-after", seconds.max(1))
    }

    /// The status that the caller gets.
    pub fn status(&self) -> u16 {
        self.status_code
    }
}

impl From<AppError> for Reply {
    fn from(error: AppError) -> Self {
        let challenge = error.challenge().map(str::to_owned);
        let reply = match error.fault() {
            Fault::Unauthorized => Self::problem(401, "Unauthorized", error),
            Fault::Forbidden => Self::problem(403, "Forbidden", error),
            Fault::Unknown => Self::problem(404, "Not Found", error),
            Fault::Caller => Self::problem(400, "Bad Request", error),
            Fault::Throttled(wait) => Self::problem(429, "Too Many Requests", error).retry_after(wait),
            Fault::Unavailable => Self::problem(503, "Service Unavailable", error).retry_after(LATER),
            Fault::Graph => Self::problem(502, "Bad Gateway", error),
            Fault::Ours => Self::problem(500, "Internal Server Error", error),
        };
        match challenge {
            Some(challenge) => reply.with("www-authenticate", challenge),
            None => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_itself_and_when_to_come_again() {
        let reply =
            Reply::problem(503, "Service Unavailable", "busy").retry_after(Duration::from_millis(1500));
        let told = serde_json::to_value(&reply).unwrap();
        assert_eq!((&told["statusCode"], &told["headers"]["retry-after"]), (&json!(503), &json!("2")));
        assert_eq!(told["headers"]["content-type"], "application/problem+json");
        let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
        assert_eq!((&body["status"], &body["detail"]), (&json!(503), &json!("busy")));
    }
}
