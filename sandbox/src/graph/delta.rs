//! Delta rounds as values: which objects and links a round serves, in which order, and how each is represented.
//!
//! A round is fixed when it starts, at the position of the replica that served its first page: the objects that existed
//! there, or the changes up to it. Each object is represented as it is at the replica that serves its page, which is not
//! behind the round, and the delta link at the end stands for the start of the round, so that a change made meanwhile is
//! told (at least once) by the next round. Source: <https://learn.microsoft.com/graph/delta-query-overview>.

mod arrange;
mod represent;
mod terms;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeSet;

use fastrand::Rng;

pub(super) use self::{arrange::page_end, terms::Terms};
use self::{
    arrange::{Item, arrange},
    told::Told,
};
use super::{
    collection::{Change, Collection, Event, Life},
    quirks::Quirks,
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
    /// A link that takes the place of another one is told without it.
    silent: bool,
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
        let mut told = Told::default();
        for (id, entry) in all.entries() {
            let is_shown = is(entry.at(replica).map(|(life, _)| life));
            if is_shown || (with_newer && entry.life == Life::Living) {
                let position = if is_shown { replica } else { all.position() };
                let links =
                    all.edges_of(id).filter(|(key, edge)| select.tells(key.0) && edge.is_at(position));
                told.add(id, links.map(|(key, _)| key.clone()));
            }
        }
        let until = terms.told;
        let shows_all_removed = quirks.removed_in_initial;
        let items = arrange(told, quirks.show_only, terms);
        let silent = quirks.replaced_in_silence;
        Self { select, items, until, from: until, initial: true, shows_all_removed, silent }
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
        let until = terms.told.max(from);
        let start = if terms.quirks.replays { before.min(from) } else { from };
        let mut told = Told::default();
        for change in
            all.changes(start, until).iter().filter(|change| concerns(change, &select, terms.quirks))
        {
            match &change.event {
                Event::Linked { relationship, target } | Event::Unlinked { relationship, target, .. } => {
                    told.add(&change.id, [(*relationship, target.clone())]);
                }
                // It looks like new: with all its links, and those that went while nothing could be told of them.
                Event::Restored => {
                    let links = all.edges_of(&change.id).filter(|(key, edge)| {
                        select.tells(key.0) && (!edge.purged || terms.quirks.purges_reported)
                    });
                    told.add(&change.id, links.map(|(key, _)| key.clone()));
                }
                _ => told.add(&change.id, []),
            }
        }
        Self::telling(select, arrange(told, None, terms), from, until, terms.quirks)
    }

    /// The token is newer than the replica: nothing is told, or once more what was so at the replica, and the next round
    /// begins there.
    fn behind(all: &Collection, select: Select, from: usize, before: usize, terms: Terms<'_>) -> Self {
        let (mut random, until) = (Rng::with_seed(terms.seed), terms.replica);
        if random.bool() {
            return Self::telling(select, Vec::new(), before.min(from), from, terms.quirks);
        }
        let mut told = Told::default();
        let is_known = |id: &str| all.entry(id).is_some_and(|entry| entry.at(until).is_some());
        for change in all.changes(until, from).iter().filter(|change| is_known(&change.id)) {
            let link = match &change.event {
                Event::Linked { relationship, target } | Event::Unlinked { relationship, target, .. } => {
                    Some((*relationship, target.clone()))
                }
                _ => None,
            };
            let link = link.filter(|key| {
                select.tells(key.0) && all.edge(&change.id, key).is_some_and(|edge| edge.is_known_at(until))
            });
            told.add(&change.id, link);
        }
        for (id, _) in all.entries().filter(|(id, _)| is_known(id)) {
            if random.u8(..10) < 3 {
                let links = all.edges_of(id).filter(|(key, edge)| select.tells(key.0) && edge.is_at(until));
                told.add(id, links.filter(|_| random.bool()).map(|(key, _)| key.clone()));
            }
        }
        Self::telling(select, arrange(told, None, terms), until, until, terms.quirks)
    }

    fn telling(select: Select, items: Vec<Item>, from: usize, until: usize, quirks: &Quirks) -> Self {
        let silent = quirks.replaced_in_silence;
        Self { select, items, until, from, initial: false, shows_all_removed: true, silent }
    }
}

/// A change of properties or links is told only when one of them is selected.
fn concerns(change: &Change, select: &Select, quirks: &Quirks) -> bool {
    match &change.event {
        Event::Changed(names) => names.iter().any(|name| select.has(name)),
        Event::Linked { relationship, .. } => select.tells(*relationship),
        Event::Unlinked { relationship, by_purge, .. } => {
            select.tells(*relationship) && (quirks.purges_reported || !by_purge)
        }
        Event::Created | Event::Removed | Event::Purged | Event::Restored => true,
    }
}
