//! Writing documents: what a page, a sweep, a cascade and a look have in common.

use std::borrow::Cow;
use std::ops::Add;
use std::time::{Duration, Instant};

use super::drive::Driver;
use super::error::SyncError;
use crate::protocol::change::{Change, Kind};
use crate::protocol::document::{self, Stamp};
use crate::protocol::{Counts, Etag, Stored};
use crate::store::StoreError;

/// How long past the budget throttled writes are still tried: giving up a page would cost more.
const GRACE: Duration = Duration::from_secs(60);

/// Documents written, and the request units that they cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wrote {
    pub counts: Counts,
    pub charge: f64,
}

impl Add for Wrote {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let mut counts = self.counts;
        counts += other.counts;
        Self { counts, charge: self.charge + other.charge }
    }
}

impl Driver<'_> {
    /// Until when a throttled write is tried again.
    pub fn give_up(&self) -> Instant {
        self.deadline.max(Instant::now()) + GRACE
    }

    /// Writes one document; with an etag only over that version, and nothing when somebody wrote it in
    /// between: then it is no longer what was found.
    pub async fn write(
        &self,
        container: &str,
        document: &impl Stored,
        over: Option<&Etag>,
        counts: Counts,
        give_up: Instant,
    ) -> Result<Wrote, StoreError> {
        match self.mirror.store.write(container, document, over, self.lease, give_up).await {
            Ok(written) => Ok(Wrote { counts, charge: written.charge }),
            Err(StoreError::Overtaken | StoreError::Missing(_)) if over.is_some() => Ok(Wrote::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes one change, as [`Driver::write`] does; content that Cosmos will never take is set aside, and the
    /// feed goes on.
    pub async fn write_change(
        &self,
        change: &Change<'_>,
        stamp: &Stamp<'_>,
        over: Option<&Etag>,
        give_up: Instant,
    ) -> Result<Wrote, SyncError> {
        let container = self.row.container;
        let set_aside = Counts { set_aside: 1, ..Counts::default() };
        if let Kind::Put { unholdable, .. } = &change.kind
            && !unholdable.is_empty()
        {
            self.name_unholdable(unholdable);
        }
        let counts = change.kind.counts();
        let Some(document) = document::of(change, stamp) else { return Ok(Wrote::default()) };
        match self.write(container, &document, over, counts, give_up).await {
            Err(StoreError::Refused(reason)) => {
                let feed = self.control.feed();
                tracing::warn!(event = "set_aside", resource = feed, bytes = change.text.len(), reason);
                let note = document::set_aside(change, reason, stamp);
                Ok(self.write(container, &note, over, set_aside, give_up).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Names the properties whose values Cosmos cannot hold, as far as they were asked for.
    fn name_unholdable(&self, names: &[Cow<'_, str>]) {
        let asked = self.row.select();
        let known =
            |name: &Cow<'_, str>| asked.iter().find(|asked| *asked == name).map_or("…", String::as_str);
        let properties = names.iter().map(known).collect::<Vec<_>>().join(", ");
        tracing::warn!(event = "value_set_aside", resource = self.row.resource, properties);
    }
}
