//! The parameters of a request, and what a test may see of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::OAuthError;
use crate::identity::jwt::Jwt;

/// Parameters whose values are secrets: a record says only that they were there.
const SECRETS: [&str; 8] = [
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "password",
];

/// What a record has in the place of a secret.
pub const HIDDEN: &str = "(hidden)";

/// Parameters of a query or of a form. The last one of a name counts; an empty one is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The values that a client sent and that nobody else may see.
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        SECRETS.iter().filter_map(|name| self.get(name)).map(String::from)
    }

    pub fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::missing(name))
    }

    /// The `claims` parameter; null without one.
    pub fn claims(&self) -> Result<Value, OAuthError> {
        let Some(claims) = self.get("claims") else { return Ok(Value::Null) };
        match serde_json::from_str(claims) {
            Ok(claims @ Value::Object(_)) => Ok(claims),
            _ => Err(OAuthError::new(
                "invalid_request",
                90100,
                "claims request parameter is empty or not valid.",
            )),
        }
    }
}

/// One request to Entra, as a test sees it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The last part of the path: `token`, `devicecode`, `authorize` …
    pub endpoint: String,
    /// The tenant in the path.
    pub tenant: String,
    /// The parameters. Secrets read [`HIDDEN`].
    pub form: BTreeMap<String, String>,
    /// Header of the client assertion, if there was one.
    pub assertion_header: Option<Value>,
    /// Claims of the client assertion, if there was one.
    pub assertion_claims: Option<Value>,
    /// `error` of the answer; nothing when it was a good one, or is not there yet.
    pub error: Option<String>,
}

impl Request {
    pub(super) fn of(endpoint: &str, tenant: &str, form: &Form) -> Self {
        let assertion = form.get("client_assertion").and_then(Jwt::parse);
        let hide = |(name, value): (&String, &String)| {
            let is_secret = SECRETS.contains(&name.as_str());
            (name.clone(), if is_secret { HIDDEN.to_owned() } else { value.clone() })
        };
        Self {
            endpoint: endpoint.into(),
            tenant: tenant.into(),
            form: form.0.iter().map(hide).collect(),
            assertion_header: assertion.clone().map(|jwt| Value::Object(jwt.header)),
            assertion_claims: assertion.map(|jwt| Value::Object(jwt.payload)),
            error: None,
        }
    }

    /// A parameter, if it was there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }
}
