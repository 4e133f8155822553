//! The tenant: plain data, the truth that a copy is held against.
//!
//! A [`Collection`] holds what was ever set on its objects and a log of what happened to them; positions in the log are
//! what delta tokens stand for. [`Tenant`] has one collection today, users; groups and links between objects are further
//! fields of it. Nothing here knows of HTTP, pages or tokens.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Map, Value};

use super::seed;

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
    /// It was deleted for good.
    Purged,
    /// It came back from the deleted items.
    Restored,
}

/// An entry of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object.
    pub id: String,
    /// What happened to it.
    pub event: Event,
}

/// An object with its life and, for replays, its last version but one.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is in its life.
    pub life: Life,
    /// What is set now; kept after the removal.
    pub properties: Object,
    /// What was set before the last change.
    pub older: Option<Object>,
}

/// All objects of one kind and the log of their changes.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    entries: BTreeMap<String, Entry>,
    log: Vec<Change>,
}

impl Collection {
    /// Everything that ever existed, in the order of ids.
    pub fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
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

    /// The end of the log: what happens later has this position or a higher one.
    pub fn position(&self) -> usize {
        self.log.len()
    }

    /// What happened from one position to another.
    pub fn changes(&self, from: usize, until: usize) -> &[Change] {
        self.log.get(from..until).unwrap_or_default()
    }

    fn ids(&self, life: Life) -> Vec<&String> {
        self.entries.iter().filter(|(_, entry)| entry.life == life).map(|(id, _)| id).collect()
    }

    fn create(&mut self, id: String, properties: Object) {
        self.entries.insert(id.clone(), Entry { life: Life::Living, properties, older: None });
        self.note(&id, Event::Created);
    }

    fn patch(&mut self, id: &str, patch: Object) -> bool {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.life == Life::Living) else {
            return false;
        };
        entry.older = Some(entry.properties.clone());
        let names = patch.keys().cloned().collect();
        entry.properties.extend(patch);
        self.note(id, Event::Changed(names));
        true
    }

    fn turn(&mut self, id: &str, from: &[Life], to: Life, event: Event) -> bool {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| from.contains(&entry.life)) else {
            return false;
        };
        entry.life = to;
        entry.older = Some(entry.properties.clone());
        self.note(id, event);
        true
    }

    fn note(&mut self, id: &str, event: Event) {
        self.log.push(Change { id: id.to_owned(), event });
    }
}

/// One Entra tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The tenant id, as in the claim `tid`.
    pub id: String,
    /// The users.
    pub users: Collection,
    random: Rng,
    born: usize,
}

impl Tenant {
    /// A tenant with so many living users; the same seed gives the same tenant. Its id is that of [`crate::identity`].
    pub fn seeded(users: usize, seed: u64) -> Self {
        let id = crate::identity::Options::default().tenant_id;
        let mut tenant = Self { id, users: Collection::default(), random: Rng::with_seed(seed), born: 0 };
        for _ in 0..users {
            tenant.create_user();
        }
        tenant
    }

    /// The properties of a living user.
    pub fn user(&self, id: &str) -> Option<&Object> {
        self.users.entry(id).filter(|entry| entry.life == Life::Living).map(|entry| &entry.properties)
    }

    /// The ids of the living users, in order.
    pub fn user_ids(&self) -> Vec<String> {
        self.users.living().map(|(id, _)| id.clone()).collect()
    }

    /// Creates a made-up user and says its id.
    pub fn create_user(&mut self) -> String {
        self.born += 1;
        let user = seed::user(self.born, &mut self.random);
        let id = user.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.users.create(id.clone(), user);
        id
    }

    /// Creates a user with exactly these properties; `id` is one of them.
    ///
    /// # Panics
    /// When it is not an object with an `id`.
    pub fn insert_user(&mut self, user: Value) -> String {
        let Value::Object(user) = user else { panic!("a user is an object") };
        let id = user.get("id").and_then(Value::as_str).expect("a user has an id").to_owned();
        self.users.create(id.clone(), user);
        id
    }

    /// Sets properties of a living user; null is a value like any other. False when there is no such user.
    ///
    /// # Panics
    /// When the patch is not an object.
    pub fn change_user(&mut self, id: &str, patch: Value) -> bool {
        let Value::Object(patch) = patch else { panic!("a patch is an object") };
        self.users.patch(id, patch)
    }

    /// Moves a living user to the deleted items. False when there is no such user.
    pub fn remove_user(&mut self, id: &str) -> bool {
        self.users.turn(id, &[Life::Living], Life::Removed, Event::Removed)
    }

    /// Deletes a living or removed user for good. False when there is no such user.
    pub fn purge_user(&mut self, id: &str) -> bool {
        self.users.turn(id, &[Life::Living, Life::Removed], Life::Purged, Event::Purged)
    }

    /// Brings a removed user back. False when there is no such user.
    pub fn restore_user(&mut self, id: &str) -> bool {
        self.users.turn(id, &[Life::Removed], Life::Living, Event::Restored)
    }

    /// Does one random thing to one random user, and says what it was.
    pub fn random_change(&mut self, random: &mut Rng) -> Change {
        let living = random.choice(self.users.ids(Life::Living)).cloned();
        let removed = random.choice(self.users.ids(Life::Removed)).cloned();
        match (random.u8(..100), living, removed) {
            (0..10, Some(id), _) => self.remove_user(&id),
            (10..15, _, Some(id)) | (15..18, Some(id), _) => self.purge_user(&id),
            (18..25, _, Some(id)) => self.restore_user(&id),
            (25..85, Some(id), _) => self.change_user(&id, Value::Object(seed::patch(random))),
            _ => !self.create_user().is_empty(),
        };
        self.users.log.last().expect("something was done").clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tenant_and_the_same_story() {
        let story = |seed| {
            let mut tenant = Tenant::seeded(20, seed);
            let mut random = Rng::with_seed(seed);
            let changes: Vec<_> = (0..100).map(|_| tenant.random_change(&mut random)).collect();
            (changes, tenant.users.living().map(|(_, user)| user.clone()).collect::<Vec<_>>())
        };
        assert_eq!(story(7), story(7));
        assert_ne!(story(7), story(8));
    }

    #[test]
    fn a_user_is_created_changed_removed_restored_and_purged() {
        let mut tenant = Tenant::seeded(1, 1);
        let id = tenant.create_user();
        assert!(tenant.change_user(&id, json!({"jobTitle": null})));
        assert_eq!(tenant.user(&id).unwrap()["jobTitle"], Value::Null);
        assert!(tenant.remove_user(&id) && tenant.user(&id).is_none());
        assert!(!tenant.change_user(&id, json!({"city": "Ulm"})));
        assert!(tenant.restore_user(&id) && tenant.user(&id).is_some());
        assert!(tenant.purge_user(&id) && !tenant.restore_user(&id));
        assert_eq!(tenant.users.changes(1, tenant.users.position()).len(), 5);
    }

    #[test]
    fn a_seeded_tenant_has_absent_and_null_properties_and_a_realistic_size() {
        let tenant = Tenant::seeded(200, 3);
        let users: Vec<_> = tenant.users.living().map(|(_, user)| user).collect();
        assert!(users.iter().any(|user| user.get("jobTitle") == Some(&Value::Null)));
        assert!(users.iter().any(|user| user.get("jobTitle").is_none()));
        assert!(users.iter().all(|user| user.keys().all(|name| seed::PROPERTIES.contains(&name.as_str()))));
        let bytes: usize = users.iter().map(|user| serde_json::to_vec(user).unwrap().len()).sum();
        assert!((1_100..1_800).contains(&(bytes / users.len())), "{} bytes on average", bytes / users.len());
    }
}
