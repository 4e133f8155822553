//! The custom-handler protocol: one HTTP server, one path per function, envelopes in, answers out.
//!
//! Guarantees: `GET /` answers at once whatever else runs (the host takes it for readiness and health);
//! a 2xx always carries a JSON object (an empty one would hang the host); failure is a non-2xx answer; a
//! panic fails its own invocation only; an invocation runs to its end even when the host hangs up.
//! Knows neither Graph nor Cosmos.
//!
//! <https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers>

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::app::App;
use crate::json::shown_name;
use crate::telemetry;
use answer::{Answer, Failure};
use bounds::{Bounded, PATIENCE, Reading};
use reply::Reply;

mod accept;
mod answer;
mod bounds;
mod continue_sync;
pub mod envelope;
mod notifications;
mod refresh;
mod renew_subscriptions;
mod reply;
mod status;
mod sync;
mod trace;
mod work;

/// Largest envelope, and the only bound on a request's body. Timers and work items are a few KiB; what a caller posts is
/// in it several times.
const MAX_ENVELOPE_BYTES: usize = 4 << 20;

/// What invocations run on.
#[derive(Debug)]
pub enum Ready {
    /// The app.
    App(Box<App>),
    /// Nothing: the settings are wrong, and every invocation fails saying so.
    Refused(String),
}

/// Serves the protocol on a bound listener, for ever.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, ready: Ready) -> std::io::Result<()> {
    let router = router(ready).into_make_service_with_connect_info::<Reading>();
    axum::serve(Bounded { listener, patience: PATIENCE }, router).await
}

fn router(ready: Ready) -> Router {
    let ready = Arc::new(ready);
    let functions = Router::new()
        .route("/", get(|| async { Answer::default().into_response() }))
        .route("/{function}", post(invoke))
        .fallback(|| async { Failure::unknown("this path").into_response() })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(ready.clone(), read))
        .with_state(ready);
    protect(functions)
}

/// Turns a panic into a failed invocation.
fn protect(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(|_| Failure::defect().into_response()))
}

/// Reads a request to its end, within the bound, and tells the connection that it did.
async fn read(State(ready): State<Arc<Ready>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_ENVELOPE_BYTES).await else {
        if let (Ready::App(app), "/notifications") = (&*ready, parts.uri.path()) {
            notifications::too_large(app);
        }
        return Failure::too_large(MAX_ENVELOPE_BYTES >> 20).into_response();
    };
    if let Some(ConnectInfo(reading)) = parts.extensions.remove::<ConnectInfo<Reading>>() {
        reading.is_done();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// One invocation: `POST /<function>` with an envelope.
async fn invoke(
    State(ready): State<Arc<Ready>>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let id = headers.get("x-azure-functions-invocationid").and_then(|id| id.to_str().ok()).unwrap_or("none");
    let span =
        tracing::info_span!("invocation", invocationId = id, function, traceId = tracing::field::Empty);
    let continued = telemetry::trace(&span, trace::caller(&function, &headers, &body));
    let began = Instant::now();
    let run = async move {
        let ended = dispatch(&ready, &function, &body).await.map(|answer| answer.traced(&continued));
        match &ended {
            Ok(answer) if answer.is_quiet() => {}
            Ok(answer) => {
                tracing::info!(event = "invocation", summary = answer.sentence(), seconds = since(began))
            }
            Err(failure) => {
                tracing::error!(event = "invocation_failed", error = %failure, seconds = since(began))
            }
        }
        ended
    };
    match tokio::spawn(run.instrument(span)).await {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(failure)) => failure.into_response(),
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Failure::defect().into_response(),
    }
}

/// Seconds, to thousandths.
fn since(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
}

async fn dispatch(ready: &Ready, name: &str, body: &[u8]) -> Result<Answer, Failure> {
    let function = Function::named(name)?;
    let app = match ready {
        Ready::App(app) => app,
        Ready::Refused(problems) => return function.refuse(problems, body),
    };
    match function {
        Function::Sync(resource) => sync::run(app, resource, body).await,
        Function::ContinueSync => continue_sync::run(app, false, body).await,
        Function::ContinueRequested => continue_sync::run(app, true, body).await,
        Function::Refresh => refresh::run(app, body).await,
        Function::Notifications => notifications::run(app, body),
        Function::RenewSubscriptions => renew_subscriptions::run(app, body).await,
        Function::Status => status::run(app, body).await,
    }
}

/// The functions that are served, by the names of their folders.
enum Function<'a> {
    Sync(&'a str),
    ContinueSync,
    ContinueRequested,
    Refresh,
    Notifications,
    RenewSubscriptions,
    Status,
}

impl<'a> Function<'a> {
    fn named(name: &'a str) -> Result<Self, Failure> {
        match name {
            "continue_sync" => Ok(Self::ContinueSync),
            "continue_requested" => Ok(Self::ContinueRequested),
            "refresh" => Ok(Self::Refresh),
            "notifications" => Ok(Self::Notifications),
            "renew_subscriptions" => Ok(Self::RenewSubscriptions),
            "status" => Ok(Self::Status),
            _ => name
                .strip_prefix("sync_")
                .map(Self::Sync)
                .ok_or_else(|| Failure::unknown(&format!("function `{}`", shown_name(name)))),
        }
    }

    /// What comes of an invocation that there are no settings for: a caller is told, everybody else fails.
    fn refuse(&self, problems: &str, body: &[u8]) -> Result<Answer, Failure> {
        match self {
            Self::Sync(_) | Self::ContinueSync | Self::ContinueRequested | Self::RenewSubscriptions => {
                Err(Failure::refused(problems))
            }
            // Anybody may ask here: what is wrong is for the log.
            Self::Notifications => Ok(Answer::quiet(Reply::bare(503))),
            Self::Refresh => {
                Ok(Answer::http(Reply::problem(500, "Internal Server Error", problems), Vec::new()))
            }
            Self::Status => Ok(status::refuse(problems, body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn serve_for_test(router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    #[tokio::test]
    async fn a_panic_fails_its_own_invocation_only() {
        async fn defect() -> Response {
            panic!("a defect")
        }
        let origin = serve_for_test(protect(
            Router::new().route("/defect", post(defect)).route("/", get(|| async { "{}" })),
        ))
        .await;
        let client = reqwest::Client::new();
        let failed = client.post(format!("{origin}/defect")).send().await.unwrap();
        assert_eq!(failed.status(), 500);
        assert_eq!(failed.headers()["content-type"], "application/json");
        assert!(client.get(origin).send().await.unwrap().status().is_success());
    }

    #[tokio::test]
    async fn wrong_settings_fail_every_invocation_and_name_themselves() {
        let origin = serve_for_test(router(Ready::Refused("COSMOS_ENDPOINT: is not set".into()))).await;
        let client = reqwest::Client::new();
        for function in ["sync_users", "continue_sync"] {
            let answer = client.post(format!("{origin}/{function}")).body("{}").send().await.unwrap();
            assert_eq!(answer.status(), 500);
            assert!(answer.text().await.unwrap().contains("COSMOS_ENDPOINT"));
        }
        assert!(client.get(origin).send().await.unwrap().status().is_success());
    }
}
