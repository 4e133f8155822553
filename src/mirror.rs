//! One feed with its source in Graph and its target in Cosmos DB: shared by sync, dry run and `verify`.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::catalogue::Resource;
use crate::protocol::plan::{self, Definition, Restart};
use crate::protocol::{Checkpoint, Containers, Feed, FirstCopy, Ids, Link, Numbers, Scope};
use crate::source::Source;
use crate::store::{self, Inspected, Store, StoreError, numbers, throttle};

mod progress;

pub use progress::{Progress, Seen, Stage};

/// The mirror of one feed.
#[derive(Debug)]
pub struct Mirror {
    feed: Feed,
    resource: Arc<Resource>,
    source: Source,
    store: Arc<Store>,
    options: Options,
    progress: Arc<Progress>,
}

/// Durations and bounds of a turn.
#[derive(Debug, Clone)]
pub struct Options {
    /// Duration of the lease.
    pub lease: Duration,
    /// Age at which doubt is settled: the replicas of Graph agree by then.
    pub doubt: Duration,
    /// Time after which Cosmos DB deletes a tombstone.
    pub tombstone_ttl: Duration,
    /// The removal limit, first bound: a sweep is held if it would remove more than this percentage of the documents
    /// and exceeds `max_delete_count`.
    pub max_delete_percent: f64,
    /// The removal limit, second bound: the number of documents.
    pub max_delete_count: u64,
    /// A first copy of more objects than this is read as a list; none: no copy is.
    pub list_above: Option<u64>,
    /// Whether a sweep that would be held runs anyway.
    pub accepts_removals: bool,
}

impl Mirror {
    /// Creates the mirror of a feed of this resource.
    pub fn new(
        feed: Feed,
        resource: Arc<Resource>,
        source: Source,
        store: Arc<Store>,
        options: Options,
        progress: Arc<Progress>,
    ) -> Self {
        Self { feed, resource, source, store, options, progress }
    }

    /// This mirror, where the parent of the feed is gone: see [`Source::orphaned`].
    #[must_use]
    pub fn orphaned(self, orphaned: bool) -> Self {
        Self { source: self.source.orphaned(orphaned), ..self }
    }

    /// The feed that is mirrored.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The resource of the feed: how Graph is read and where the copy is stored.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The source of the feed in Microsoft Graph.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The Cosmos DB store that holds the copy.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The durations and bounds of a turn.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The progress of the current operation.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The scope of the feed's objects in the store.
    pub fn objects(&self) -> Scope<'_> {
        self.feed.scope(&self.resource.container)
    }

    /// The definition that decides whether a checkpoint is still valid.
    pub fn definition(&self, containers: Ids) -> Definition {
        Definition {
            feed: self.feed.key(),
            mode: self.resource.read_mode(),
            shape: self.source.shape(),
            tenant_id: self.source.reader().tenant_id.clone(),
            containers,
            orphaned: self.source.is_orphaned(),
            first_copy: self.options.list_above.map_or(FirstCopy::Delta, |_| self.resource.first_copy()),
        }
    }

    /// Where the feed goes on whose token is dead.
    pub fn restart(&self, checkpoint: &Checkpoint, location: Option<Link>) -> Restart {
        plan::restart(checkpoint, location, self.resource.time_token.then_some(self.options.doubt))
    }

    /// Until when the service of the feed is to be left alone, as another feed or another process was told. Requests of this
    /// process wait for it from now on.
    pub async fn heed_pause(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match throttle::paused_until(&self.store, self.source.service(), now).await {
            Ok(until) => {
                self.source.pause_as_others((until? - now).try_into().unwrap_or_default());
                until
            }
            // Graph tells us again.
            Err(error) => {
                tracing::warn!(event = "pause_not_read", resource = self.feed.key(), %error);
                None
            }
        }
    }

    /// Inspects the containers of the feed and those of the objects at the ends of its links. The tombstones in the
    /// latter decide which links end.
    ///
    /// # Errors
    /// As [`store::look_at`].
    pub async fn inspect(&self, checkpoint: Option<&Checkpoint>) -> Result<Inspected, StoreError> {
        let unknown = Ids::new();
        let known = checkpoint.map_or(&unknown, |checkpoint| &checkpoint.containers);
        store::look_at(&self.store, self.resource.containers(), &self.resource.targets, known).await
    }

    /// Raises `from_time` above all numbers that the documents of the feed carry.
    ///
    /// # Errors
    /// As [`numbers::above`].
    pub async fn above(&self, there: &Containers, from_time: Numbers) -> Result<Numbers, StoreError> {
        let mut numbers = from_time;
        let containers = self.resource.containers().map(|(name, _)| name);
        for container in containers.filter(|name| there.ids.contains_key(*name)) {
            numbers = numbers::above(&self.store, self.feed.scope(container), numbers).await?;
        }
        Ok(numbers)
    }
}
