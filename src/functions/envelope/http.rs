//! The HTTP trigger.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::{Metadata, Trigger};

/// A request that came through the host's front. Its URL and headers carry function keys: nothing of it
/// shows in `Debug` but its shape.
#[derive(PartialEq, Eq)]
pub struct HttpRequest {
    /// As sent.
    pub method: String,
    /// Query parameters, decoded once; repeated ones are joined by commas.
    pub query: HashMap<String, String>,
    /// Header values by lower-case name.
    pub headers: HashMap<String, Vec<String>>,
    /// Route parameters; an optional one that is absent is not here.
    pub params: HashMap<String, String>,
    /// The body. The host leaves it out when the client sent no `Content-Length`.
    pub body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    method: String,
    #[serde(default)]
    query: HashMap<String, String>,
    #[serde(default)]
    headers: HashMap<String, Vec<String>>,
    #[serde(default)]
    params: HashMap<String, Option<String>>,
    body: Option<Value>,
}

impl Trigger for HttpRequest {
    const NAME: &'static str = "an HTTP trigger";

    fn read(value: &Value, _: &Metadata) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| super::reason(&error))?;
        let body = match raw.body {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        Ok(Self {
            method: raw.method,
            query: raw.query,
            headers: raw
                .headers
                .into_iter()
                .map(|(name, values)| (name.to_ascii_lowercase(), values))
                .collect(),
            params: raw.params.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            body,
        })
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}
