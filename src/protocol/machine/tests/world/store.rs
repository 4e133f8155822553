//! Cosmos in the model: documents, containers, and answers that are lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Doc, Lost, OBJECTS, Off, PROCESSES, Version, World};
use crate::protocol::doubt::{Marks, is_abandoned, is_among};
use crate::protocol::{Checkpoint, Source, is_good};

impl World {
    /// Somebody drops the container, and creates another one of the same name.
    pub fn recreate(&mut self) {
        self.container += 1;
        self.docs.fill(None);
        self.note(|| "the container is dropped and created anew".into());
    }

    /// The id of the container as the process of a turn knows it; nothing without the rule.
    pub fn look_at_container(&mut self, turn: u32, known: Option<&str>) -> Option<String> {
        let (process, now) = (turn as usize % PROCESSES, self.now);
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
        self.docs[object] = Some(Doc { version, marks, read, written: self.now, etag });
        self.note(|| format!("  put {object} = {version:?} {marks:?}"));
        self.maybe_lost().map(|()| true)
    }

    /// The links of sources that this enumeration has not shown, and that are not known to be gone.
    pub fn unseen(&self, generation: u64, is_meant: impl Fn(&Doc) -> bool) -> BTreeSet<usize> {
        let is_unseen = |link: &usize| {
            let source = self.source_of(*link).and_then(|source| self.docs[source].as_ref());
            source.is_some_and(|source| {
                source.version.is_some() && source.marks.generation < generation && is_meant(source)
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
