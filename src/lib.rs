//! graph-mirror keeps a faithful, queryable copy of Microsoft Graph resources in Azure Cosmos DB.
//!
//! The map, in reading order:
//!
//! - [`cli`] — the command line; `serve` is the Azure Functions custom handler
//! - [`functions`] — the custom-handler protocol: envelopes in, answers out, one file per function
//! - [`doctor`] — looks at everything that a copy depends on
//! - [`prove`] — asks the live services what `docs/assumptions.md` says of them
//! - [`app`] — the verbs that every way in calls
//! - [`sync`] — the heart: from a page of Graph to documents and a checkpoint
//! - [`verify`] — compares a copy with Graph
//! - [`mirror`] — one feed, where it comes from and where it goes
//! - [`source`] — what a feed asks of Graph
//! - [`report`] — what is told of turns, and how a copy is
//! - [`graph`] — Microsoft Graph over HTTP
//! - [`notify`] — what Graph's change notifications say, and whether they are ours
//! - [`challenge`] — the claims that a service asks of the next token
//! - [`json`] — JSON that others sent, read member by member
//! - [`trust`] — why a server's certificate is not trusted
//! - [`protocol`] — what makes the copy right: pure
//! - [`store`] — Azure Cosmos DB
//! - [`catalogue`] — which Graph resources there are
//! - [`credentials`], [`settings`], [`telemetry`] — who we are, what we were told, what we tell
//!
//! Imports run one way: `cli → functions → app → {sync, verify} → {mirror, report} → source → {graph, store, catalogue} → protocol`; a test holds the
//! code to it. `docs/protocol.md` has the rules and their reasons.

#![warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod catalogue;
pub mod challenge;
pub mod cli;
pub mod credentials;
pub mod doctor;
pub mod functions;
pub mod graph;
pub mod json;
pub mod mirror;
pub mod notify;
pub mod protocol;
pub mod prove;
pub mod report;
pub mod settings;
pub mod source;
pub mod store;
pub mod subscriptions;
pub mod sync;
pub mod telemetry;
pub mod trust;
pub mod verify;
