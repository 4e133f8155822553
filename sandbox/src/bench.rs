//! Benchmarks of the handler against the offline world: figures, no verdicts. Use the release profile.
//!
//! Each run has a world and a handler of its own. The processor time and the memory are those of the handler alone.

mod account;
mod fan_out;
mod figures;
mod floor;
mod freshness;
mod links;
mod listed;
mod notifications;
mod pages;
mod rows;
mod slices;
mod source;
mod start;
mod users;

pub use fan_out::fan_out;
pub use figures::{Figures, Report, flat};
pub use floor::{FLOOR, upsert_alone};
pub use freshness::freshness;
pub use links::links;
pub use notifications::{Load, notifications};
pub use pages::pages;
pub use slices::Slices;
pub use source::Shape;
pub use start::start;
pub use users::{Options, Part, Walk, users};

use serde_json::{Value, json};

use crate::host::Host;

/// What the handler used.
fn used(host: &Host) -> Value {
    let usage = host.process().usage();
    json!({"peakRssMiB": usage.peak_rss_mib, "cpuSeconds": usage.cpu_seconds})
}
