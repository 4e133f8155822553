//! What performs the actions of the machine in a dry run: reads as a turn does, and counts instead of writing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::Sweep;
use crate::catalogue::Row;
use crate::graph::{GraphError, Guard, Page};
use crate::mirror::drive::{above, leads, request};
use crate::mirror::error::SyncError;
use crate::mirror::one;
use crate::mirror::outcome::Ending;
use crate::mirror::{Mirror, Reader};
use crate::protocol::change::{self, Change, Changes, Kind, LinkChange};
use crate::protocol::machine::{Action, Event, Machine};
use crate::protocol::merge::{self, Step};
use crate::protocol::plan::{Took, Why};
use crate::protocol::{Checkpoint, Containers, Counts, Numbers, Opaque, document_id, link_id};
use crate::store::Inspected;

mod weigh;

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
    /// Why the first one began.
    pub begins: Option<Why>,
    /// What the sweep removed is still there, but a later walk of the same run would not see it again.
    is_swept: bool,
    pub swept: Sweep,
    /// Objects that would be read again by their ids.
    pub doubtful: u64,
}

impl<'a> Dry<'a> {
    /// Hands for a run on a copy that rests on `generation`.
    pub fn new(
        mirror: &'a Mirror,
        row: &'static Row,
        reader: &'a Reader,
        budget: Duration,
        generation: u64,
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
        inspected: Inspected,
    ) -> Result<(Ending, Counts), SyncError> {
        let containers = Containers::from(&inspected);
        let mut action = machine.load();
        loop {
            let event = match action {
                Action::Load => match found.take() {
                    Some(found) => Event::Loaded(Box::new(found), containers.clone()),
                    None => {
                        let from_time = Numbers::from_time(OffsetDateTime::now_utc());
                        let numbers = above(&self.mirror.store, self.row, &containers, from_time).await?;
                        Event::Lost(numbers, containers.clone())
                    }
                },
                Action::Save(next) => self.saved(&next, machine.begins()),
                Action::Fetch => self.fetch(machine.checkpoint()).await?,
                Action::Take => Event::Taken(self.take(machine.checkpoint()).await?),
                Action::Weigh => Event::Weighed(self.weigh(machine.checkpoint()).await?),
                Action::Sweep => Event::Swept(self.sweep(machine.checkpoint()).await?),
                Action::Settle => self.settle(machine.checkpoint()).await?,
                Action::Look => Event::Looked(Counts::default()),
                Action::Leave { .. } => Event::Free,
                Action::End(ending) => return Ok((ending, machine.counts())),
            };
            let next = machine.on(event, OffsetDateTime::now_utc(), false);
            action = next.map_err(|stop| SyncError::stopped(stop, inspected.unfit.clone()))?;
        }
    }

    fn saved(&mut self, next: &Checkpoint, why: Option<Why>) -> Event {
        if next.generation > self.generation {
            self.generation = next.generation;
            // What an earlier generation wrote has to be seen again.
            self.walked.clear();
            self.begins = self.begins.or(why);
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
                Ok(Event::Refused)
            }
            Err(GraphError::Gone { location, .. }) => {
                self.guard.forget();
                Ok(Event::Dead(location.map(|link| Opaque::new(link.expose()))))
            }
            Err(GraphError::Throttled { after }) => Ok(Event::Throttled(after)),
            Err(error) => Err(SyncError::explained(error, &self.row.permission, self.reader)),
        }
    }

    /// Counts a page instead of writing it.
    async fn take(&mut self, checkpoint: &Checkpoint) -> Result<Took, SyncError> {
        let Some((at, page)) = self.page.take() else { unreachable!("a page is fetched before it is taken") };
        let mut changes = change::of(&page.objects);
        self.mirror.progress.add(changes.objects.len(), changes.links.len());
        changes.links = one::last_told(self.row, &changes.links).into_owned();
        let replaced = one::replaced(&self.mirror.store, self.row, &changes.links).await?;
        let is_told = |ended: &LinkChange<'_>| {
            changes.links.iter().any(|link| (&link.source, &link.target) == (&ended.source, &ended.target))
        };
        let replaced: Vec<_> = replaced.into_iter().filter(|ended| !is_told(ended)).collect();
        changes.links.extend(replaced);
        let mut counts = self.counted(&changes);
        for change in &changes.objects {
            if self.is_known(change, checkpoint).await? {
                counts.upserted -= 1;
                counts.unchanged += 1;
            }
        }
        Ok(Took { counts, doubtful: false, at })
    }

    /// Whether the document of an object says already what the page says of it.
    async fn is_known(&self, change: &Change<'_>, checkpoint: &Checkpoint) -> Result<bool, SyncError> {
        let id = change.id.as_deref().filter(|_| merge::needs_document(change, checkpoint));
        let Some(id) = id else { return Ok(false) };
        let key = document_id(id);
        let kept = self.mirror.store.known(self.row.container, &key).await?;
        let (always, has_links) = (self.row.always, !self.row.links.is_empty());
        Ok(matches!(merge::step(change, kept.as_ref(), checkpoint, always, has_links), Step::Skip))
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
}

/// What stands for a document; the same within this process.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
