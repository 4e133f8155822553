//! What a sweep would take in a dry run, and what is doubtful: as in a turn, of the copy as it would be by then.

use std::collections::HashSet;
use std::future::ready;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use time::OffsetDateTime;

use super::{Dry, Sweep, hash};
use crate::graph::{BATCH, GraphError};
use crate::mirror::ask::{Fate, ask};
use crate::mirror::error::SyncError;
use crate::mirror::outcome::Hold;
use crate::mirror::sweep::hold_above_limit;
use crate::mirror::sweep::links::{self, LinkFate};
use crate::protocol::machine::{Event, Settled, Weight};
use crate::protocol::plan::{self, Swept};
use crate::protocol::{Candidate, Checkpoint, Counts, Source};

impl Dry<'_> {
    /// As the weighing of a turn, of the copy as it would be by then.
    pub(super) async fn weigh(&mut self, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
        let mut all = Weight::default();
        if self.is_swept {
            return Ok(all);
        }
        let accepts = self.mirror.options.accepts_removals;
        if checkpoint.hidden > 0 && !accepts {
            all.missing = checkpoint.hidden;
            all.living = self.mirror.store.count_from(self.row.container, 0).await?;
            all.held = Some(Hold::WalkHidObjects);
            return Ok(all);
        }
        if checkpoint.owed.is_some() {
            let missing = self.missing_objects(checkpoint, plan::is_weighed).await?.len() as u64;
            self.brake(self.row.container, missing, checkpoint, &mut all).await?;
            if missing > 0
                && all.held.is_none()
                && !accepts
                && self.living(self.row.container, checkpoint).await? == 0
            {
                all.held = Some(Hold::Everything);
                (all.missing, all.living) = (missing, missing);
            }
        }
        let holds = |one: &Candidate| plan::holds_links(checkpoint, plan::marks(one));
        let unseen = self.unseen_sources(checkpoint, holds).await?;
        for link in self.row.links {
            let found = self.older_links(link.container, checkpoint).await?;
            let owed = checkpoint.owed.unwrap_or(0);
            let older = found.iter().filter(|one| !one.removed && one.generation < owed).count();
            all.doubtful_links |= found.iter().any(|one| {
                plan::is_doubtful_link(checkpoint, plan::marks(one))
                    && !links::is_of(&unseen, one.source_id.as_ref())
            });
            self.brake(link.container, older as u64, checkpoint, &mut all).await?;
        }
        Ok(all)
    }

    /// Adds a container that the removal limit would hold.
    async fn brake(
        &self,
        container: &str,
        missing: u64,
        checkpoint: &Checkpoint,
        all: &mut Weight,
    ) -> Result<(), SyncError> {
        let options = &self.mirror.options;
        if missing > options.max_delete_count {
            let living = missing + self.living(container, checkpoint).await?;
            hold_above_limit(all, missing, living, options);
        }
        Ok(())
    }

    /// What would live in a container besides what the sweep would take.
    async fn living(&self, container: &str, checkpoint: &Checkpoint) -> Result<u64, SyncError> {
        let owed = checkpoint.owed.unwrap_or(0);
        let stored = self.mirror.store.living_marks(container).await?;
        let is_current = |one: &Candidate| {
            (one.generation >= owed || one.source == Source::ById) && !self.is_walked(container, one)
        };
        let current = stored.try_filter(|one| ready(is_current(one)));
        let current: u64 = current.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
        let walked = self.walked.get(container).map_or(0, |all| all.values().filter(|lives| **lives).count());
        Ok(current + walked as u64)
    }

    pub(super) async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, SyncError> {
        let doubt = self.mirror.options.doubt;
        let told = |one: &Candidate| plan::is_told(checkpoint, plan::read(one), doubt);
        let objects = self
            .missing_objects(checkpoint, |checkpoint, marks| !plan::is_doubtful(checkpoint, marks))
            .await?;
        let all = objects.len() as u64;
        let due: Vec<_> = objects.into_iter().filter(told).collect();
        let (gone, hidden) = self.asked(&due).await?;
        let removed = gone.len() as u64;
        let held = Swept { hidden, ..Swept::default() };
        if held.is_held() && !self.mirror.options.accepts_removals && !checkpoint.again {
            self.is_swept = true;
            let living = self.mirror.store.count_from(self.row.container, 0).await?;
            return Ok(Swept { living, ..held });
        }
        let (mut ended, mut left) = (0, removed + hidden < all);
        let keeps = |one: &Candidate| plan::keeps_links(checkpoint, plan::marks(one));
        let mut unseen = self.unseen_sources(checkpoint, keeps).await?;
        unseen.retain(|id| !gone.contains(id.as_str()));
        for link in self.row.links {
            for one in self.older_links(link.container, checkpoint).await? {
                match links::fate(checkpoint, &one, &unseen, doubt) {
                    LinkFate::Goes => ended += 1,
                    LinkFate::Waits => left = true,
                    LinkFate::Stays => {}
                }
            }
        }
        self.is_swept = true;
        self.swept = Sweep { objects: self.swept.objects + removed, links: self.swept.links + ended };
        let counts = Counts { removed, links: ended, upserted: hidden, ..Counts::default() };
        Ok(Swept { counts, left, ..Swept::default() })
    }

    /// As a sweep asks: which of these are gone, and how many Graph still shows by their ids.
    async fn asked<'c>(&self, due: &'c [Candidate]) -> Result<(HashSet<&'c str>, u64), SyncError> {
        let (mut gone, mut shown) = (HashSet::new(), 0);
        for some in due.chunks(BATCH) {
            let deadline = Instant::now() + self.budget;
            let fates = match ask(&self.mirror.graph, self.row, some, deadline).await {
                Err(GraphError::Throttled { .. }) => break,
                fates => {
                    fates.map_err(|error| SyncError::explained(error, &self.row.permission, self.reader))?
                }
            };
            for (one, fate) in some.iter().zip(fates) {
                match fate {
                    Fate::Gone => drop(gone.insert(one.object_id().unwrap_or(&one.id))),
                    Fate::Shown(_) => shown += 1,
                    Fate::Unknown => {}
                }
            }
        }
        Ok((gone, shown))
    }

    pub(super) async fn settle(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let cutoff = OffsetDateTime::now_utc() - self.mirror.options.doubt;
        let container = self.row.container;
        let found = self.mirror.store.doubtful(container, checkpoint, cutoff).await?;
        let found: Vec<Candidate> = found.try_collect().await?;
        self.doubtful = found.iter().filter(|one| !self.is_walked(container, one)).count() as u64;
        Ok(Event::Settled(Settled::default()))
    }

    async fn missing_objects(
        &self,
        checkpoint: &Checkpoint,
        goes: impl Fn(&Checkpoint, plan::doubt::Marks) -> bool,
    ) -> Result<Vec<Candidate>, SyncError> {
        let (container, owed) = (self.row.container, checkpoint.owed.unwrap_or(0));
        let found: Vec<Candidate> =
            self.mirror.store.older_than(container, owed).await?.try_collect().await?;
        let is_missing =
            |one: &Candidate| !self.is_walked(container, one) && goes(checkpoint, plan::marks(one));
        Ok(found.into_iter().filter(is_missing).collect())
    }

    /// As a sweep knows them: objects that the walk has not shown, and of which nobody knows that they are gone.
    async fn unseen_sources(
        &self,
        checkpoint: &Checkpoint,
        is_meant: impl Fn(&Candidate) -> bool,
    ) -> Result<HashSet<String>, SyncError> {
        let container = self.row.container;
        if self.row.links.is_empty() {
            return Ok(HashSet::new());
        }
        let found = self.mirror.store.older_than(container, checkpoint.generation).await?;
        let found: Vec<Candidate> = found.try_collect().await?;
        let unseen = found.iter().filter(|one| !self.is_walked(container, one) && is_meant(one));
        Ok(unseen.filter_map(|one| one.object_id().map(str::to_owned)).collect())
    }

    async fn older_links(
        &self,
        container: &str,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Candidate>, SyncError> {
        let owed = checkpoint.owed.unwrap_or(0);
        let found = self.mirror.store.older_or_burnt(container, owed, checkpoint).await?;
        let found: Vec<Candidate> = found.try_collect().await?;
        Ok(found.into_iter().filter(|one| !self.is_walked(container, one)).collect())
    }

    fn is_walked(&self, container: &str, one: &Candidate) -> bool {
        self.walked.get(container).is_some_and(|walked| walked.contains_key(&hash(&one.id)))
    }
}
