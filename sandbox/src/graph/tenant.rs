//! The tenant: plain data, the truth that a copy is held against.
//!
//! It has one [`Collection`] for each row, which holds what was ever set on its objects and a log
//! of what happened to them and to their links. Nothing here knows of HTTP, pages or tokens. Collections are named as in
//! paths (`users`), relationships as their containers (`groups-members`). Removing an object hides it and keeps its links;
//! deleting it for good ends them, in both directions. A link can be made only between living objects and removed only
//! from a living source.
//!
//! An object of a collection below another one belongs to one object there, and lives only as long as that one. It is
//! named by its id, or by its key ([`super::key`]) where several have that id.
//!
//! Beside it: [`children`] knows what lies below what, [`populate`] makes groups and other objects, [`random`] lets
//! something happen.

mod children;
mod populate;
mod random;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::{
    collection::{Collection, Entry, Event, Life, Object},
    key,
    refusal::Refusal,
    relationship::{Link, Relationship},
    row::Row,
    seed,
};
use crate::clock::Clock;

pub use self::{
    populate::{with, with_groups},
    random::random_change,
};

/// One Entra tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The tenant id, as in the claim `tid`.
    pub id: String,
    /// The photos of users, by id: <https://learn.microsoft.com/graph/api/profilephoto-get>.
    pub photos: BTreeMap<String, Vec<u8>>,
    collections: BTreeMap<&'static str, Collection>,
    refusals: BTreeMap<String, Refusal>,
    clock: Clock,
    random: Rng,
    born: usize,
}

impl Tenant {
    /// A tenant with so many living users; the same seed gives the same tenant. Its id is that of [`crate::identity`].
    pub fn seeded(users: usize, seed: u64) -> Self {
        let id = crate::identity::Options::default().tenant_id;
        let collections = Row::all().map(|row| (row.name.as_str(), Collection::default())).collect();
        let (photos, refusals) = (BTreeMap::new(), BTreeMap::new());
        let (clock, random) = (Clock::default(), Rng::with_seed(seed));
        let mut tenant = Self { id, photos, collections, refusals, clock, random, born: 0 };
        for _ in 0..users {
            tenant.create("users");
        }
        tenant
    }

    /// The collection with that name.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn collection(&self, name: &str) -> &Collection {
        self.collections.get(name).unwrap_or_else(|| panic!("the sandbox has no row `{name}`"))
    }

    /// The clock of the services.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The collections with a feed, besides `users`, that ever had an object.
    pub fn others(&self) -> Vec<&'static str> {
        let others = Row::all().filter(|row| row.delta && row.name != "users");
        let names = others.map(|row| row.name.as_str());
        names.filter(|name| self.collection(name).position() > 0).collect()
    }

    /// An object of whatever collection, also when it is removed or purged.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        Row::all().find_map(|row| self.collection(&row.name).entry(id))
    }

    /// The properties of a living object.
    pub fn get(&self, collection: &str, id: &str) -> Option<&Object> {
        self.collection(collection).get(&self.key(collection, id))
    }

    /// The ids of the living objects of a collection, in the order of their keys.
    pub fn ids(&self, collection: &str) -> Vec<String> {
        self.living(collection).map(|(key, _)| key::id(Row::of(collection), key)).collect()
    }

    /// Those below one object, which is named by the ids of all above it and its own, or by its own alone.
    ///
    /// # Panics
    /// When that one does not live.
    pub fn ids_under(&self, collection: &str, parents: &[&str]) -> Vec<String> {
        let row = Row::of(collection);
        let prefix = format!("{}/", children::chain_of(self, row, parents));
        let all = self.living(collection).filter(|(key, _)| key.starts_with(&prefix));
        all.map(|(key, _)| key::id(row, key)).collect()
    }

    /// The living objects of a collection, by their keys; above them, everything lives.
    pub(crate) fn living(&self, collection: &str) -> impl Iterator<Item = (&String, &Object)> {
        let row = Row::of(collection);
        let living = self.collection(collection).living();
        living.filter(move |(key, _)| children::is_reachable(self, row, key))
    }

    /// The ids above an object, the outermost first.
    pub fn parents_of(&self, collection: &str, id: &str) -> Vec<String> {
        key::above(Row::of(collection), &self.key(collection, id))
    }

    /// The key of an object that is named by its id or its key.
    pub(crate) fn key(&self, collection: &str, name: &str) -> String {
        children::key_of(self, Row::of(collection), name)
    }

    /// Creates a made-up object without links, below any object where it has to lie below one, and says its id. A single
    /// object is only changed where it is there already.
    pub fn create(&mut self, collection: &str) -> String {
        self.create_of(collection, 0)
    }

    /// The same of so many minutes ago, where it is read by time.
    fn create_of(&mut self, collection: &str, minutes: i64) -> String {
        let row = Row::of(collection);
        if let Some(only) = row.single.then(|| self.ids(collection).pop()).flatten() {
            let patch = seed::patch_of(row, self.born, &mut self.random);
            self.change(collection, &only, Value::Object(patch));
            return only;
        }
        let above = children::any_parent(self, row);
        self.create_under_of(collection, &above.iter().map(String::as_str).collect::<Vec<_>>(), minutes)
    }

    /// Creates a made-up object below one that is named by the ids of all above it and its own, or by its own alone.
    ///
    /// # Panics
    /// When that one does not live.
    pub fn create_under(&mut self, collection: &str, parents: &[&str]) -> String {
        self.create_under_of(collection, parents, 0)
    }

    fn create_under_of(&mut self, collection: &str, parents: &[&str], minutes: i64) -> String {
        self.born += 1;
        let row = Row::of(collection);
        let mut object = match &row.refers_to {
            Some(other) => children::reference(self, row, other, parents),
            None => seed::object_of(row, self.born, &mut self.random),
        };
        if let Some(window) = &row.window {
            object.insert(window.property.clone(), self.clock.text(minutes).into());
        }
        if let Some(view) = &row.view {
            // In the days to come, where a client looks for it.
            let hours = i64::try_from(self.born % 240).unwrap_or_default() + 1;
            object.extend(view.times(&self.clock, 60 * hours, 30));
        }
        self.insert_under(collection, parents, Value::Object(object))
    }

    /// Creates a made-up object of a collection that is read by time, of so many minutes ago: it arrives late.
    ///
    /// # Panics
    /// When the collection is not read by time.
    pub fn create_ago(&mut self, collection: &str, minutes: i64) -> String {
        assert!(Row::of(collection).window.is_some(), "it is read by time");
        self.create_of(collection, minutes)
    }

    /// The time of an object is so many minutes ago.
    ///
    /// # Panics
    /// When the collection is not read by time.
    pub fn set_back(&mut self, collection: &str, id: &str, minutes: i64) {
        let window = Row::of(collection).window.as_ref().expect("it is read by time");
        let time = self.clock.text(minutes);
        self.change(
            collection,
            id,
            Value::Object([(window.property.clone(), time.into())].into_iter().collect()),
        );
    }

    /// Whether all objects above live.
    pub(crate) fn is_reachable(&self, row: &Row, key: &str) -> bool {
        children::is_reachable(self, row, key)
    }

    /// An event begins in so many minutes, or began before with a negative number, and takes so many.
    ///
    /// # Panics
    /// When the collection is not seen through a range of time.
    pub fn place(&mut self, collection: &str, id: &str, begins_in: i64, takes: i64) {
        let view = Row::of(collection).view.as_ref().expect("it is seen through a range of time");
        let times = view.times(&self.clock, begins_in, takes);
        self.change(collection, id, Value::Object(times));
    }

    /// Creates an object with exactly these properties; its key is one of them.
    ///
    /// # Panics
    /// When it is not an object with a key, or lies below another one.
    pub fn insert(&mut self, collection: &str, object: Value) -> String {
        self.insert_under(collection, &[], object)
    }

    /// The same below another object; its property that names that one is set.
    ///
    /// # Panics
    /// When it is not an object with a key, or the one above does not live.
    pub fn insert_under(&mut self, collection: &str, parents: &[&str], object: Value) -> String {
        let (Value::Object(mut object), row) = (object, Row::of(collection)) else {
            panic!("it is an object")
        };
        let id = object.get(&row.key).and_then(Value::as_str).expect("it has a key").to_owned();
        if let (Some(property), Some(parent)) = (&row.parent_property, parents.last()) {
            object.insert(property.clone(), (*parent).into());
        }
        let key = match row.is_below() {
            true => key::below(&children::chain_of(self, row, parents), &id),
            false => id.clone(),
        };
        self.all(collection).create(key, object);
        id
    }

    /// Moves an object below another one of the same collection; its immutable id stays. False when there is no such object.
    ///
    /// # Panics
    /// When the one above does not live.
    pub fn move_under(&mut self, collection: &str, id: &str, parents: &[&str]) -> bool {
        let Some(object) = self.get(collection, id).cloned() else { return false };
        let key = self.key(collection, id);
        self.all(collection).turn(&key, &[Life::Living], Life::Purged, Event::Purged);
        self.insert_under(collection, parents, Value::Object(object));
        true
    }

    /// Sets properties of a living object; null is a value like any other. A time of the last change is set with them.
    /// False when there is no such object.
    ///
    /// # Panics
    /// When the patch is not an object.
    pub fn change(&mut self, collection: &str, id: &str, patch: Value) -> bool {
        let (Value::Object(mut patch), row) = (patch, Row::of(collection)) else {
            panic!("a patch is an object")
        };
        if let Some(window) = row.window.as_ref().filter(|window| window.property.starts_with("last")) {
            patch.entry(&window.property).or_insert_with(|| self.clock.text(0).into());
        }
        let key = self.key(collection, id);
        self.all(collection).patch(&key, patch)
    }

    /// Moves a living object to the deleted items; its links stay, in both directions. Where a service has none, it is
    /// deleted for good. False when there is no such object.
    /// Sources: <https://learn.microsoft.com/graph/api/user-delete>, <https://learn.microsoft.com/graph/api/group-delete>.
    pub fn remove(&mut self, collection: &str, id: &str) -> bool {
        if !Row::of(collection).has_deleted_items() {
            return self.purge(collection, id);
        }
        self.all(collection).turn(id, &[Life::Living], Life::Removed, Event::Removed)
    }

    /// Brings a removed object back, with its links. False when there is no such object.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-restore>.
    pub fn restore(&mut self, collection: &str, id: &str) -> bool {
        self.all(collection).turn(id, &[Life::Removed], Life::Living, Event::Restored)
    }

    /// Deletes a living or removed object for good, with all links from and to it and everything below it. False when
    /// there is no such object, or the path has only that one.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-delete>.
    pub fn purge(&mut self, collection: &str, id: &str) -> bool {
        self.purge_as(collection, id, Event::Purged)
    }

    fn purge_as(&mut self, collection: &str, id: &str, event: Event) -> bool {
        let (row, key) = (Row::of(collection), self.key(collection, id));
        let exists = self.collection(collection).entry(&key).is_some_and(|entry| entry.life != Life::Purged);
        if exists && !row.single {
            for relationship in Relationship::all() {
                self.all(relationship.of()).unlink_target(relationship, &key);
            }
            self.all(collection).turn(&key, &[Life::Living, Life::Removed], Life::Purged, event);
            children::purge_below(self, row, &key);
        }
        exists && !row.single
    }

    /// From now on, requests for anything below the object with that id are refused; or again not, with none.
    pub fn refuse_below(&mut self, id: &str, refusal: Option<Refusal>) {
        self.refusals.remove(id);
        self.refusals.extend(refusal.map(|refusal| (id.to_owned(), refusal)));
    }

    /// Why requests for objects of a collection below these are refused, if they are.
    pub(crate) fn refusal(&self, row: &Row, above: &[String]) -> Option<&Refusal> {
        let refusals = above.iter().filter_map(|id| self.refusals.get(id));
        let mut refusals =
            refusals.filter(|one| one.service.as_ref().is_none_or(|name| *name == row.service));
        refusals.next()
    }

    /// Links a living object to another one of a collection to which the relationship leads. Where an object has at most
    /// one link, it takes the place of the one before. False when that cannot be, or is so already.
    pub fn link(&mut self, relationship: impl Into<Relationship>, source: &str, target: &str) -> bool {
        let relationship = relationship.into();
        let lives = self.get(relationship.of(), source).is_some() && source != target;
        let Some(kind) = self.kind(relationship.to(), target).filter(|_| lives) else { return false };
        if relationship.is_to_one() {
            let before = self.targets(relationship, source);
            if before.iter().any(|before| before == target) {
                return false;
            }
            for one in &before {
                self.unlink(relationship, source, one);
            }
        }
        self.all(relationship.of()).link(source, (relationship, target.to_owned()), kind)
    }

    /// Ends a link of a living object. False when there is none.
    pub fn unlink(&mut self, relationship: impl Into<Relationship>, source: &str, target: &str) -> bool {
        let relationship = relationship.into();
        let lives = self.get(relationship.of(), source).is_some();
        lives && self.all(relationship.of()).unlink(source, (relationship, target.to_owned()), false)
    }

    /// The ids to which an object is linked, in order, also when some or the object are among the deleted items.
    pub fn targets(&self, relationship: impl Into<Relationship>, source: &str) -> Vec<String> {
        let relationship = relationship.into();
        let edges = self.collection(relationship.of()).edges_of(source);
        let edges = edges.filter(|(key, edge)| key.0 == relationship && edge.is_now());
        edges.map(|(key, _)| key.1.clone()).collect()
    }

    /// All links that are there now, in the order of sources and targets. None leads from or to a purged object; one to a
    /// removed object is there like any other, since Graph does not end a membership with a soft delete
    /// (<https://learn.microsoft.com/graph/api/resources/groups-overview>).
    pub fn links(&self, relationship: impl Into<Relationship>) -> Vec<Link> {
        self.edges(relationship.into()).filter(|(_, is_now)| *is_now).map(|(link, _)| link).collect()
    }

    /// Those, and the former ones of removed sources: while its source is among the deleted items, the feed tells nothing
    /// of a link, also not that it went shortly before.
    pub(crate) fn links_not_known_to_be_gone(&self, relationship: Relationship) -> Vec<Link> {
        let edges = self.edges(relationship).filter(|(link, is_now)| *is_now || link.dormant);
        edges.map(|(link, _)| link).collect()
    }

    /// Every link that ever was, and whether it is there now.
    fn edges(&self, relationship: Relationship) -> impl Iterator<Item = (Link, bool)> {
        let all = self.collection(relationship.of());
        let edges = all.sources().flat_map(|source| all.edges_of(source).map(move |edge| (source, edge)));
        edges.filter(move |(_, (key, _))| key.0 == relationship).map(|(source, (key, edge))| {
            let link = Link {
                source: source.clone(),
                target: key.1.clone(),
                target_type: edge.target_type,
                dormant: all.entry(source).is_some_and(|entry| entry.life == Life::Removed),
            };
            (link, edge.is_now())
        })
    }

    /// The type of a living object of one of these collections.
    fn kind(&self, collections: &'static [String], id: &str) -> Option<&'static str> {
        let found = collections.iter().find(|name| self.get(name, id).is_some())?;
        Some(&Row::of(found).kind)
    }

    fn all(&mut self, name: &str) -> &mut Collection {
        self.collections.get_mut(name).unwrap_or_else(|| panic!("the sandbox has no row `{name}`"))
    }
}
