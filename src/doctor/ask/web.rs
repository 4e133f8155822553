//! What is asked over plain HTTP, without a token: the time, and a handshake of change notifications.
//!
//! Promises: no redirect is followed, an answer is waited for within ten seconds and read up to a bound, and errors
//! name no address.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use reqwest::{Client, Response, header, redirect};
use url::Url;
use uuid::Uuid;

use super::super::notification::Handshake;

/// Graph waits so long for the answer to a handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a validation token is.
const LONGEST_BODY: usize = 4096;

/// An HTTP client.
pub struct Web(reqwest::Result<Client>);

impl Web {
    /// A client; opens nothing.
    pub fn new() -> Self {
        let client = Client::builder()
            .user_agent(concat!("graph-mirror/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .build();
        Self(client)
    }

    /// By how many seconds the clock at an address is ahead of ours, as the `Date` of its answer says; none where it does
    /// not answer, which is a verdict elsewhere. Any answer will do, so none is asked for that needs a token.
    pub async fn ahead(&self, url: &Url) -> Option<i64> {
        let client = self.0.as_ref().ok()?;
        let before = SystemTime::now();
        let response = client.get(url.clone()).send().await.ok()?;
        let took = before.elapsed().unwrap_or_default();
        let told = response.headers().get(header::DATE)?.to_str().ok()?;
        let told = httpdate::parse_http_date(told).ok()?;
        // `Date` is cut to the second, and was written on the way.
        Some(difference(told + Duration::from_millis(500), before + took / 2))
    }

    /// A handshake as Graph begins it.
    pub async fn handshake(&self, url: &Url) -> Handshake {
        let token = format!("Validation: Testing client application reachability, {}", Uuid::new_v4());
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("validationToken", &token);
        let client = match &self.0 {
            Ok(client) => client,
            Err(_) => return Handshake::NoAnswer("there is no HTTP client".into()),
        };
        let request = client.post(url).header(header::CONTENT_TYPE, "text/plain; charset=utf-8").body("");
        match request.send().await {
            Ok(response) => answered(response, &token).await,
            Err(error) => Handshake::NoAnswer(why(&error)),
        }
    }
}

async fn answered(mut response: Response, token: &str) -> Handshake {
    let status = response.status().as_u16();
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|text| text.split(';').next()).unwrap_or("nothing");
    let media_type = media_type.trim().to_ascii_lowercase().chars().take(80).collect();
    let mut body = Vec::new();
    while body.len() <= LONGEST_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Handshake::NoAnswer(why(&error)),
        }
    }
    Handshake::Answered { status, media_type, is_echo: body == token.as_bytes() }
}

/// Why there is no answer, without an address.
fn why(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(current) = cause {
        if current.to_string().contains("invalid peer certificate") {
            return "its certificate is not trusted".into();
        }
        cause = current.source();
    }
    if error.is_timeout() {
        format!("no answer within {} s", PATIENCE.as_secs())
    } else if error.is_connect() {
        "no connection".into()
    } else {
        "the connection broke".into()
    }
}

/// How many seconds later `one` is than `other`.
fn difference(one: SystemTime, other: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match one.duration_since(other) {
        Ok(later) => seconds(later),
        Err(earlier) => -seconds(earlier.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_a_direction() {
        let (now, later) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(90));
        assert_eq!((difference(later, now), difference(now, later), difference(now, now)), (90, -90, 0));
    }
}
