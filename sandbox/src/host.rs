//! A stand-in of the Azure Functions host: runs a staged folder with its custom handler, as a real process
//! over real sockets, and tells the test what the host would have made of every answer.
//!
//! It promises to send what the host sends (the envelope, its headers and framing, retries, queue
//! deliveries), to judge answers as the host judges them, and to start, restart and kill the handler as the
//! host does. What would make the real host hang is an error here. Several instances are several hosts with
//! the same [`Queues`].
//!
//! It leaves out time: a timer fires when it is told to ([`Host::fire`]), a queue is pumped ([`Host::pump`]),
//! and no test waits for a clock. It also leaves out what this product does not use: other triggers, request
//! forwarding and proxying, drain mode. What it does not know in `host.json` or `function.json` and would
//! have to act on, it refuses.
//!
//! In reading order: `handle` ([`Host`]) and `process` ([`Process`]); `host_json` and `function_json` (what is deployed);
//! `handler`, `environment`, `readiness`, `crashes` (the process); `envelope`, `invocation`, `answer`, `outputs` (one
//! invocation); `timer`, `queue`, `pump`, `front` (what starts one).

mod answer;
mod attempt;
mod crashes;
mod disabled;
mod envelope;
mod environment;
mod front;
mod function_json;
mod handle;
mod handler;
mod host_json;
mod inner;
mod invocation;
mod logs;
mod options;
mod outputs;
mod port;
mod process;
mod pump;
mod queue;
mod readiness;
mod reformat;
mod route;
mod schedule;
mod time_span;
mod timer;
mod usage;

pub use attempt::{Attempt, Framing, Verdict};
pub use handle::{Host, RawAnswer};
pub use logs::{LogLine, Stream};
pub use options::{Keys, Options};
pub use process::Process;
pub use queue::{Message, Queues};
pub use schedule::Schedule;
pub use timer::{Fire, Firing, Occasion};
pub use usage::{Usage, sample as usage_of};
