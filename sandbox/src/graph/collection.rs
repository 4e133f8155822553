//! All objects of one kind, their links, and the log of their changes.
//!
//! Positions in the log are what delta tokens stand for, and where a replica stands: every past state can still be read.
//! Links to other objects belong to the collection of their source and share its log. An object is found by its key
//! ([`super::key`]), which is its id where it does not lie below another object.

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Map, Value};

use super::relationship::{Edge, LinkKey, Relationship};

/// The properties of an object, exactly those that were ever set; a property set to null is there with null.
pub type Object = Map<String, Value>;

/// Where an object is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It exists.
    Living,
    /// It is among the deleted items and can be restored.
    Removed,
    /// It is gone for good.
    Purged,
}

/// One thing that happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It was created.
    Created,
    /// These properties were set, some perhaps to null.
    Changed(Vec<String>),
    /// It was soft-deleted.
    Removed,
    /// It was deleted for good, and its links with it.
    Purged,
    /// It was deleted for good with the object in which it lay.
    PurgedInside,
    /// It came back from the deleted items, and its links with it.
    Restored,
    /// It was linked to another object.
    Linked {
        /// As what.
        relationship: Relationship,
        /// To whom.
        target: String,
    },
    /// A link of it was removed.
    Unlinked {
        /// As what.
        relationship: Relationship,
        /// To whom.
        target: String,
        /// Because the target was deleted for good, which Graph does not always tell.
        by_purge: bool,
    },
}

/// An entry of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object.
    pub id: String,
    /// What happened to it.
    pub event: Event,
}

/// An object with its life and its past.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is in its life.
    pub life: Life,
    /// What is set now; kept after the removal.
    pub properties: Object,
    born: usize,
    past: Vec<Past>,
}

/// What an object was until the change at that index of the log.
#[derive(Clone, Debug)]
struct Past {
    until: usize,
    life: Life,
    properties: Object,
}

impl Entry {
    /// As it was when only the first `position` changes of the log had happened; nothing before it was created.
    pub fn at(&self, position: usize) -> Option<(Life, &Object)> {
        let past = self.past.get(self.version(position));
        let now = (self.life, &self.properties);
        (position > self.born).then(|| past.map_or(now, |past| (past.life, &past.properties)))
    }

    /// What was set before the last change by then.
    pub(super) fn older_at(&self, position: usize) -> Option<&Object> {
        self.version(position).checked_sub(1).map(|version| &self.past[version].properties)
    }

    fn version(&self, position: usize) -> usize {
        self.past.partition_point(|past| past.until < position)
    }

    fn keep_past(&mut self, until: usize) {
        self.past.push(Past { until, life: self.life, properties: self.properties.clone() });
    }
}

/// All objects of one kind and the log of their changes.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    entries: BTreeMap<String, Entry>,
    edges: BTreeMap<String, BTreeMap<LinkKey, Edge>>,
    log: Vec<Change>,
    times: Vec<Instant>,
}

impl Collection {
    /// Everything that ever existed, in the order of ids.
    pub fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// Those whose keys begin so.
    pub(super) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let range = self.entries.range(prefix.to_owned()..);
        range.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The entry with that id, also when it is removed or purged.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The living objects, in the order of ids.
    pub fn living(&self) -> impl Iterator<Item = (&String, &Object)> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.life == Life::Living)
            .map(|(id, entry)| (id, &entry.properties))
    }

    /// The living object with that id.
    pub fn get(&self, id: &str) -> Option<&Object> {
        self.entry(id).filter(|entry| entry.life == Life::Living).map(|entry| &entry.properties)
    }

    /// The end of the log: what happens later has this position or a higher one.
    pub fn position(&self) -> usize {
        self.log.len()
    }

    /// The end of the log at that moment: whatever had happened by then is before it.
    pub(super) fn position_at(&self, moment: Instant) -> usize {
        self.times.partition_point(|time| *time <= moment)
    }

    /// What happened from one position to another.
    pub fn changes(&self, from: usize, until: usize) -> &[Change] {
        self.log.get(from..until).unwrap_or_default()
    }

    /// The ids of all objects in that state of life, in order.
    pub(super) fn ids(&self, life: Life) -> Vec<&String> {
        self.entries.iter().filter(|(_, entry)| entry.life == life).map(|(id, _)| id).collect()
    }

    /// Every link that an object ever had, in the order of relationships and targets.
    pub(super) fn edges_of(&self, source: &str) -> impl Iterator<Item = (&LinkKey, &Edge)> {
        self.edges.get(source).into_iter().flatten()
    }

    /// One link, if it ever was.
    pub(super) fn edge(&self, source: &str, key: &LinkKey) -> Option<&Edge> {
        self.edges.get(source)?.get(key)
    }

    /// The sources that ever had links, in order.
    pub(super) fn sources(&self) -> impl Iterator<Item = &String> {
        self.edges.keys()
    }

    pub(super) fn create(&mut self, id: String, properties: Object) {
        let index = self.log.len();
        match self.entries.get_mut(&id) {
            Some(entry) => {
                entry.keep_past(index);
                (entry.life, entry.properties) = (Life::Living, properties);
            }
            None => {
                let entry = Entry { life: Life::Living, properties, born: index, past: Vec::new() };
                self.entries.insert(id.clone(), entry);
            }
        }
        self.note(&id, Event::Created);
    }

    pub(super) fn patch(&mut self, id: &str, patch: Object) -> bool {
        let index = self.log.len();
        let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.life == Life::Living) else {
            return false;
        };
        entry.keep_past(index);
        let names = patch.keys().cloned().collect();
        entry.properties.extend(patch);
        self.note(id, Event::Changed(names));
        true
    }

    pub(super) fn turn(&mut self, id: &str, from: &[Life], to: Life, event: Event) -> bool {
        let index = self.log.len();
        let Some(entry) = self.entries.get_mut(id).filter(|entry| from.contains(&entry.life)) else {
            return false;
        };
        entry.keep_past(index);
        entry.life = to;
        if to == Life::Purged {
            // The links end with the event itself: nothing else is told of them.
            let edges = self.edges.get_mut(id).into_iter().flat_map(BTreeMap::values_mut);
            edges.filter(|edge| edge.is_now()).for_each(|edge| edge.turn(index));
        }
        self.note(id, event);
        true
    }

    /// Links a source, which the caller knows to exist. False when it is linked already.
    pub(super) fn link(&mut self, source: &str, key: LinkKey, target_type: &'static str) -> bool {
        let index = self.log.len();
        let edges = self.edges.entry(source.to_owned()).or_default();
        let edge = edges.entry(key.clone()).or_insert_with(|| Edge::new(target_type));
        if edge.is_now() {
            return false;
        }
        edge.turn(index);
        let (relationship, target) = key;
        self.note(source, Event::Linked { relationship, target });
        true
    }

    /// Removes a link. False when there is no such link.
    pub(super) fn unlink(&mut self, source: &str, key: LinkKey, by_purge: bool) -> bool {
        let index = self.log.len();
        let edge = self.edges.get_mut(source).and_then(|edges| edges.get_mut(&key));
        let Some(edge) = edge.filter(|edge| edge.is_now()) else { return false };
        edge.turn(index);
        edge.purged = by_purge;
        let (relationship, target) = key;
        self.note(source, Event::Unlinked { relationship, target, by_purge });
        true
    }

    /// Removes all links of one relationship to a target that is deleted for good.
    pub(super) fn unlink_target(&mut self, relationship: Relationship, target: &str) {
        let key = (relationship, target.to_owned());
        let is_linked = |edges: &BTreeMap<LinkKey, Edge>| edges.get(&key).is_some_and(Edge::is_now);
        let linked = self.edges.iter().filter(|(_, edges)| is_linked(edges));
        let sources: Vec<_> = linked.map(|(source, _)| source.clone()).collect();
        for source in sources {
            self.unlink(&source, key.clone(), true);
        }
    }

    /// When something last happened to an object.
    pub(super) fn last_change_of(&self, id: &str) -> Option<Instant> {
        let index = self.log.iter().rposition(|change| change.id == id)?;
        self.times.get(index).copied()
    }

    /// The last change.
    pub(super) fn last(&self) -> Option<&Change> {
        self.log.last()
    }

    fn note(&mut self, id: &str, event: Event) {
        self.log.push(Change { id: id.to_owned(), event });
        self.times.push(Instant::now());
    }
}
