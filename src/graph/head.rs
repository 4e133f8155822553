//! What the head of an answer says, and the body of a refusal, as far as it may be told on.

use std::time::{Duration, SystemTime};

use reqwest::{Response, StatusCode, header};
use url::Url;

use super::body::{self, MAX_ERROR_BYTES};
use super::codes::codes;
use super::error::Refusal;
use super::says::says;
use crate::challenge::Challenge;
use crate::json::shown_id;
use crate::protocol::Link;

/// The path of an address, without what may be a token: the query, and the arguments of a function.
pub(super) fn shown(url: &Url) -> &str {
    url.path().split(['(', '%']).next().unwrap_or_default()
}

/// The claims that a 401 asks for.
pub(super) fn challenge(response: &Response, token: &str) -> Option<Challenge> {
    let headers = response.headers().get_all(header::WWW_AUTHENTICATE);
    let is_refused = response.status() == StatusCode::UNAUTHORIZED;
    headers.iter().filter(|_| is_refused).find_map(|value| Challenge::read(value.to_str().ok()?, token))
}

/// Where an answer says to go instead; a relative one is relative to what was asked (RFC 9110, 10.2.2).
pub(super) fn location(response: &Response) -> Option<Link> {
    let told = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(Link::new(response.url().join(told).ok()?))
}

/// What a non-2xx answer said, as far as it may be told on.
pub(super) async fn refusal(response: &mut Response) -> Refusal {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let request_id = header("request-id").map_or("none", shown_id).into();
    let status = response.status().as_u16();
    let body = body::read(response, MAX_ERROR_BYTES).await.unwrap_or_default();
    Refusal { status, code: codes(&body), request_id, says: says(&body).map(Into::into) }
}

/// A number from 0 to 1 that differs from process to process and from try to try.
pub(super) fn jitter() -> f64 {
    let nanos =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).subsec_nanos();
    f64::from(nanos % 1_000_003) / 1_000_003.0
}
