//! How requests go out: timeouts, redirects, headers.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use url::Url;
use uuid::Uuid;

use super::body::Limit;
use super::error::GraphError;
use super::link::is_within;
use crate::trust::distrusted;

/// Decorated as Microsoft asks for, so that our traffic is not throttled as undecorated:
/// <https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online>.
const USER_AGENT: &str = concat!("NONISV|graph-mirror|graph-mirror/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest try as a whole.
const TIMEOUT: Duration = Duration::from_secs(90);
/// While an answer is due, the connection is asked for a sign of life this often, …
const PING_EVERY: Duration = Duration::from_secs(10);
/// … and left when none comes for so long.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;

/// A request as it goes out, the same with every try.
#[derive(Debug, Clone)]
pub struct Sent<'a> {
    /// The method.
    pub method: Method,
    /// Where it goes; on the configured origin.
    pub url: &'a Url,
    /// A body of JSON.
    pub body: Option<Bytes>,
    /// Headers besides ours, and in place of ours where they have the same name.
    pub headers: HeaderMap,
    /// The URL carries a token that Graph gave us earlier.
    pub carries_token: bool,
    /// Whatever the answer is, it is taken; else it has to be JSON.
    pub takes_all: bool,
    /// How large the answer may be.
    pub limit: Limit,
}

impl<'a> Sent<'a> {
    /// A GET of JSON.
    pub fn get(url: &'a Url) -> Self {
        let (method, headers) = (Method::GET, HeaderMap::new());
        let limit = Limit::Any;
        Self { method, url, body: None, headers, carries_token: false, takes_all: false, limit }
    }

    /// All headers but that of the token.
    pub fn all_headers(&self) -> HeaderMap {
        let mut headers = headers();
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if self.takes_all {
            let any = "application/json, text/plain;q=0.9, */*;q=0.8";
            headers.insert(ACCEPT, HeaderValue::from_static(any));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        headers
    }
}

/// An HTTP client that follows redirects within `origin` only.
pub fn client(origin: Url) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TIMEOUT)
        // HTTP/2 has one connection for all requests. Without these, one that goes silent is used for ever: a request that
        // times out ends its stream only, and the next one goes the same way.
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .redirect(Policy::custom(move |attempt| redirect(attempt, &origin)))
        .build()
}

/// The header that says how urgent a request is:
/// <https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits>.
pub const PRIORITY: &str = "x-ms-throttle-priority";

/// What `Prefer` asks for: <https://learn.microsoft.com/graph/best-practices-concept>.
pub const PREFER: &str = "include-unknown-enum-members";

/// The headers of every request. They are not carried by next links, so every page gets them.
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let id = Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("client-request-id"), id);
    }
    headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static(PREFER));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// A redirect that leads away; carried through reqwest's error.
#[derive(Debug)]
struct Foreign(String);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a redirect to another host, `{}`", self.0)
    }
}

impl std::error::Error for Foreign {}

fn redirect(attempt: Attempt<'_>, origin: &Url) -> reqwest::redirect::Action {
    if !is_within(attempt.url(), origin) {
        let host = attempt.url().host_str().unwrap_or("no host").to_owned();
        attempt.error(Foreign(host))
    } else if attempt.previous().len() > MOST_REDIRECTS {
        attempt.stop()
    } else {
        attempt.follow()
    }
}

/// Why nothing came back: worth another try (`Ok`, in words without an address), or final.
pub fn failure(error: reqwest::Error) -> Result<String, GraphError> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(Foreign(host)) = cause.downcast_ref::<Foreign>() {
            return Err(GraphError::ForeignLink { host: host.clone() });
        }
        source = cause.source();
    }
    if let Some(why) = distrusted(&error) {
        return Err(GraphError::Distrusted { why });
    }
    Ok(if error.is_timeout() {
        "no answer in time".into()
    } else if error.is_connect() {
        "no connection".into()
    } else {
        "the connection broke".into()
    })
}
