//! Cosmos in the model: documents, containers, and answers that are lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{DOUBT, Doc, Lost, OBJECTS, Off, PROCESSES, Replaced, Version, World};
use crate::protocol::doubt::{Marks, is_abandoned, is_among};
use crate::protocol::{Checkpoint, Source, is_good};

/// The process of a turn.
pub fn process(turn: u32) -> usize {
    turn as usize % PROCESSES
}

impl World {
    /// Somebody drops the container, and creates another one of the same name.
    pub fn recreate(&mut self) {
        self.container += 1;
        self.replaced.fill(Vec::new());
        self.docs.fill(None);
        self.note(|| "the container is dropped and created anew".into());
    }

    /// The id of the container as the process of a turn knows it; nothing without the rule.
    pub fn look_at_container(&mut self, turn: u32, known: Option<&str>) -> Option<String> {
        let (process, now) = (process(turn), self.now);
        let age = |at: i64| Duration::from_secs((now - at).unsigned_abs());
        let looked = self.looked[process].filter(|(id, at)| is_good(age(*at), &id.to_string(), known));
        let (id, at) = looked.unwrap_or((self.container, now));
        self.looked[process] = Some((id, at));
        (!self.is_off(Off::Container)).then(|| id.to_string())
    }

    pub fn next_etag(&mut self) -> u64 {
        self.etag += 1;
        self.etag
    }

    pub fn maybe_lost(&mut self) -> Result<(), Lost> {
        if self.lost > 0 && !self.quiet && self.random.u8(..100) < 3 {
            self.lost -= 1;
            self.note(|| "  (the answer is lost)".into());
            return Err(Lost);
        }
        Ok(())
    }

    /// Writes a document; `over`: only this version of it. False: somebody was faster.
    pub fn put(
        &mut self,
        object: usize,
        version: Version,
        marks: Marks,
        read: i64,
        over: Option<u64>,
    ) -> Result<bool, Lost> {
        let present = self.docs[object].as_ref().map_or(0, |doc| doc.etag);
        if over.is_some_and(|over| over != present) {
            return Ok(false);
        }
        // What is written over a version is concluded: by a sweep, or from a look.
        // A tombstone that takes the place of another one removes nobody.
        let lived = self.docs[object].as_ref().is_some_and(|doc| doc.version.is_some());
        // What lies below a parent that seemed to be gone goes, and comes back with it.
        let has_parent = object == 0 || !self.parent_left;
        if lived && over.is_some() && version.is_none() && has_parent && self.was_never_removed(object) {
            self.wronged.insert(object);
        }
        let etag = self.next_etag();
        let before = self.docs[object].take();
        self.replaced[object].push((before, self.now, None));
        self.docs[object] = Some(Doc { version, marks, read, written: self.now, etag });
        self.note(|| format!("  put {object} = {version:?} {marks:?}"));
        self.maybe_lost().map(|()| true)
    }

    /// How often a document was replaced.
    pub fn replaced(&self, object: usize) -> usize {
        self.replaced[object].len()
    }

    /// The process of a turn knows that its write replaced a document for the time of this number.
    pub fn confirm(&mut self, turn: u32, object: usize, place: usize) {
        if let Some((.., by)) = place.checked_sub(1).and_then(|place| self.replaced[object].get_mut(place)) {
            *by = Some(process(turn));
        }
    }

    /// A document as a query of a turn may find it: perhaps as it was before another process wrote it, for as long as
    /// replicas are behind.
    pub fn view(&mut self, turn: u32, object: usize) -> Option<Doc> {
        let own = |(.., by): &Replaced| *by == Some(process(turn));
        let replaced = &self.replaced[object];
        let first = replaced.iter().rposition(own).map_or(0, |own| own + 1);
        let late: Vec<_> =
            replaced[first..].iter().filter(|(_, until, _)| until + DOUBT > self.now).collect();
        match self.random.usize(..=late.len()) {
            place if place < late.len() => late[place].0.clone(),
            _ => self.docs[object].clone(),
        }
    }

    /// The links of sources that this enumeration has not shown, and that are not known to be gone.
    pub fn unseen(
        &self,
        generation: u64,
        doc: impl Fn(usize) -> Option<Doc>,
        is_meant: impl Fn(&Doc) -> bool,
    ) -> BTreeSet<usize> {
        let is_unseen = |link: &usize| {
            let source = self.source_of(*link).and_then(&doc);
            source.is_some_and(|source| {
                source.version.is_some() && source.marks.generation < generation && is_meant(&source)
            })
        };
        (0..OBJECTS).filter(is_unseen).collect()
    }

    /// The removal limit holds this time.
    pub fn brakes(&mut self) -> bool {
        let holds = self.brakes > 0 && !self.quiet && self.random.u8(..10) == 0;
        self.brakes -= u32::from(holds);
        holds
    }

    pub fn is_doubtful(&self, checkpoint: &Checkpoint, doc: &Doc) -> bool {
        let by_id = doc.marks.source == Source::ById && !self.is_off(Off::ById);
        let lost = is_abandoned(checkpoint, doc.marks.save) && !self.is_off(Off::LostDoubt);
        by_id || lost || is_among(&checkpoint.abandoned, doc.marks.save)
    }
}
