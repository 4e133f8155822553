//! Short names for the collection `users` and its relationship `manager`.

use serde_json::Value;

use super::{Collection, Object, Tenant};
use crate::graph::relationship::Relationship;

impl Tenant {
    /// The users.
    pub fn users(&self) -> &Collection {
        self.collection("users")
    }

    /// The properties of a living user.
    pub fn user(&self, id: &str) -> Option<&Object> {
        self.get("users", id)
    }

    /// The ids of the living users, in order.
    pub fn user_ids(&self) -> Vec<String> {
        self.ids("users")
    }

    /// Creates a made-up user and says its id.
    pub fn create_user(&mut self) -> String {
        self.create("users")
    }

    /// [`Tenant::insert`] for a user.
    pub fn insert_user(&mut self, user: Value) -> String {
        self.insert("users", user)
    }

    /// [`Tenant::change`] for a user.
    pub fn change_user(&mut self, id: &str, patch: Value) -> bool {
        self.change("users", id, patch)
    }

    /// [`Tenant::remove`] for a user.
    pub fn remove_user(&mut self, id: &str) -> bool {
        self.remove("users", id)
    }

    /// [`Tenant::purge`] for a user.
    pub fn purge_user(&mut self, id: &str) -> bool {
        self.purge("users", id)
    }

    /// [`Tenant::restore`] for a user.
    pub fn restore_user(&mut self, id: &str) -> bool {
        self.restore("users", id)
    }

    /// Gives a living user another living user as its only manager. False when that cannot be, or is so already.
    /// Source: <https://learn.microsoft.com/graph/api/user-post-manager>.
    pub fn set_manager(&mut self, user: &str, manager: &str) -> bool {
        self.link(Relationship::named("users-manager"), user, manager)
    }

    /// Takes the manager of a living user away. False when there is none.
    pub fn clear_manager(&mut self, user: &str) -> bool {
        let manager = self.manager(user);
        manager.is_some_and(|manager| self.unlink(Relationship::named("users-manager"), user, &manager))
    }

    /// The id of a user's manager, also when one of the two is among the deleted items.
    pub fn manager(&self, user: &str) -> Option<String> {
        self.targets(Relationship::named("users-manager"), user).pop()
    }
}
