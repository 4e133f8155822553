//! The tenant: plain data, the truth that a copy is held against.
//!
//! A [`Collection`] holds what was ever set on its objects and a log of what happened to them and to their links. Nothing
//! here knows of HTTP, pages or tokens. Users are here, groups and links in [`groups`], random stories in [`random`].

mod groups;
mod random;

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::{
    collection::{Collection, Event, Life, Object},
    feed::Feed,
    seed,
};

/// One Entra tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The tenant id, as in the claim `tid`.
    pub id: String,
    /// The users, with their links `manager`.
    pub users: Collection,
    /// The groups, with their links `members` and `owners`.
    pub groups: Collection,
    /// The photos of users, by id: <https://learn.microsoft.com/graph/api/profilephoto-get>.
    pub photos: BTreeMap<String, Vec<u8>>,
    random: Rng,
    born: usize,
}

impl Tenant {
    /// A tenant with so many living users; the same seed gives the same tenant. Its id is that of [`crate::identity`].
    pub fn seeded(users: usize, seed: u64) -> Self {
        let id = crate::identity::Options::default().tenant_id;
        let (users_to_be, users, groups) = (users, Collection::default(), Collection::default());
        let mut tenant =
            Self { id, users, groups, photos: BTreeMap::new(), random: Rng::with_seed(seed), born: 0 };
        for _ in 0..users_to_be {
            tenant.create_user();
        }
        tenant
    }

    /// The properties of a living user.
    pub fn user(&self, id: &str) -> Option<&Object> {
        self.users.get(id)
    }

    /// The ids of the living users, in order.
    pub fn user_ids(&self) -> Vec<String> {
        self.users.living().map(|(id, _)| id.clone()).collect()
    }

    /// Creates a made-up user and says its id.
    pub fn create_user(&mut self) -> String {
        self.born += 1;
        let user = seed::user(self.born, &mut self.random);
        self.insert_user(Value::Object(user))
    }

    /// Creates a user with exactly these properties; `id` is one of them.
    ///
    /// # Panics
    /// When it is not an object with an `id`.
    pub fn insert_user(&mut self, user: Value) -> String {
        insert(&mut self.users, user)
    }

    /// Sets properties of a living user; null is a value like any other. False when there is no such user.
    ///
    /// # Panics
    /// When the patch is not an object.
    pub fn change_user(&mut self, id: &str, patch: Value) -> bool {
        change(&mut self.users, id, patch)
    }

    /// Moves a living user to the deleted items; its links stay, in both directions. False when there is no such user.
    /// Source: <https://learn.microsoft.com/graph/api/user-delete>.
    pub fn remove_user(&mut self, id: &str) -> bool {
        self.users.turn(id, &[Life::Living], Life::Removed, Event::Removed)
    }

    /// Deletes a living or removed user for good, with all links from and to it. False when there is no such user.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-delete>.
    pub fn purge_user(&mut self, id: &str) -> bool {
        let exists = self.users.entry(id).is_some_and(|entry| entry.life != Life::Purged);
        if exists {
            self.unlink_everywhere(id);
            self.users.turn(id, &[Life::Living, Life::Removed], Life::Purged, Event::Purged);
        }
        exists
    }

    /// Brings a removed user back, with its links. False when there is no such user.
    /// Source: <https://learn.microsoft.com/graph/api/directory-deleteditems-restore>.
    pub fn restore_user(&mut self, id: &str) -> bool {
        self.users.turn(id, &[Life::Removed], Life::Living, Event::Restored)
    }

    /// The collection that a feed tells.
    pub(super) fn collection(&self, feed: &Feed) -> &Collection {
        if feed.name == "groups" { &self.groups } else { &self.users }
    }

    fn unlink_everywhere(&mut self, target: &str) {
        self.groups.unlink_target(target);
        self.users.unlink_target(target);
    }
}

fn insert(all: &mut Collection, object: Value) -> String {
    let Value::Object(object) = object else { panic!("it is an object") };
    let id = object.get("id").and_then(Value::as_str).expect("it has an id").to_owned();
    all.create(id.clone(), object);
    id
}

fn change(all: &mut Collection, id: &str, patch: Value) -> bool {
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    all.patch(id, patch)
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
        assert_eq!(tenant.users.changes(1, tenant.users.position()).len(), 5);
    }

    #[test]
    fn the_past_can_be_read_at_every_position() {
        let mut tenant = Tenant::seeded(1, 1);
        let id = tenant.create_user();
        tenant.change_user(&id, json!({"city": "Ulm"}));
        tenant.remove_user(&id);
        tenant.restore_user(&id);
        tenant.change_user(&id, json!({"city": "Bern"}));
        let entry = tenant.users.entry(&id).unwrap();
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
        let users: Vec<_> = tenant.users.living().map(|(_, user)| user).collect();
        assert!(users.iter().any(|user| user.get("jobTitle") == Some(&Value::Null)));
        assert!(users.iter().any(|user| user.get("jobTitle").is_none()));
        assert!(users.iter().all(|user| user.keys().all(|name| seed::PROPERTIES.contains(&name.as_str()))));
        let bytes: usize = users.iter().map(|user| serde_json::to_vec(user).unwrap().len()).sum();
        assert!((1_100..1_800).contains(&(bytes / users.len())), "{} bytes on average", bytes / users.len());
    }
}
