//! How requests go out: timeouts, redirects, headers.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use url::Url;
use uuid::Uuid;

use super::error::GraphError;
use super::link::is_within;

/// Decorated as Microsoft asks for, so that our traffic is not throttled as undecorated:
/// <https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online>.
const USER_AGENT: &str = concat!("NONISV|graph-mirror|graph-mirror/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest try as a whole.
const TIMEOUT: Duration = Duration::from_secs(90);
const MOST_REDIRECTS: usize = 5;

/// An HTTP client that follows redirects within `origin` only.
pub fn client(origin: Url) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(Policy::custom(move |attempt| redirect(attempt, &origin)))
        .build()
}

/// The headers of every request. They are not carried by next links, so every page gets them.
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let id = Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("client-request-id"), id);
    }
    headers
        .insert(HeaderName::from_static("prefer"), HeaderValue::from_static("include-unknown-enum-members"));
    headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
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
    Ok(if error.is_timeout() {
        "no answer in time".into()
    } else if error.is_connect() {
        "no connection".into()
    } else {
        "the connection broke".into()
    })
}
