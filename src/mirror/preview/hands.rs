//! What performs the actions of the machine in a dry run: reads as a turn does, and counts instead of writing.

use std::collections::HashMap;
use std::future::ready;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use time::OffsetDateTime;

use super::Sweep;
use crate::catalogue::Row;
use crate::graph::{GraphError, Guard, Page};
use crate::mirror::change::{self, Changes, Kind};
use crate::mirror::drive::{above, leads, request};
use crate::mirror::error::SyncError;
use crate::mirror::machine::{Action, Event, Machine, Weight};
use crate::mirror::one;
use crate::mirror::outcome::Ending;
use crate::mirror::plan::{self, Swept, Took, Why};
use crate::mirror::sweep::is_held;
use crate::mirror::{Mirror, Reader};
use crate::store::{Candidate, Checkpoint, Containers, Counts, Opaque, document_id, link_id};

/// Hands that perform what the machine says without writing anything.
pub(super) struct Dry<'a> {
    mirror: &'a Mirror,
    row: &'static Row,
    reader: &'a Reader,
    budget: Duration,
    guard: Guard,
    page: Option<(OffsetDateTime, Page)>,
    /// Documents that this generation of the walk would have written so far, by container and as hashes of their
    /// ids, and whether they would live.
    walked: HashMap<&'static str, HashMap<u64, bool>>,
    generation: u64,
    /// Why a new generation would begin now.
    why: Why,
    /// Why the first one began.
    pub begins: Option<Why>,
    /// What the sweep removed is still there, but a later walk of the same run would not see it again.
    is_swept: bool,
    pub swept: Sweep,
    /// Objects that would be read again by their ids.
    pub doubtful: u64,
}

impl<'a> Dry<'a> {
    /// Hands for a run on a copy that rests on `generation`; `why` a new one would begin at once.
    pub fn new(
        mirror: &'a Mirror,
        row: &'static Row,
        reader: &'a Reader,
        budget: Duration,
        generation: u64,
        why: Why,
    ) -> Self {
        Self {
            mirror,
            row,
            reader,
            budget,
            guard: Guard::default(),
            page: None,
            walked: HashMap::new(),
            generation,
            why,
            begins: None,
            is_swept: false,
            swept: Sweep::default(),
            doubtful: 0,
        }
    }

    /// Lets the machine say what to do, until it says that this is the end.
    pub async fn run(
        &mut self,
        mut machine: Machine,
        mut found: Option<Checkpoint>,
        containers: Containers,
    ) -> Result<(Ending, Counts), SyncError> {
        let mut action = machine.load();
        loop {
            let event = match action {
                Action::Load => match found.take() {
                    Some(found) => Event::Loaded(Box::new(found), containers.clone()),
                    None => {
                        let numbers = above(&self.mirror.store, self.row, &containers).await?;
                        Event::Lost(numbers, containers.clone())
                    }
                },
                Action::Save(next) => self.saved(&next),
                Action::Fetch => self.fetch(machine.checkpoint()).await?,
                Action::Take => Event::Taken(self.take().await?),
                Action::Weigh => Event::Weighed(self.weigh(machine.checkpoint()).await?),
                Action::Sweep => Event::Swept(self.sweep(machine.checkpoint()).await?),
                Action::Settle => self.settle(machine.checkpoint()).await?,
                Action::Look => Event::Looked(Counts::default()),
                Action::Leave { .. } => Event::Free,
                Action::End(ending) => return Ok((ending, machine.counts())),
            };
            // The machine logs new generations; this one does not begin.
            let silent = tracing::subscriber::NoSubscriber::new();
            let next = || machine.on(event, OffsetDateTime::now_utc(), false);
            action = tracing::subscriber::with_default(silent, next)?;
        }
    }

    fn saved(&mut self, next: &Checkpoint) -> Event {
        if next.generation > self.generation {
            self.generation = next.generation;
            // What an earlier generation wrote has to be seen again.
            self.walked.clear();
            self.begins.get_or_insert(self.why);
        }
        Event::Saved
    }

    async fn fetch(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let (request, asked) = (request(self.row, checkpoint), OffsetDateTime::now_utc());
        match self.mirror.graph.page(&request, Instant::now() + self.budget).await {
            Ok(page) => {
                self.guard.see(request.followed(), &page.objects, page.next_link())?;
                let leads = leads(&page.next);
                self.page = Some((asked, page));
                Ok(Event::Fetched(leads))
            }
            Err(error) if checkpoint.at_location && error.blames_link() => {
                self.guard.forget();
                self.why = Why::DeadLocation;
                Ok(Event::Refused)
            }
            Err(GraphError::Gone { location, .. }) => {
                self.guard.forget();
                self.why = if checkpoint.at_location { Why::DeadLocation } else { Why::DeadToken };
                Ok(Event::Dead(location.map(|link| Opaque::new(link.expose()))))
            }
            Err(GraphError::Throttled { after }) => Ok(Event::Throttled(after)),
            Err(error) => Err(SyncError::explained(error, &self.row.permission, self.reader)),
        }
    }

    /// Counts a page instead of writing it.
    async fn take(&mut self) -> Result<Took, SyncError> {
        let Some((at, page)) = self.page.take() else { unreachable!("a page is fetched before it is taken") };
        let mut changes = change::of(&page.objects);
        self.mirror.progress.add(changes.objects.len(), changes.links.len());
        changes.links = one::settled(&self.mirror.store, self.row, &changes.links).await?.into_owned();
        Ok(Took { counts: self.counted(&changes), doubtful: false, at })
    }

    fn counted(&mut self, changes: &Changes<'_>) -> Counts {
        let mut counts = Counts { pages: 1, ..Counts::default() };
        for change in &changes.objects {
            if matches!(change.kind, Kind::Unclear) {
                continue;
            }
            counts += change.kind.counts();
            let lives = !matches!(change.kind, Kind::Remove(_));
            if let Some(id) = &change.id {
                self.walked.entry(self.row.container).or_default().insert(hash(&document_id(id)), lives);
            }
        }
        counts.set_aside += changes.odd.iter().map(|odd| odd.count).sum::<u64>();
        for link in &changes.links {
            let Some(linked) = self.row.links.iter().find(|one| one.property == link.property) else {
                continue;
            };
            counts.links += 1;
            let id = hash(&link_id(&link.source, &link.target));
            self.walked.entry(linked.container).or_default().insert(id, !link.removed);
        }
        counts
    }

    /// As the weighing of a turn, of the copy as it would be by then.
    async fn weigh(&mut self, checkpoint: &Checkpoint) -> Result<Weight, SyncError> {
        let mut all = Weight::default();
        if self.is_swept {
            return Ok(all);
        }
        if checkpoint.owed.is_some() {
            let missing = self.missing_objects(checkpoint, plan::is_weighed).await?.len() as u64;
            self.brake(self.row.container, missing, checkpoint, &mut all).await?;
        }
        for link in self.row.links {
            if checkpoint.owed.is_none() && !plan::has_abandoned(checkpoint) {
                break;
            }
            let unseen = self.unseen_links(link.container, checkpoint).await?;
            let owed = checkpoint.owed.unwrap_or(0);
            let older = unseen.iter().filter(|one| !one.removed && one.generation < owed).count();
            all.doubtful_links |=
                unseen.iter().any(|one| plan::is_doubtful_link(checkpoint, plan::marks(one)));
            self.brake(link.container, older as u64, checkpoint, &mut all).await?;
        }
        if all.doubtful_links {
            self.why = Why::DoubtfulLinks;
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
            let owed = checkpoint.owed.unwrap_or(0);
            let stored = self.mirror.store.living_marks(container).await?;
            let is_current = |one: &Candidate| one.generation >= owed && !self.is_walked(container, one);
            let current = stored.try_filter(|one| ready(is_current(one)));
            let current = current.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
            let walked =
                self.walked.get(container).map_or(0, |all| all.values().filter(|lives| **lives).count());
            let living = missing + current + walked as u64;
            if is_held(missing, living, options) {
                all.held = true;
                all.missing += missing;
                all.living += living;
            }
        }
        Ok(())
    }

    async fn sweep(&mut self, checkpoint: &Checkpoint) -> Result<Swept, SyncError> {
        let doubt = self.mirror.options.doubt;
        let told = |one: &Candidate| plan::is_told(checkpoint, plan::read(one), doubt);
        let objects = self
            .missing_objects(checkpoint, |checkpoint, marks| !plan::is_doubtful(checkpoint, marks))
            .await?;
        let removed = objects.iter().filter(|one| told(one)).count() as u64;
        let (mut links, mut left) = (0, removed < objects.len() as u64);
        let owed = checkpoint.owed.unwrap_or(0);
        for link in self.row.links {
            for one in self.unseen_links(link.container, checkpoint).await? {
                let older = !one.removed && one.generation < owed;
                let doubtful = plan::is_doubtful_link(checkpoint, plan::marks(&one));
                match checkpoint.again {
                    true if older || one.removed && doubtful => links += 1,
                    false if older && !doubtful && told(&one) => links += 1,
                    false if older && !doubtful => left = true,
                    _ => {}
                }
            }
        }
        self.is_swept = true;
        self.swept = Sweep { objects: self.swept.objects + removed, links: self.swept.links + links };
        Ok(Swept { counts: Counts { removed, links, ..Counts::default() }, left })
    }

    async fn settle(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let cutoff = OffsetDateTime::now_utc() - self.mirror.options.doubt;
        let container = self.row.container;
        let found = self.mirror.store.doubtful(container, checkpoint, cutoff).await?;
        let found: Vec<Candidate> = found.try_collect().await?;
        self.doubtful = found.iter().filter(|one| !self.is_walked(container, one)).count() as u64;
        Ok(Event::Settled(Counts::default(), Vec::new()))
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

    async fn unseen_links(
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

/// What stands for a document; the same within this process.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
