//! The HTTP trigger.

use std::collections::HashMap;
use std::fmt;

use serde_json::value::RawValue;

use super::{Metadata, Trigger, with_members};
use crate::json::{self, Members};

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

impl Trigger for HttpRequest {
    const NAME: &'static str = "an HTTP trigger";

    fn read(value: &RawValue, _: &Metadata<'_>) -> Result<Self, String> {
        with_members(value, request).ok_or("not an object")?.map_err(str::to_owned)
    }
}

/// What is needed is the method; of the others, what can be read is there.
fn request(request: &Members<'_>) -> Result<HttpRequest, &'static str> {
    let method = request.text("Method").ok_or("it has no `Method`")?.into_owned();
    let body = request.called("Body").find(|body| body.get() != "null");
    let body = body.map(|body| match (json::text(body), body.get()) {
        (Some(text), _) => Ok(text.into_owned()),
        (None, string) if string.starts_with('"') => Err("its `Body` is no text"),
        (None, other) => Ok(other.to_owned()),
    });
    let joined = |values: Vec<String>| (!values.is_empty()).then(|| values.join(","));
    Ok(HttpRequest {
        method,
        query: named(request, "Query", joined).collect(),
        headers: named(request, "Headers", Some)
            .map(|(name, all)| (name.to_ascii_lowercase(), all))
            .collect(),
        params: named(request, "Params", joined).collect(),
        body: body.transpose()?,
    })
}

/// The members of a member: a name, and what `read` makes of its texts.
fn named<T>(
    request: &Members<'_>,
    name: &str,
    read: impl Fn(Vec<String>) -> Option<T>,
) -> impl Iterator<Item = (String, T)> {
    let members = request.object(name).map(Members::into_vec).unwrap_or_default();
    members.into_iter().filter_map(move |(name, value)| Some((name.into_owned(), read(texts(value))?)))
}

/// The texts of a value: itself, or those in its array; numbers and truth values as they are written.
fn texts(value: &RawValue) -> Vec<String> {
    let one = |value: &RawValue| match (json::text(value), value.get()) {
        (Some(text), _) => Some(text.into_owned()),
        (None, other) => (other != "null" && !other.starts_with(['"', '{', '['])).then(|| other.to_owned()),
    };
    match json::list(value) {
        Some(all) => all.into_iter().filter_map(one).collect(),
        None => one(value).into_iter().collect(),
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
