//! Telemetry: our own events, as JSON lines on stdout for the Functions host, as short lines on stderr for a person
//! at a terminal; with the feature `otlp` also traces and metrics over OTLP.
//!
//! The Functions host logs every stderr line as an error, so nothing goes there. Only events of this crate are
//! written: libraries may log addresses, headers and bodies, which must not leave the process. `docs/telemetry.md`
//! lists every event.

use std::io::Write;
use std::sync::OnceLock;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use url::Url;

use lines::{Form, Lines};
pub use traceparent::TraceParent;

mod lines;
#[cfg(feature = "otlp")]
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod traceparent;

/// How much is said of what goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What somebody should know.
    #[default]
    Normal,
    /// Every request too.
    Verbose,
}

/// The level belongs to the process, as the subscriber of `tracing` does.
static VERBOSITY: OnceLock<Verbosity> = OnceLock::new();

/// Sets how much is said, once, before anything is.
pub fn set_verbosity(verbosity: Verbosity) {
    // The command line is read once; a second call would change nothing.
    let _ = VERBOSITY.set(verbosity);
}

/// Whether only errors are said.
pub fn is_quiet() -> bool {
    verbosity() == Verbosity::Quiet
}

/// Starts logging for `serve`, and exporting to `collector` where there is one; also sends panics through the log,
/// without their payload's backtrace. With a collector, it belongs into a tokio runtime.
pub fn serve(collector: Option<&Url>) {
    let lines = Lines::new(Form::Json, std::io::stdout);
    #[cfg(feature = "otlp")]
    let (exported, problem) = match collector.map(otlp::layer).transpose() {
        Ok(exported) => (exported, None),
        Err(error) => (None, Some(error.to_string())),
    };
    #[cfg(not(feature = "otlp"))]
    let (exported, problem) = {
        let absent = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this build has no feature `otlp`";
        (None::<tracing_subscriber::layer::Identity>, collector.map(|_| absent))
    };
    // A second start (two servers in one process) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).with(exported).with(ours()).try_init();
    if let Some(error) = problem {
        tracing::warn!(event = "otlp_off", error);
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(event = "panic", place, "a panic ended its invocation; this is a defect");
    }));
}

/// Starts logging for the other commands, through whoever has stderr: stdout is for their data.
pub fn cli<W: Write + 'static>(stderr: impl Fn() -> W + Send + Sync + 'static) {
    let _ = tracing_subscriber::registry().with(Lines::new(Form::Text, stderr)).with(ours()).try_init();
}

/// Makes an invocation's span part of the trace that its caller names, or of a new one; what continues it.
pub fn trace(span: &tracing::Span, caller: Option<TraceParent>) -> TraceParent {
    let alone = || caller.map_or_else(TraceParent::new, TraceParent::child);
    #[cfg(feature = "otlp")]
    let parent = otlp::trace(span, caller).unwrap_or_else(alone);
    #[cfg(not(feature = "otlp"))]
    let parent = alone();
    span.record("traceId", format!("{:032x}", parent.trace_id));
    parent
}

fn verbosity() -> Verbosity {
    VERBOSITY.get().copied().unwrap_or_default()
}

fn ours() -> Targets {
    let level = match verbosity() {
        Verbosity::Quiet => Level::ERROR,
        Verbosity::Normal => Level::INFO,
        Verbosity::Verbose => Level::DEBUG,
    };
    Targets::new().with_target("graph_mirror", level)
}
