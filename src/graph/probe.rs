//! One request that looks how Graph answers: whether it lets us read, and how near its limits are.
//!
//! Promises: it asks once and takes whatever comes; being throttled is an answer. Nothing of the body is kept.
//! Headers: <https://learn.microsoft.com/graph/throttling#regular-responses-requests> and
//! <https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online>.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use super::client::Client;
use super::error::{GraphError, Refusal};
use super::request::at;
use super::{client, retry, sending};

/// How Graph answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// HTTP status.
    pub status: u16,
    /// What it said, unless the status is a success.
    pub refusal: Option<Refusal>,
    /// What it said of its limits.
    pub load: Load,
}

/// What an answer says of Graph's limits; nothing while they are far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// How much of a limit is used, from 0.8 on; more than 1 is over it.
    pub used: Option<f64>,
    /// Requests, or units of cost, that are left …
    pub remaining: Option<f64>,
    /// … of so many.
    pub limit: Option<f64>,
    /// How long Graph wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Client {
    /// Asks for the id of one object of a collection, once.
    ///
    /// # Errors
    /// [`GraphError::NoToken`] and [`GraphError::Unreachable`]: there was no answer.
    pub async fn probe(&self, path: &str) -> Result<Probe, GraphError> {
        let mut url = at(self.origin(), path, None)?;
        url.set_query(Some("$top=1&$select=id"));
        let request = self.http()?.get(url).bearer_auth(self.token(None).await?).headers(sending::headers());
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(GraphError::Unreachable(sending::failure(error)?)),
        };
        let (status, load) = (response.status(), load(response.headers(), SystemTime::now()));
        let refusal = match status.is_success() {
            true => None,
            false => Some(client::refusal(&mut response).await),
        };
        Ok(Probe { status: status.as_u16(), refusal, load })
    }
}

fn load(headers: &HeaderMap, now: SystemTime) -> Load {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<f64>().ok());
    Load {
        used: number("x-ms-throttle-limit-percentage"),
        remaining: number("ratelimit-remaining"),
        limit: number("ratelimit-limit"),
        retry_after: retry::retry_after(text("retry-after"), text("date"), now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_where_graph_tells_them() {
        let mut headers = HeaderMap::new();
        assert_eq!(load(&headers, SystemTime::UNIX_EPOCH), Load::default());
        for (name, value) in [
            ("x-ms-throttle-limit-percentage", "0.9"),
            ("ratelimit-limit", "1200"),
            ("ratelimit-remaining", "120"),
            ("retry-after", "10"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let told = load(&headers, SystemTime::UNIX_EPOCH);
        assert_eq!((told.used, told.limit, told.remaining), (Some(0.9), Some(1200.0), Some(120.0)));
        assert_eq!(told.retry_after, Some(Duration::from_secs(10)));
    }
}
