//! Benchmarks of the handler against the offline world: figures, no verdicts. Use the release profile.

mod fan_out;
mod initial;
mod members;
mod notifications;
mod pages;

pub use fan_out::fan_out;
pub use initial::initial;
pub use members::members;
pub use notifications::{Load, notifications};
pub use pages::pages;

use serde_json::{Value, json};

use crate::host::Host;

/// What the handler used.
fn used(host: &Host) -> Value {
    let usage = host.process().usage();
    json!({"peakRssMiB": usage.peak_rss_mib, "cpuSeconds": usage.cpu_seconds})
}
