//! The clock of a fake, as its answers tell it: header `Date`, which every service sends.
//!
//! Promises: shifted by nothing, the header is what the HTTP server writes. Only the header is shifted: tokens, leases and
//! expiry go by the true time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header::DATE},
    middleware::map_response_with_state,
    response::Response,
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// A clock that can be shifted. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// From now on, answers are dated so many seconds ahead; behind is negative.
    pub fn shift(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    /// What time it is.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::seconds(self.0.load(Ordering::SeqCst))
    }

    /// The time so many minutes ago, as Graph writes it.
    pub fn text(&self, minutes_ago: i64) -> String {
        let moment = (self.now() - Duration::minutes(minutes_ago)).truncate_to_second();
        moment.format(&Rfc3339).unwrap_or_default()
    }

    /// Has all answers of a router dated by this clock.
    pub(crate) fn date(&self, router: Router) -> Router {
        router.layer(map_response_with_state(self.clone(), dated))
    }
}

async fn dated(State(clock): State<Clock>, mut response: Response) -> Response {
    let shift = clock.0.load(Ordering::SeqCst);
    let date = http_date(OffsetDateTime::now_utc() + Duration::seconds(shift));
    if let Ok(date) = HeaderValue::from_str(&date)
        && shift != 0
    {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// A moment as headers tell it (RFC 9110, 5.6.7).
pub(crate) fn http_date(moment: OffsetDateTime) -> String {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    moment.format(&form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;
    use crate::loopback::Loopback;

    #[test]
    fn an_http_date_looks_like_one() {
        let moment = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        assert_eq!(http_date(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[tokio::test]
    async fn a_shifted_clock_dates_answers() {
        let clock = Clock::default();
        let server =
            Loopback::bind().await.unwrap().serve(clock.date(Router::new().route("/", get(|| async {}))));
        let date = || async {
            let answer = reqwest::get(server.origin()).await.unwrap();
            answer.headers()["date"].to_str().unwrap().to_owned()
        };
        let this_year = OffsetDateTime::now_utc().year().to_string();
        assert!(date().await.contains(&this_year));
        clock.shift(-3 * 366 * 86_400);
        assert!(!date().await.contains(&this_year));
    }
}
