//! The tenant: plain data, the truth that a copy is held against.
//!
//! It has one [`Collection`] for each row of `sandbox/tenant.json`, which holds what was ever set on its objects and a log
//! of what happened to them and to their links. Nothing here knows of HTTP, pages or tokens. The verbs of any collection
//! are here, those of links in [`links`], random stories in [`random`]; [`users`] and [`groups`] are short names for the
//! two collections that most stories are about.

mod groups;
mod links;
mod random;
mod users;

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::{
    collection::{Collection, Entry, Event, Life, Object},
    row::Row,
    seed,
};

/// One Entra tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The tenant id, as in the claim `tid`.
    pub id: String,
    /// The photos of users, by id: <https://learn.microsoft.com/graph/api/profilephoto-get>.
    pub photos: BTreeMap<String, Vec<u8>>,
    collections: BTreeMap<&'static str, Collection>,
    random: Rng,
    born: usize,
}

impl Tenant {
    /// A tenant with so many living users; the same seed gives the same tenant. Its id is that of [`crate::identity`].
    pub fn seeded(users: usize, seed: u64) -> Self {
        let id = crate::identity::Options::default().tenant_id;
        let collections = Row::all().map(|row| (row.name.as_str(), Collection::default())).collect();
        let mut tenant =
            Self { id, photos: BTreeMap::new(), collections, random: Rng::with_seed(seed), born: 0 };
        for _ in 0..users {
            tenant.create_user();
        }
        tenant
    }

    /// The collection with that name.
    ///
    /// # Panics
    /// When `sandbox/tenant.json` has no such row.
    pub fn collection(&self, name: &str) -> &Collection {
        self.collections.get(name).unwrap_or_else(|| panic!("sandbox/tenant.json has no row `{name}`"))
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
        self.collection(collection).get(id)
    }

    /// The ids of the living objects of a collection, in order.
    pub fn ids(&self, collection: &str) -> Vec<String> {
        self.collection(collection).living().map(|(id, _)| id.clone()).collect()
    }

    /// Creates a made-up object without links and says its id.
    pub fn create(&mut self, collection: &str) -> String {
        self.born += 1;
        let object = seed::object_of(Row::of(collection), self.born, &mut self.random);
        self.insert(collection, Value::Object(object))
    }

    /// Creates an object with exactly these properties; `id` is one of them.
    ///
    /// # Panics
    /// When it is not an object with an `id`.
    pub fn insert(&mut self, collection: &str, object: Value) -> String {
        let Value::Object(object) = object else { panic!("it is an object") };
        let id = object.get("id").and_then(Value::as_str).expect("it has an id").to_owned();
        self.all(collection).create(id.clone(), object);
        id
    }

    /// Sets properties of a living object; null is a value like any other. False when there is no such object.
    ///
    /// # Panics
    /// When the patch is not an object.
    pub fn change(&mut self, collection: &str, id: &str, patch: Value) -> bool {
        let Value::Object(patch) = patch else { panic!("a patch is an object") };
        self.all(collection).patch(id, patch)
    }

    /// Moves a living object to the deleted items; its links stay, in both directions. False when there is no such object.
    /// Sources: <https://learn.microsoft.com/graph/api/user-delete>, <https://learn.microsoft.com/graph/api/group-delete>.
    pub fn remove(&mut self, collection: &str, id: &str) -> bool {
        self.all(collection).turn(id, &[Life::Living], Life::Removed, Event::Removed)
    }

    /// Brings a removed object back, with its links. False when there is no such object.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-restore>.
    pub fn restore(&mut self, collection: &str, id: &str) -> bool {
        self.all(collection).turn(id, &[Life::Removed], Life::Living, Event::Restored)
    }

    /// Deletes a living or removed object for good, with all links from and to it. False when there is no such object.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-delete>.
    pub fn purge(&mut self, collection: &str, id: &str) -> bool {
        let exists = self.collection(collection).entry(id).is_some_and(|entry| entry.life != Life::Purged);
        if exists {
            self.unlink_everywhere(id);
            self.all(collection).turn(id, &[Life::Living, Life::Removed], Life::Purged, Event::Purged);
        }
        exists
    }

    fn all(&mut self, name: &str) -> &mut Collection {
        self.collections.get_mut(name).unwrap_or_else(|| panic!("sandbox/tenant.json has no row `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        assert_eq!(tenant.users().changes(1, tenant.users().position()).len(), 5);
    }

    #[test]
    fn the_past_can_be_read_at_every_position() {
        let mut tenant = Tenant::seeded(1, 1);
        let id = tenant.create_user();
        tenant.change_user(&id, json!({"city": "Ulm"}));
        tenant.remove_user(&id);
        tenant.restore_user(&id);
        tenant.change_user(&id, json!({"city": "Bern"}));
        let entry = tenant.users().entry(&id).unwrap();
        let lives: Vec<_> = (0..=6).map(|position| entry.at(position).map(|(life, _)| life)).collect();
        let (living, removed) = (Some(Life::Living), Some(Life::Removed));
        assert_eq!(lives, [None, None, living, living, removed, living, living]);
        assert_eq!(entry.at(5).unwrap().1["city"], "Ulm");
        assert_eq!(entry.at(6).unwrap().1["city"], "Bern");
        assert_eq!(entry.older_at(6).unwrap()["city"], "Ulm");
        assert_eq!(entry.older_at(2), None);
    }

    #[test]
    fn a_seeded_tenant_has_absent_and_null_properties_and_a_realistic_size() {
        let tenant = Tenant::seeded(200, 3);
        let users: Vec<_> = tenant.users().living().map(|(_, user)| user).collect();
        assert!(users.iter().any(|user| user.get("jobTitle") == Some(&Value::Null)));
        assert!(users.iter().any(|user| user.get("jobTitle").is_none()));
        assert!(users.iter().all(|user| user.keys().all(|name| Row::of("users").has(name))));
        let bytes: usize = users.iter().map(|user| serde_json::to_vec(user).unwrap().len()).sum();
        assert!((1_100..1_800).contains(&(bytes / users.len())), "{} bytes on average", bytes / users.len());
    }
}
