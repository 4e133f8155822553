//! Short names for the collection `groups` and its relationships `members` and `owners`, and how groups are made.

use serde_json::Value;

use super::{Collection, Object, Tenant};
use crate::graph::relationship::Relationship;

impl Tenant {
    /// With so many groups more, their members (users and a few groups) and owners, and a manager for most users.
    #[must_use]
    pub fn with_groups(mut self, count: usize) -> Self {
        let users = self.user_ids();
        for (index, user) in users.iter().enumerate().skip(1) {
            if self.random.u8(..10) > 0 {
                self.set_manager(user, &users[(index - 1) / 8]);
            }
        }
        for _ in 0..count {
            let group = self.create_group();
            self.populate(&group, &users);
        }
        self
    }

    /// The groups.
    pub fn groups(&self) -> &Collection {
        self.collection("groups")
    }

    /// The properties of a living group.
    pub fn group(&self, id: &str) -> Option<&Object> {
        self.get("groups", id)
    }

    /// The ids of the living groups, in order.
    pub fn group_ids(&self) -> Vec<String> {
        self.ids("groups")
    }

    /// Creates a made-up group without members and owners, and says its id.
    pub fn create_group(&mut self) -> String {
        self.create("groups")
    }

    /// [`Tenant::insert`] for a group.
    pub fn insert_group(&mut self, group: Value) -> String {
        self.insert("groups", group)
    }

    /// [`Tenant::change`] for a group.
    pub fn change_group(&mut self, id: &str, patch: Value) -> bool {
        self.change("groups", id, patch)
    }

    /// [`Tenant::remove`] for a group.
    pub fn remove_group(&mut self, id: &str) -> bool {
        self.remove("groups", id)
    }

    /// [`Tenant::restore`] for a group.
    pub fn restore_group(&mut self, id: &str) -> bool {
        self.restore("groups", id)
    }

    /// [`Tenant::purge`] for a group.
    pub fn purge_group(&mut self, id: &str) -> bool {
        self.purge("groups", id)
    }

    /// Makes a living object of any kind a member. False when that cannot be, or is so already.
    pub fn add_member(&mut self, group: &str, member: &str) -> bool {
        self.link(Relationship::named("groups-members"), group, member)
    }

    /// Ends a membership of a living group. False when there is none.
    pub fn remove_member(&mut self, group: &str, member: &str) -> bool {
        self.unlink(Relationship::named("groups-members"), group, member)
    }

    /// Makes a living object an owner. False when that cannot be, or is so already.
    pub fn add_owner(&mut self, group: &str, owner: &str) -> bool {
        self.link(Relationship::named("groups-owners"), group, owner)
    }

    /// Ends an ownership of a living group. False when there is none.
    pub fn remove_owner(&mut self, group: &str, owner: &str) -> bool {
        self.unlink(Relationship::named("groups-owners"), group, owner)
    }

    /// The ids of a group's members, in order, also when some or the group are among the deleted items.
    pub fn members(&self, group: &str) -> Vec<String> {
        self.targets(Relationship::named("groups-members"), group)
    }

    /// The ids of a group's owners, likewise.
    pub fn owners(&self, group: &str) -> Vec<String> {
        self.targets(Relationship::named("groups-owners"), group)
    }

    /// Most groups are small, one in eight is large.
    fn populate(&mut self, group: &str, users: &[String]) {
        let most = if self.random.u8(..8) == 0 { 60 } else { 12 };
        let members = self.random.usize(..=most.min(users.len()));
        for _ in 0..members {
            let member = self.any(users);
            self.add_member(group, &member);
        }
        for _ in 0..self.random.usize(..=3.min(users.len())) {
            let owner = self.any(users);
            self.add_owner(group, &owner);
        }
        if self.random.u8(..6) == 0 {
            let nested = self.any(&self.group_ids());
            self.add_member(group, &nested);
        }
    }

    fn any(&mut self, ids: &[String]) -> String {
        ids[self.random.usize(..ids.len())].clone()
    }
}
