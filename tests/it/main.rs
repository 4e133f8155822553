//! Stories through the public door: the packaged folder, the host stand-in, real sockets. One file per
//! story; `stage.rs` sets it. Random stories print their seed when they fail.

mod architecture;
mod auto;
mod azure_tools;
mod bad_graph;
mod certificate;
mod client_secret;
mod closed_pipe;
mod command_line;
mod copy;
mod corpus;
mod cosmos_trouble;
mod credentials;
mod dead_token;
mod doctor;
mod doubt;
mod dry_run;
mod envelopes;
mod examples;
mod get;
mod groups;
mod init;
mod kill;
mod location;
mod loops;
mod mirrored;
mod notifications;
mod odd_objects;
#[cfg(feature = "otlp")]
mod otlp;
mod refresh;
mod replicas;
mod secrets;
mod settings;
mod sign_in;
mod soak;
mod stage;
mod status;
mod status_page;
mod subscriptions;
mod telemetry;
mod throttling;
mod turns;
mod verbosity;
mod verify;
mod workload_identity;
