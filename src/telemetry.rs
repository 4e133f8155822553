//! Telemetry: our own events, as JSON lines on stdout for the Functions host, as plain lines on stderr
//! for a person at a terminal.
//!
//! The Functions host logs every stderr line as an error, so nothing goes there. Only events of this
//! crate are written: libraries may log addresses, headers and bodies, which must not leave the process.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging for `serve`; also sends panics through the log, without their payload's backtrace.
pub fn serve() {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stdout);
    // A second start (two servers in one process) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).with(ours()).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(event = "panic", place, "a panic ended its invocation; this is a defect");
    }));
}

/// Starts logging for the other commands, through whoever has stderr: stdout is for their data.
pub fn cli<W: std::io::Write + 'static>(stderr: impl Fn() -> W + Send + Sync + 'static) {
    let lines = tracing_subscriber::fmt::layer().compact().with_target(false).with_writer(stderr);
    let _ = tracing_subscriber::registry().with(lines).with(ours()).try_init();
}

fn ours() -> Targets {
    Targets::new().with_target("graph_mirror", Level::INFO)
}
