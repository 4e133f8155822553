//! Delta rounds as values: which objects and links a round serves, in which order, and how each is represented.
//!
//! A round is fixed when it starts, at the position of the replica that served its first page: the objects that existed
//! there, or the changes up to it. Each object is represented as it is at the replica that serves its page, which is not
//! behind the round, and the delta link at the end stands for the start of the round, so that a change made meanwhile is
//! reported (at least once) by the next round. Source: <https://learn.microsoft.com/graph/delta-query-overview>.

mod arrange;
mod content;
mod represent;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use fastrand::Rng;

pub(super) use self::{arrange::page_end, represent::represent, terms::Terms};
use self::{
    arrange::{Item, arrange},
    content::Content,
};
use super::{
    collection::{Change, Collection, Event, Life},
    quirks::Quirks,
    row::Updates,
    select::Select,
};

/// One round, from its first page to its delta link.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) select: Select,
    pub(super) items: Vec<Item>,
    /// Where in the log the next round begins; no page is served by a replica that is behind it.
    pub(super) until: usize,
    /// Where in the log this round began.
    pub(super) from: usize,
    /// It began without a token: what is not there is left out.
    initial: bool,
    /// Removed objects that the client cannot know are shown.
    shows_all_removed: bool,
    /// A link that replaces another one is reported without it.
    silent: bool,
    /// The changed properties of the objects of which no more is told.
    partial: HashMap<String, BTreeSet<String>>,
}

impl Round {
    /// The round that tells the current state.
    pub(super) fn initial(all: &Collection, select: Select, terms: Terms<'_>) -> Self {
        let Terms { quirks, replica, .. } = terms;
        let is = |life: Option<Life>| {
            life == Some(Life::Living) || (quirks.removed_in_initial && life == Some(Life::Removed))
        };
        // A replica that is behind may show, or not, what was created since.
        let with_newer = replica < all.position() && Rng::with_seed(terms.seed).u8(..10) < 3;
        let mut content = Content::default();
        for (id, entry) in all.under(&select.under) {
            let is_shown = is(entry.at(replica).map(|(life, _)| life));
            if is_shown || (with_newer && entry.life == Life::Living) {
                let position = if is_shown { replica } else { all.position() };
                let links =
                    all.edges_of(id).filter(|(key, edge)| select.tracks(key.0) && edge.is_at(position));
                content.add(id, links.map(|(key, _)| key.clone()));
            }
        }
        let until = terms.reported;
        let shows_all_removed = quirks.removed_in_initial;
        let items = arrange(content, quirks.show_only, terms);
        let silent = quirks.replaced_in_silence;
        let partial = HashMap::new();
        Self { select, items, until, from: until, initial: true, shows_all_removed, silent, partial }
    }

    /// The same without those objects.
    pub(super) fn without(mut self, hidden: &BTreeSet<String>) -> Self {
        self.items.retain(|item| !hidden.contains(&item.id));
        self
    }

    /// The round that tells what changed from a position on. `before` is where the last round began.
    pub(super) fn since(
        all: &Collection,
        select: Select,
        from: usize,
        before: usize,
        terms: Terms<'_>,
    ) -> Self {
        if terms.replica < from {
            return Self::behind(all, select, from, before, terms);
        }
        let until = terms.reported.max(from);
        let start = if terms.quirks.replays { before.min(from) } else { from };
        let mut content = Content::default();
        for change in
            all.changes(start, until).iter().filter(|change| concerns(change, &select, terms.quirks))
        {
            match &change.event {
                Event::Linked { relationship, target } | Event::Unlinked { relationship, target, .. } => {
                    content.add(&change.id, [(*relationship, target.clone())]);
                }
                // It looks like new: with all its links, and those that ended while the object was removed.
                Event::Restored => {
                    let links = all.edges_of(&change.id).filter(|(key, edge)| {
                        select.tracks(key.0) && (!edge.purged || terms.quirks.purges_reported)
                    });
                    content.add(&change.id, links.map(|(key, _)| key.clone()));
                }
                _ => content.add(&change.id, []),
            }
        }
        let partial = partial(all, &select, start, until);
        let round = Self::of(select, arrange(content, None, terms), from, until, terms.quirks);
        Self { partial, ..round }
    }

    /// The token is newer than the replica: the round is empty, or repeats the state of the replica, and the next round
    /// begins there.
    fn behind(all: &Collection, select: Select, from: usize, before: usize, terms: Terms<'_>) -> Self {
        let (mut random, until) = (Rng::with_seed(terms.seed), terms.replica);
        if random.bool() {
            return Self::of(select, Vec::new(), before.min(from), from, terms.quirks);
        }
        let mut content = Content::default();
        let is_known = |id: &str| {
            id.starts_with(&select.under) && all.entry(id).is_some_and(|entry| entry.at(until).is_some())
        };
        for change in all.changes(until, from).iter().filter(|change| is_known(&change.id)) {
            let link = match &change.event {
                Event::Linked { relationship, target } | Event::Unlinked { relationship, target, .. } => {
                    Some((*relationship, target.clone()))
                }
                _ => None,
            };
            let link = link.filter(|key| {
                select.tracks(key.0) && all.edge(&change.id, key).is_some_and(|edge| edge.is_known_at(until))
            });
            content.add(&change.id, link);
        }
        for (id, _) in all.under(&select.under).filter(|(id, _)| is_known(id)) {
            if random.u8(..10) < 3 {
                let links = all.edges_of(id).filter(|(key, edge)| select.tracks(key.0) && edge.is_at(until));
                content.add(id, links.filter(|_| random.bool()).map(|(key, _)| key.clone()));
            }
        }
        Self::of(select, arrange(content, None, terms), until, until, terms.quirks)
    }

    fn of(select: Select, items: Vec<Item>, from: usize, until: usize, quirks: &Quirks) -> Self {
        let silent = quirks.replaced_in_silence;
        let partial = HashMap::new();
        Self { select, items, until, from, initial: false, shows_all_removed: true, silent, partial }
    }
}

/// Where only changes are told, the changed properties of the objects that were known before.
fn partial(
    all: &Collection,
    select: &Select,
    from: usize,
    until: usize,
) -> HashMap<String, BTreeSet<String>> {
    let (mut partial, mut whole) = (HashMap::<_, BTreeSet<_>>::new(), BTreeSet::new());
    let is_partial = select.feed.updates == Updates::Partial;
    for change in all.changes(from, until).iter().filter(|_| is_partial) {
        match &change.event {
            Event::Changed(names) => {
                partial.entry(change.id.clone()).or_default().extend(names.iter().cloned())
            }
            _ => drop(whole.insert(&change.id)),
        }
    }
    partial.retain(|id, _| !whole.contains(id));
    partial
}

/// A change of properties or links is reported only when one of them is selected.
fn concerns(change: &Change, select: &Select, quirks: &Quirks) -> bool {
    if !change.id.starts_with(&select.under) {
        return false;
    }
    match &change.event {
        Event::Changed(names) => names.iter().any(|name| select.has(name)),
        Event::Linked { relationship, .. } => select.tracks(*relationship),
        Event::Unlinked { relationship, by_purge, .. } => {
            select.tracks(*relationship) && (quirks.purges_reported || !by_purge)
        }
        Event::PurgedInside => !quirks.folders_speak_for_all,
        Event::Created | Event::Removed | Event::Purged | Event::Restored => true,
    }
}
