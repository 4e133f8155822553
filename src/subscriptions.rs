//! Subscriptions to Graph's change notifications: one for each feed that has them, or for each parent of one, kept alive.
//!
//! Wanted against actual: what is missing is created, what is two thirds through its life is extended, what
//! nobody wants any more is ended. One that a list does not show is asked for by its id before anything follows. What cannot be is written down with Graph's reason, for `status` to tell.
//! One keeper at a time, under a lease like that of a feed; its partition in `mirror` has a record per feed.
//!
//! <https://learn.microsoft.com/graph/api/resources/subscription>

use std::time::Duration;

use url::Url;

use crate::graph;
use crate::notify::Keys;
use crate::store::Store;

mod below;
mod keeper;
mod off;
mod one;
mod plan;
mod record;
mod renewal;
mod step;
mod tallies;
mod target;
mod timer;

pub use keeper::{keep, preview};
pub use off::{end, would_end};
pub use one::keep_one;
pub use record::{Record, key_of, record};
pub use renewal::Renewal;
pub use tallies::{Tallies, add, tallies};
pub use timer::{PERIOD, period};

/// The name under which the keeper has its lease, its records, and its work items.
pub const FEED: &str = "subscriptions";

/// What the keeper works with.
#[derive(Debug)]
pub struct Keeper<'a> {
    /// Where subscriptions are.
    pub graph: &'a graph::Client,
    /// Where the records are.
    pub store: &'a Store,
    /// What client states are made with.
    pub keys: &'a Keys,
    /// Where notifications go.
    pub url: &'a Url,
    /// Whose objects are mirrored.
    pub tenant_id: &'a str,
    /// Life of the lease.
    pub lease: Duration,
    /// How often somebody looks.
    pub period: time::Duration,
}

/// Subscriptions could not be looked after at all.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Graph.
    #[error(transparent)]
    Graph(#[from] graph::GraphError),
    /// Cosmos.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
