//! What a generation in the model leaves as it is, because its enumeration shows it so.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{Turn, doubt_age, step};
use crate::protocol::machine::tests::world::{Doc, Off, Version, World, process};
use crate::protocol::{Checkpoint, State, compare, doubt};

impl Turn {
    /// A process remembers its saves: what it has written itself, it also sees.
    pub(super) fn loaded(&self, save: u64, wrote_at: Option<OffsetDateTime>) {
        let now = self.now();
        let known = &mut self.world.borrow_mut().saves[process(self.me)][self.feed];
        if known.is_none_or(|(known, _)| known != save) {
            *known = Some((save, wrote_at.unwrap_or(now)));
        }
    }

    /// A save was confirmed.
    pub(super) fn saved(&self, save: u64) {
        if let Some(known) = &mut self.world.borrow_mut().saves[process(self.me)][self.feed] {
            known.0 = save;
        }
    }

    /// What a page left as it is is kept before the checkpoint is saved.
    pub(super) async fn keep_seen(&mut self, checkpoint: &Checkpoint, seen: BTreeSet<usize>) {
        if !checkpoint.compares
            || self.world.borrow().options.window
            || !matches!(checkpoint.state, State::Enumerating { .. })
        {
            return;
        }
        let key = (checkpoint.generation, checkpoint.seen_pages, checkpoint.save + 1);
        self.seen.clone_from(&seen);
        self.world.borrow_mut().seen.entry(key).or_default().extend(seen);
        step().await;
    }

    /// Whether an enumeration shows an object as it is stored. A query of another process may be behind.
    pub(super) async fn is_known(
        &mut self,
        checkpoint: &Checkpoint,
        object: usize,
        version: Version,
    ) -> bool {
        if !checkpoint.compares || !matches!(checkpoint.state, State::Enumerating { .. }) {
            return false;
        }
        let others = self.world.borrow().saves[process(self.me)][self.feed].map(|(_, others)| others);
        let is_behind = compare::may_be_behind(checkpoint, others, self.now(), doubt_age());
        let present = {
            let mut world = self.world.borrow_mut();
            match is_behind && !world.is_off(Off::Behind) {
                true => world.docs[object].clone(),
                false => world.view(self.me, object),
            }
        };
        step().await;
        let world = self.world.borrow();
        present.is_some_and(|doc| {
            // Doubt would end with the next look; writing what is doubtful ends it at once.
            doc.version.is_some() && doc.version == version && !world.is_doubtful(checkpoint, &doc)
        })
    }

    /// What this enumeration left as it is; nothing if a part of that is lost.
    pub(super) fn shown(&self, checkpoint: &Checkpoint, world: &World) -> Option<BTreeSet<usize>> {
        if !checkpoint.compares || world.options.window || world.is_off(Off::Seen) {
            return Some(BTreeSet::new());
        }
        if world.is_off(Off::SeenSaved) {
            return Some(self.seen.clone());
        }
        let counts = |save: u64| world.is_off(Off::SeenAbandoned) || !doubt::is_abandoned(checkpoint, save);
        let of_page = |page: u32| {
            let first = (checkpoint.generation, page, 0);
            let found = world.seen.range(first..=(checkpoint.generation, page, u64::MAX));
            let found: Vec<_> = found.filter(|((_, _, save), _)| counts(*save)).collect();
            (!found.is_empty()).then(|| found.into_iter().flat_map(|(_, seen)| seen).copied())
        };
        let pages = (0..=checkpoint.seen_pages).map(of_page);
        pages.collect::<Option<Vec<_>>>().map(|pages| pages.into_iter().flatten().collect())
    }

    /// What the weighing has found that this enumeration has shown.
    pub(super) fn weighed(&self, checkpoint: &Checkpoint) -> Option<BTreeSet<usize>> {
        let weighed = self.weighed.clone().filter(|(generation, _)| *generation == checkpoint.generation);
        weighed.map(|(_, shown)| shown)
    }

    /// A document as it counts. The sweep goes by what the weighing has found.
    pub(super) fn delivered(&self, checkpoint: &Checkpoint, world: &World, object: usize) -> Option<Doc> {
        let doc = world.docs[object].clone()?;
        let weighed = self.weighed(checkpoint).or_else(|| self.shown(checkpoint, world));
        let shown =
            checkpoint.pending_sweep.is_some() && weighed.is_some_and(|shown| shown.contains(&object));
        Some(Doc { marks: doubt::delivered(checkpoint, doc.marks, shown), ..doc })
    }
}
