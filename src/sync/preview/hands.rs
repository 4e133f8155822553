//! Performs the actions of the machine in a dry run: reads as a turn does, and counts instead of writing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use serde::Serialize;
use time::OffsetDateTime;

use crate::catalogue::Updates;
use crate::graph::{GraphError, Guard, Page};
use crate::mirror::Mirror;
use crate::protocol::change::{self, Change, Changes, Kind, LinkChange};
use crate::protocol::compare::{self, Summary};
use crate::protocol::document;
use crate::protocol::machine::{Action, Event, Machine};
use crate::protocol::merge::{self, Step};
use crate::protocol::plan::{PageWritten, Why};
use crate::protocol::{
    Checkpoint, Containers, Counts, Ending, Numbers, Seen, SeenPage, document_id, link_id,
};
use crate::report::SyncError;
use crate::store::{Control, Inspected, documents};
use crate::sync::{actions, to_one};

mod weigh;

/// The documents that a sweep would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Objects.
    pub objects: u64,
    /// Links.
    pub links: u64,
}

/// Performs the actions of the machine without writing anything.
pub(super) struct Dry<'a> {
    mirror: &'a Mirror,
    budget: Duration,
    guard: Guard,
    page: Option<(OffsetDateTime, Page)>,
    /// Documents that this generation of the enumeration would have written so far, by container and hash of their ids;
    /// the value is true for a current document and false for a tombstone.
    walked: HashMap<String, HashMap<u64, bool>>,
    /// What earlier turns of this enumeration have seen.
    resumed: Seen,
    generation: u64,
    /// Why the first new enumeration began.
    pub begins: Option<Why>,
    /// Whether the run has swept: the removed documents are still in the copy, but a later enumeration of the same run
    /// would not find them.
    is_swept: bool,
    pub swept: Sweep,
    /// Objects that the run would read again by id.
    pub doubtful: u64,
}

impl<'a> Dry<'a> {
    /// Creates the dry run of a copy that is at `generation`.
    pub fn new(mirror: &'a Mirror, budget: Duration, generation: u64) -> Self {
        Self {
            mirror,
            budget,
            guard: Guard::default(),
            page: None,
            walked: HashMap::new(),
            resumed: Seen::default(),
            generation,
            begins: None,
            is_swept: false,
            swept: Sweep::default(),
            doubtful: 0,
        }
    }

    /// Performs the actions of the machine until the machine ends the run.
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
                    Some(found) => {
                        self.resumed = self.seen(&found).await?;
                        Event::Loaded(Box::new(found), containers.clone())
                    }
                    None => {
                        let from_time = Numbers::from_time(OffsetDateTime::now_utc());
                        let numbers = self.mirror.above(&containers, from_time).await?;
                        Event::Lost(numbers, containers.clone())
                    }
                },
                Action::Save(next) => self.saved(&next, machine.begins()),
                Action::Fetch => self.fetch(machine.checkpoint()).await?,
                Action::WritePage => Event::Written(self.take(machine.checkpoint()).await?),
                Action::Weigh => Event::Weighed(weigh::weigh(self, machine.checkpoint()).await?),
                Action::Sweep => Event::Swept(weigh::sweep(self, machine.checkpoint()).await?),
                Action::Settle => weigh::settle(self, machine.checkpoint()).await?,
                Action::LookUp => Event::LookedUp(Counts::default()),
                Action::Leave { .. } => Event::Free,
                Action::End(ending) => return Ok((ending, machine.counts())),
            };
            let next = machine.on(event, OffsetDateTime::now_utc(), false);
            action = next.map_err(|stop| SyncError::stopped(stop, inspected.unfit.clone()))?;
        }
    }

    /// What earlier turns of this enumeration have seen.
    async fn seen(&self, checkpoint: &Checkpoint) -> Result<Seen, SyncError> {
        if !checkpoint.compares {
            return Ok(Seen::default());
        }
        let control = Control::open(self.mirror.store(), &checkpoint.feed).await?;
        let kept = actions::kept(&control, checkpoint).await?;
        Ok(Seen::all(kept.iter().filter_map(SeenPage::seen)))
    }

    fn saved(&mut self, next: &Checkpoint, why: Option<Why>) -> Event {
        if next.generation > self.generation {
            self.generation = next.generation;
            // The new generation has to include again each document that an earlier generation wrote.
            self.walked.clear();
            self.resumed = Seen::default();
            self.begins = self.begins.or(why);
        }
        Event::Saved
    }

    async fn fetch(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let (request, asked) = (self.mirror.source().next(checkpoint), OffsetDateTime::now_utc());
        match self.mirror.source().page(&request, Instant::now() + self.budget).await {
            Ok(page) => {
                self.guard.see(request.followed(), &page.objects, page.next.next_link())?;
                let follows = page.next.clone();
                self.page = Some((asked, page));
                Ok(Event::Fetched(follows))
            }
            Err(error) if checkpoint.at_location && error.blames_link() => {
                self.guard.forget();
                Ok(Event::Refused)
            }
            Err(GraphError::Gone { location, .. }) => {
                self.guard.forget();
                Ok(Event::Dead(self.mirror.restart(checkpoint, location)))
            }
            Err(GraphError::Throttled { after }) => Ok(Event::Throttled(after)),
            Err(error) => Err(self.mirror.source().explain(error).into()),
        }
    }

    /// Counts a page instead of writing it.
    async fn take(&mut self, checkpoint: &Checkpoint) -> Result<PageWritten, SyncError> {
        let Some((at, page)) = self.page.take() else { unreachable!("a page is fetched before it is taken") };
        let mut changes = change::of(&page.objects, self.mirror.source().told());
        self.mirror.progress().add(changes.objects.len(), changes.links.len());
        changes.links = to_one::last_told(self.mirror.resource(), &changes.links).into_owned();
        let replaced = to_one::replaced(self.mirror, &changes.links).await?;
        let is_on_page = |ended: &LinkChange<'_>| {
            changes.links.iter().any(|link| (&link.source, &link.target) == (&ended.source, &ended.target))
        };
        let replaced: Vec<_> = replaced.into_iter().filter(|ended| !is_on_page(ended)).collect();
        changes.links.extend(replaced);
        let mut counts = self.counted(&changes);
        let doubt = self.mirror.options().doubt;
        let is_behind = compare::may_be_behind(checkpoint, None, OffsetDateTime::now_utc(), doubt);
        if compare::compares(checkpoint) && !is_behind {
            counts.links = actions::differing(self.mirror, &changes.links, checkpoint).await?.len() as u64;
        }
        let stored = self.summaries(&changes.objects, checkpoint).await?;
        for change in &changes.objects {
            let known = match &stored {
                Some(stored) => {
                    let own = compare::hash(change, false);
                    let document = stored.get(&document::id_of(change));
                    document.is_some_and(|document| {
                        compare::is_known(change, own.as_deref(), document, checkpoint)
                    })
                }
                None => self.is_known(change, checkpoint).await?,
            };
            if known && change.kind.counts().upserted > 0 {
                counts.upserted -= 1;
                counts.unchanged += 1;
            }
        }
        Ok(PageWritten { counts, doubtful: false, at })
    }

    /// What is known of the documents of a page that is compared with the copy.
    async fn summaries(
        &self,
        changes: &[Change<'_>],
        checkpoint: &Checkpoint,
    ) -> Result<Option<HashMap<String, Summary>>, SyncError> {
        if !compare::compares(checkpoint) {
            return Ok(None);
        }
        let ids: Vec<_> = changes.iter().map(document::id_of).collect();
        Ok(Some(documents::summaries(self.mirror.store(), self.mirror.objects(), &ids).await?))
    }

    /// Whether the document of an object already has the content of the page.
    async fn is_known(&self, change: &Change<'_>, checkpoint: &Checkpoint) -> Result<bool, SyncError> {
        let id = change.id.as_deref().filter(|_| merge::needs_document(change, checkpoint));
        let Some(id) = id else { return Ok(false) };
        let key = document_id(id);
        let kept = documents::read_ours(self.mirror.store(), self.mirror.objects(), &key).await?;
        let resource = self.mirror.resource();
        let has_links = !resource.relationships.is_empty();
        let partial = resource.updates == Updates::Partial;
        let whole = merge::is_whole(change, checkpoint, &resource.required, partial);
        Ok(matches!(merge::step(change, kept.as_ref(), checkpoint, whole, has_links), Step::Skip))
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
                self.walked_in(self.mirror.objects().container).insert(hash(&document_id(id)), lives);
            }
        }
        counts.set_aside += changes.odd.iter().map(|odd| odd.count).sum::<u64>();
        for link in &changes.links {
            let Some(linked) = self.mirror.resource().relationship(&link.property) else { continue };
            counts.links += 1;
            let id = hash(&link_id(&link.source, &link.target));
            self.walked_in(&linked.container).insert(id, !link.removed);
        }
        counts
    }

    fn walked_in(&mut self, container: &str) -> &mut HashMap<u64, bool> {
        self.walked.entry(container.to_owned()).or_default()
    }
}

/// A hash of an id, stable within this process.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
