//! Stories through the public door: the packaged folder, the host stand-in, real sockets. One file per
//! story; `stage.rs` sets it. Random stories print their seed when they fail.

mod architecture;
mod bad_graph;
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
mod envelopes;
mod groups;
mod init;
mod kill;
mod location;
mod loops;
mod mirrored;
mod notifications;
mod odd_objects;
mod refresh;
mod replicas;
mod secrets;
mod settings;
mod soak;
mod stage;
mod status;
mod status_page;
mod subscriptions;
mod throttling;
mod turns;
mod verify;
