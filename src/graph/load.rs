//! What the headers of an answer say of Graph's limits: <https://learn.microsoft.com/graph/throttling#regular-responses-requests>
//! and <https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online>.
//! Pure.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use super::retry;

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

impl Load {
    /// How much of a limit is used, as far as either header says.
    pub(super) fn used(&self) -> Option<f64> {
        let by_rest = self.limit.zip(self.remaining).filter(|(limit, _)| *limit > 0.0);
        let by_rest = by_rest.map(|(limit, remaining)| 1.0 - remaining / limit);
        [self.used, by_rest].into_iter().flatten().reduce(f64::max)
    }
}

/// What the headers of an answer say.
pub(super) fn load(headers: &HeaderMap, now: SystemTime) -> Load {
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
        assert_eq!(told.used(), Some(0.9));
        let by_rest = Load { used: None, remaining: Some(60.0), ..told.clone() };
        assert_eq!((by_rest.used(), Load::default().used()), (Some(0.95), None));
        assert_eq!(told.retry_after, Some(Duration::from_secs(10)));
    }
}
