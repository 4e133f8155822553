//! Microsoft Graph over reqwest: requests, pages, retries and errors. Knows nothing of the copy.
//!
//! Reading order: [`request`] (what is asked), [`page`] and [`listing`] (what comes back),
//! [`retry`] (what to do about a
//! failed try, a pure function), [`client`] (does it), [`subscription`]
//! (what is not a GET), [`probe`] (one look at how Graph answers), [`error`] (what callers branch on).

mod body;
mod client;
mod error;
mod link;
mod listing;
mod page;
mod probe;
mod request;
mod retry;
mod sending;
mod subscription;

pub use client::{Client, Options};
pub use error::{GraphError, Refusal};
pub use link::Link;
pub use listing::Listing;
pub use page::{Next, Page};
pub use probe::{Load, Probe};
pub use request::Request;
pub use subscription::{NewSubscription, Subscription};
