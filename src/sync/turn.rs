//! The state that all actions of a turn share: the feed, the lease and the budget.

use std::time::{Duration, Instant};

use crate::catalogue::Mode;
use crate::graph::GraphError;
use crate::mirror::{Mirror, Options};
use crate::protocol::document::Stamp;
use crate::protocol::plan::listing;
use crate::protocol::{Checkpoint, Counts, Scope, Source as ReadFrom};
use crate::report::{Cost, SyncError, run};
use crate::source::Source;
use crate::store::{Control, Lease, Meter, Store};

/// Throttled writes are retried for this long after the budget is spent: giving up a page would cost more.
const GRACE: Duration = Duration::from_secs(60);

/// One turn on a feed.
pub(super) struct Turn<'a> {
    mirror: &'a Mirror,
    control: &'a Control,
    lease: &'a Lease,
    meter: &'a Meter,
    started: Instant,
    deadline: Instant,
}

impl<'a> Turn<'a> {
    /// Creates a turn that began at `started` and has this budget.
    pub fn new(
        mirror: &'a Mirror,
        control: &'a Control,
        lease: &'a Lease,
        meter: &'a Meter,
        started: Instant,
        budget: Duration,
    ) -> Self {
        Self { mirror, control, lease, meter, started, deadline: started + budget }
    }

    pub fn mirror(&self) -> &'a Mirror {
        self.mirror
    }

    pub fn source(&self) -> &'a Source {
        self.mirror.source()
    }

    pub fn store(&self) -> &'a Store {
        self.mirror.store()
    }

    pub fn options(&self) -> &'a Options {
        self.mirror.options()
    }

    /// The objects of the feed.
    pub fn objects(&self) -> Scope<'a> {
        self.mirror.objects()
    }

    /// The links of the feed in one of its containers.
    pub fn scope<'s>(&'s self, container: &'s str) -> Scope<'s> {
        self.mirror.feed().scope(container)
    }

    pub fn control(&self) -> &'a Control {
        self.control
    }

    pub fn lease(&self) -> &'a Lease {
        self.lease
    }

    /// The key of the feed, for logs.
    pub fn key(&self) -> &'a str {
        self.control.feed()
    }

    /// The instant at which the budget is spent.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the budget is spent.
    pub fn is_spent(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The instant until which throttled writes are retried.
    pub fn give_up(&self) -> Instant {
        self.deadline.max(Instant::now()) + GRACE
    }

    /// Request units so far.
    pub fn units(&self) -> f64 {
        self.meter.units()
    }

    /// The progress of the turn so far.
    pub fn reached(&self, counts: Counts, checkpoint: &Checkpoint) -> run::Reached {
        let cost = Cost::new(self.units(), self.started.elapsed());
        run::Reached { counts, cost, as_of: checkpoint.as_of }
    }

    /// The stamp that the documents of the next save carry.
    pub fn stamp(&self, checkpoint: &Checkpoint) -> Stamp<'a> {
        let mirror = self.mirror;
        Stamp {
            resource: &mirror.feed().resource,
            parent: mirror.feed().parent.as_deref(),
            tenant_id: &mirror.source().reader().tenant_id,
            source: match mirror.resource().mode {
                Mode::Delta if listing::open(checkpoint).is_some() => ReadFrom::List,
                Mode::Delta => ReadFrom::Delta,
                Mode::List => ReadFrom::List,
                Mode::Window => ReadFrom::Window,
            },
            is_first_list: listing::open(checkpoint).is_some(),
            generation: checkpoint.generation,
            save: checkpoint.save + 1,
            now: self.lease.latest(),
            tombstone_ttl: mirror.options().tombstone_ttl,
            ttl: mirror.resource().ttl_days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
        }
    }

    /// Adds the likely cause to an error of Graph, for example the missing permission.
    pub fn explain(&self, error: GraphError) -> SyncError {
        self.source().explain(error).into()
    }
}
