//! Traces and metrics over OTLP (HTTP, protobuf), where `OTEL_EXPORTER_OTLP_ENDPOINT` says. Only in builds with the
//! feature `otlp`.
//!
//! Promises: what is exported follows from this crate's own spans and events, so nothing else in the product knows
//! OpenTelemetry; requests go through reqwest as all others do; that a collector cannot be reached is logged once,
//! until it can. Leaves out on purpose: logs (they are lines on stdout), and the SDK's own instrumentation of Azure,
//! which wants another version of OpenTelemetry.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::TraceParent;
use super::metrics::Metrics;

/// How long an export may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The name of the service, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` say another one.
const SERVICE: &str = "graph-mirror";

/// What exports spans and metrics to the collector at `endpoint`. Belongs into a tokio runtime.
///
/// # Errors
/// When an exporter cannot be built.
pub(super) fn layer<S>(endpoint: &Url) -> anyhow::Result<impl Layer<S> + use<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let base = endpoint.as_str().trim_end_matches('/');
    let spans = SpanExporter::builder().with_http();
    let spans = spans.with_http_client(Client::new("traces")?).with_endpoint(format!("{base}/v1/traces"));
    let tracers = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(spans.build()?);
    let metrics = MetricExporter::builder().with_http();
    let metrics =
        metrics.with_http_client(Client::new("metrics")?).with_endpoint(format!("{base}/v1/metrics"));
    let meters =
        SdkMeterProvider::builder().with_resource(resource()).with_periodic_exporter(metrics.build()?);
    let tracer = tracers.build().tracer(SERVICE);
    let traces = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    Ok(traces.with_tracked_inactivity(false).with_target(false).and_then(Metrics::new(meters.build())))
}

fn resource() -> Resource {
    let named = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let name = named.get(&"service.name".into()).map(|name| name.to_string());
    // The SDK's own default says only that nobody named it.
    match name.filter(|name| !name.starts_with("unknown_service")) {
        Some(_) => named,
        None => Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_service_name(SERVICE)
            .build(),
    }
}

/// Makes a span part of its caller's trace, or of a new one; what continues it. None where nothing is exported.
pub(super) fn trace(span: &tracing::Span, caller: Option<TraceParent>) -> Option<TraceParent> {
    if let Some(caller) = caller {
        let (trace_id, span_id) = (caller.trace_id.to_be_bytes(), caller.span_id.to_be_bytes());
        let remote = SpanContext::new(
            TraceId::from_bytes(trace_id),
            SpanId::from_bytes(span_id),
            TraceFlags::new(caller.flags),
            true,
            TraceState::default(),
        );
        span.set_parent(Context::new().with_remote_span_context(remote)).ok()?;
    }
    let context = span.context();
    let ours = context.span().span_context().clone();
    ours.is_valid().then(|| TraceParent {
        trace_id: u128::from_be_bytes(ours.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(ours.span_id().to_bytes()),
        flags: ours.trace_flags().to_u8(),
    })
}

/// Sends exports through reqwest, on the runtime that the exporters' own threads do not have.
#[derive(Debug)]
struct Client {
    signal: &'static str,
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
    failing: AtomicBool,
}

impl Client {
    fn new(signal: &'static str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let (http, runtime) = (http.build()?, tokio::runtime::Handle::try_current()?);
        Ok(Self { signal, http, runtime, failing: AtomicBool::new(false) })
    }

    /// Says that exports fail, and that they do not any more, each time once.
    fn note(&self, failure: Option<&str>) {
        let was_failing = self.failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_failing => tracing::warn!(event = "otlp_failed", signal = self.signal, error),
            None if was_failing => tracing::info!(event = "otlp_recovered", signal = self.signal),
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request =
            self.http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        // Also its timer has to be made within the runtime.
        let answer = self.runtime.spawn(async move {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        });
        let (status, headers, body) = match answer.await? {
            Ok(answer) => answer,
            Err(error) => {
                let error = error.without_url();
                self.note(Some(if error.is_timeout() { "no answer in time" } else { "cannot be reached" }));
                return Err(error.into());
            }
        };
        self.note((!status.is_success()).then(|| format!("status {}", status.as_u16())).as_deref());
        let mut response = Response::builder().status(status).body(body)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
