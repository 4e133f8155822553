//! Microsoft Graph over reqwest: requests, pages, retries and errors. Knows nothing of the copy.
//!
//! Reading order: [`request`] (what the mirror asks), [`page`] and [`listing`] (what comes back), [`get`]
//! (any other GET) with [`answer`] and [`list`] (what comes back then), [`retry`] (what to do about a failed
//! try, a pure function), [`guard`] (pages that lead nowhere), [`client`] (does it), [`subscription`] (what is
//! not a GET), [`probe`] (one look at how Graph answers), [`error`] (what callers branch on).

mod answer;
mod body;
mod client;
mod error;
mod get;
mod guard;
mod link;
mod list;
mod listing;
mod page;
mod probe;
mod request;
mod retry;
mod sending;
mod subscription;

pub use answer::Answer;
pub use client::{Client, Options};
pub use error::{GraphError, Refusal};
pub use get::{BadGet, Get, Version};
pub use guard::{Guard, Loop};
pub use link::Link;
pub use list::Pages;
pub use listing::Listing;
pub use page::{Next, Page};
pub use probe::{Load, Probe};
pub use request::Request;
pub use subscription::{NewSubscription, Subscription};
