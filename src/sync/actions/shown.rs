//! Keeps what the pages of an enumeration have shown, for the sweep after it (rule 13).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::protocol::compare;
use crate::protocol::{Candidate, Checkpoint, Mode, Next, Seen, SeenPage, doubt};
use crate::report::SyncError;
use crate::store::{Control, StoreError};
use crate::sync::turn::Turn;

/// Most pages of an enumeration that are kept.
const MOST_PAGES: u32 = 100_000;
/// How long a page of a list is kept: a list that takes longer begins anew.
const OF_LIST: Duration = Duration::from_secs(2 * 86_400);
/// The same for other enumerations, whose sweep may be held for a while.
const OF_DELTA: Duration = Duration::from_secs(8 * 86_400);

/// What this turn knows of an enumeration that writes only what differs.
#[derive(Debug, Default)]
pub struct Shown {
    generation: u64,
    /// By page.
    pages: BTreeMap<u32, Seen>,
    /// What earlier turns have kept was read.
    is_read: bool,
    /// What all pages together have shown, once the enumeration is complete.
    all: Option<Seen>,
    /// Containers in which there is nothing to be swept, as the weighing has found.
    swept: BTreeSet<String>,
}

impl Shown {
    /// Whether the enumeration has shown an object, by the id of its document.
    pub fn contains(&self, checkpoint: &Checkpoint, object: &str) -> bool {
        self.any(checkpoint, |seen| seen.contains(object))
    }

    /// How many objects and links the enumeration has shown, once it is complete.
    pub fn count(&self, checkpoint: &Checkpoint) -> Option<u64> {
        self.all.as_ref().filter(|_| self.is_of(checkpoint)).map(Seen::count)
    }

    /// The marks of an object as they count: see [`doubt::delivered`].
    pub fn counted(&self, checkpoint: &Checkpoint, object: Candidate) -> Candidate {
        let shown = self.contains(checkpoint, &object.id);
        counted(checkpoint, object, shown)
    }

    /// The same for a link.
    pub fn counted_link(&self, checkpoint: &Checkpoint, container: &str, link: Candidate) -> Candidate {
        let shown = self.any(checkpoint, |seen| seen.contains_link(container, &link.id));
        counted(checkpoint, link, shown)
    }

    /// There is nothing to be swept in a container.
    pub fn found_nothing(&mut self, checkpoint: &Checkpoint, container: &str) {
        begin(self, checkpoint);
        self.swept.insert(container.to_owned());
    }

    /// Whether the weighing has found nothing to be swept in a container. What arrives later is doubtful, and stays.
    pub fn has_nothing(&self, checkpoint: &Checkpoint, container: &str) -> bool {
        self.is_of(checkpoint) && self.swept.contains(container)
    }

    fn is_of(&self, checkpoint: &Checkpoint) -> bool {
        self.generation == checkpoint.generation
    }

    fn any(&self, checkpoint: &Checkpoint, contains: impl Fn(&Seen) -> bool) -> bool {
        match &self.all {
            _ if !self.is_of(checkpoint) => false,
            Some(all) => contains(all),
            None => self.pages.values().any(contains),
        }
    }
}

fn counted(checkpoint: &Checkpoint, found: Candidate, shown: bool) -> Candidate {
    let generation = doubt::delivered(checkpoint, doubt::marks(&found), shown).generation;
    Candidate { generation, ..found }
}

/// Whether what the pages show is kept.
fn is_kept(turn: &Turn<'_>, checkpoint: &Checkpoint) -> bool {
    compare::compares(checkpoint) && turn.mirror().resource().read_mode().sweeps()
}

/// Keeps what a page has shown beside the checkpoint, unless this turn also sweeps and no later one.
pub async fn keep(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
    seen: &Seen,
    follows: &Next,
) -> Result<(), SyncError> {
    let is_list = turn.mirror().resource().read_mode() == Mode::List;
    // Each turn begins another list, so none sweeps for an earlier one.
    if !is_kept(turn, checkpoint) || is_list && follows.ends_round() {
        return Ok(());
    }
    let (generation, save) = (checkpoint.generation, checkpoint.save + 1);
    let ttl = if is_list { OF_LIST } else { OF_DELTA };
    for document in SeenPage::of(turn.key(), generation, checkpoint.seen_pages, save, seen, ttl) {
        let deadline = turn.lease().guard().await?;
        let id = document.id.clone();
        match turn.control().write(&id, document, None, deadline).await {
            Ok(_) => {}
            Err(StoreError::Overtaken) => return Err(SyncError::Overtaken),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// This turn knows what a page has shown.
pub fn know(turn: &Turn<'_>, shown: &mut Shown, checkpoint: &Checkpoint, seen: Seen) {
    if is_kept(turn, checkpoint) {
        begin(shown, checkpoint);
        shown.pages.insert(checkpoint.seen_pages, seen);
    }
}

fn begin(shown: &mut Shown, checkpoint: &Checkpoint) {
    if !shown.is_of(checkpoint) {
        *shown = Shown { generation: checkpoint.generation, ..Shown::default() };
    }
}

/// The pages of the enumeration under way that are kept. Those of a turn that did not save them say nothing.
pub async fn kept(control: &Control, checkpoint: &Checkpoint) -> Result<Vec<SeenPage>, SyncError> {
    let mut kept: Vec<SeenPage> = control.last(&SeenPage::prefix(checkpoint.generation), MOST_PAGES).await?;
    kept.retain(|page| !doubt::is_abandoned(checkpoint, page.save));
    Ok(kept)
}

/// Reads what earlier turns have kept of the enumeration, unless that was done.
pub async fn read(turn: &Turn<'_>, shown: &mut Shown, checkpoint: &Checkpoint) -> Result<(), SyncError> {
    begin(shown, checkpoint);
    let is_known = (0..checkpoint.seen_pages).all(|page| shown.pages.contains_key(&page));
    if is_known && checkpoint.pending_sweep.is_none() || shown.is_read || shown.all.is_some() {
        return Ok(());
    }
    let mut found = kept(turn.control(), checkpoint).await?;
    found.sort_by_key(|part| part.page);
    for page in found.chunk_by(|one, other| one.page == other.page) {
        let parts: Vec<_> = page.iter().filter_map(SeenPage::seen).collect();
        if page.iter().all(|part| part.parts == parts.len()) {
            shown.pages.entry(page[0].page).or_insert_with(|| Seen::all(parts.into_iter()));
        }
    }
    shown.is_read = true;
    Ok(())
}

/// Puts together what all pages have shown; false if a part of that is lost.
pub async fn complete(
    turn: &Turn<'_>,
    shown: &mut Shown,
    checkpoint: &Checkpoint,
) -> Result<bool, SyncError> {
    begin(shown, checkpoint);
    if shown.all.is_some() {
        return Ok(true);
    }
    let is_complete = |shown: &Shown| (0..=checkpoint.seen_pages).all(|page| shown.pages.contains_key(&page));
    if !is_complete(shown) {
        read(turn, shown, checkpoint).await?;
    }
    if !is_complete(shown) {
        return Ok(false);
    }
    shown.all = Some(Seen::all(std::mem::take(&mut shown.pages).into_values()));
    Ok(true)
}
