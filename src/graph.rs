//! Microsoft Graph over reqwest: requests, pages, retries and errors. Knows nothing of the copy.
//!
//! A token, and all groups, page by page, with the waits that Graph asks for:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use futures_util::TryStreamExt as _;
//! use graph_mirror::credentials::cached;
//! use graph_mirror::graph::{Client, Get, Options, objects};
//! use graph_mirror::settings::{Settings, environment};
//!
//! # async fn all_groups() -> anyhow::Result<()> {
//! // GRAPH_CREDENTIAL names the way to a token, AZURE_TENANT_ID and AZURE_CLIENT_ID the app (docs/credentials.md).
//! let settings = Settings::for_graph(environment)?;
//! let options = Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
//! let client = Client::new(options, cached(settings.credential));
//!
//! // Each page has 120 seconds, retries included.
//! let mut groups = objects(&client, Get::path("/groups").select(["id", "displayName"]), Duration::from_secs(120));
//! while let Some(group) = groups.try_next().await? {
//!     println!("{}", group.get());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`request`] (what the mirror asks), [`page`] and [`listing`] (what comes back), [`get`]
//! (any other GET) with [`answer`] and [`list`] (what comes back then), [`retry`] (what to do about a failed
//! try, a pure function), [`batch`] (several objects at once), [`guard`] (pages that repeat), [`pace`] and
//! [`governor`] (how soon a request may go out), [`client`] (does it),
//! [`subscription`] (what is not a GET), [`probe`] (one look at how Graph answers), [`error`] (what callers branch on),
//! [`codes`] and [`says`] (what an error body says).

mod answer;
mod bad_get;
mod batch;
mod body;
mod client;
mod codes;
mod error;
mod get;
mod governor;
mod guard;
mod head;
mod link;
mod list;
mod listing;
mod load;
mod manner;
mod options;
mod pace;
mod page;
mod probe;
mod request;
mod retry;
mod says;
mod sending;
mod size;
pub mod subscription;

pub use answer::Answer;
pub use bad_get::{BadGet, Version};
pub use batch::{BATCH, Member, batch};
pub use client::Client;
pub use codes::codes;
pub use error::{GraphError, Refusal};
pub use get::Get;
pub use governor::Lane;
pub use guard::{Guard, Loop};
pub use list::{Pages, answer, objects, pages};
pub use listing::Listing;
pub use load::Load;
pub use manner::{Manner, Shape};
pub use options::Options;
pub use pace::Priority;
pub use page::Page;
pub use probe::{Probe, probe};
pub use request::Request;
pub use subscription::{NewSubscription, Subscription, is_gone};
