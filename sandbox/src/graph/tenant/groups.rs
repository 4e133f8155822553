//! Groups of the tenant, and the links between its objects.
//!
//! Removing an object hides it and keeps its links; deleting it for good ends them, in both directions. A link can be made
//! only between living objects and removed only from a living source.

use serde_json::Value;

use super::{Collection, Event, Life, Object, Tenant, change, insert, seed};
use crate::graph::relationship::{Link, Relationship};

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

    /// The properties of a living group.
    pub fn group(&self, id: &str) -> Option<&Object> {
        self.groups.get(id)
    }

    /// The ids of the living groups, in order.
    pub fn group_ids(&self) -> Vec<String> {
        self.groups.living().map(|(id, _)| id.clone()).collect()
    }

    /// Creates a made-up group without members and owners, and says its id.
    pub fn create_group(&mut self) -> String {
        self.born += 1;
        let group = seed::groups::group(self.born, &mut self.random);
        self.insert_group(Value::Object(group))
    }

    /// Creates a group with exactly these properties; `id` is one of them.
    ///
    /// # Panics
    /// When it is not an object with an `id`.
    pub fn insert_group(&mut self, group: Value) -> String {
        insert(&mut self.groups, group)
    }

    /// Sets properties of a living group; null is a value like any other. False when there is no such group.
    ///
    /// # Panics
    /// When the patch is not an object.
    pub fn change_group(&mut self, id: &str, patch: Value) -> bool {
        change(&mut self.groups, id, patch)
    }

    /// Moves a living group to the deleted items; its links stay, in both directions. False when there is no such group.
    /// Source: <https://learn.microsoft.com/graph/api/group-delete>.
    pub fn remove_group(&mut self, id: &str) -> bool {
        self.groups.turn(id, &[Life::Living], Life::Removed, Event::Removed)
    }

    /// Brings a removed group back, with its links. False when there is no such group.
    pub fn restore_group(&mut self, id: &str) -> bool {
        self.groups.turn(id, &[Life::Removed], Life::Living, Event::Restored)
    }

    /// Deletes a living or removed group for good, with all links from and to it. False when there is no such group.
    pub fn purge_group(&mut self, id: &str) -> bool {
        let exists = self.groups.entry(id).is_some_and(|entry| entry.life != Life::Purged);
        if exists {
            self.unlink_everywhere(id);
            self.groups.turn(id, &[Life::Living, Life::Removed], Life::Purged, Event::Purged);
        }
        exists
    }

    /// Makes a living user or another living group a member. False when that cannot be, or is so already.
    pub fn add_member(&mut self, group: &str, member: &str) -> bool {
        let target_type = match (self.user(member), self.group(member)) {
            (Some(_), _) => "user",
            (None, Some(_)) => "group",
            (None, None) => return false,
        };
        let fits = self.group(group).is_some() && group != member;
        fits && self.groups.link(group, (Relationship::Members, member.to_owned()), target_type)
    }

    /// Ends a membership of a living group. False when there is none.
    pub fn remove_member(&mut self, group: &str, member: &str) -> bool {
        let key = (Relationship::Members, member.to_owned());
        self.group(group).is_some() && self.groups.unlink(group, key, false)
    }

    /// Makes a living user an owner. False when that cannot be, or is so already.
    pub fn add_owner(&mut self, group: &str, owner: &str) -> bool {
        let fits = self.group(group).is_some() && self.user(owner).is_some();
        fits && self.groups.link(group, (Relationship::Owners, owner.to_owned()), "user")
    }

    /// Ends an ownership of a living group. False when there is none.
    pub fn remove_owner(&mut self, group: &str, owner: &str) -> bool {
        let key = (Relationship::Owners, owner.to_owned());
        self.group(group).is_some() && self.groups.unlink(group, key, false)
    }

    /// Gives a living user another living user as its only manager. False when that cannot be, or is so already.
    /// Source: <https://learn.microsoft.com/graph/api/user-post-manager>.
    pub fn set_manager(&mut self, user: &str, manager: &str) -> bool {
        let fits = self.user(user).is_some() && self.user(manager).is_some() && user != manager;
        if !fits || self.manager(user).as_deref() == Some(manager) {
            return false;
        }
        self.clear_manager(user);
        self.users.link(user, (Relationship::Manager, manager.to_owned()), "user")
    }

    /// Takes the manager of a living user away. False when there is none.
    pub fn clear_manager(&mut self, user: &str) -> bool {
        let manager = self.manager(user).filter(|_| self.user(user).is_some());
        manager.is_some_and(|manager| self.users.unlink(user, (Relationship::Manager, manager), false))
    }

    /// The ids of a group's members, in order, also when some or the group are among the deleted items.
    pub fn members(&self, group: &str) -> Vec<String> {
        targets(&self.groups, group, Relationship::Members).collect()
    }

    /// The ids of a group's owners, likewise.
    pub fn owners(&self, group: &str) -> Vec<String> {
        targets(&self.groups, group, Relationship::Owners).collect()
    }

    /// The id of a user's manager, likewise.
    pub fn manager(&self, user: &str) -> Option<String> {
        targets(&self.users, user, Relationship::Manager).next()
    }

    /// All links that are there now, in the order of sources and targets. None leads from or to a purged object; one to a
    /// removed object is there like any other, since Graph does not end a membership with a soft delete
    /// (<https://learn.microsoft.com/graph/api/resources/groups-overview>).
    pub fn links(&self, relationship: Relationship) -> Vec<Link> {
        self.edges(relationship).filter(|(_, is_now)| *is_now).map(|(link, _)| link).collect()
    }

    /// Those, and the former ones of removed sources: while its source is among the deleted items, the feed tells nothing
    /// of a link, also not that it went shortly before.
    pub(crate) fn links_not_known_to_be_gone(&self, relationship: Relationship) -> Vec<Link> {
        let edges = self.edges(relationship).filter(|(link, is_now)| *is_now || link.dormant);
        edges.map(|(link, _)| link).collect()
    }

    /// Every link that ever was, and whether it is there now.
    fn edges(&self, relationship: Relationship) -> impl Iterator<Item = (Link, bool)> {
        let all = if relationship == Relationship::Manager { &self.users } else { &self.groups };
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

fn targets(all: &Collection, source: &str, relationship: Relationship) -> impl Iterator<Item = String> {
    let edges = all.edges_of(source).filter(move |(key, edge)| key.0 == relationship && edge.is_now());
    edges.map(|(key, _)| key.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_delete_keeps_the_links_and_a_purge_ends_them_in_both_directions() {
        let mut tenant = Tenant::seeded(3, 1);
        let [a, b, c] = tenant.user_ids().try_into().unwrap();
        let (group, nested) = (tenant.create_group(), tenant.create_group());
        assert!(tenant.add_member(&group, &a) && tenant.add_member(&group, &nested));
        assert!(
            tenant.add_owner(&group, &b)
                && !tenant.add_owner(&group, &b)
                && !tenant.add_owner(&group, &nested)
        );
        assert!(!tenant.add_member(&group, &group) && !tenant.add_member(&group, "nobody"));
        assert!(tenant.set_manager(&a, &b) && tenant.set_manager(&a, &c) && tenant.set_manager(&b, &a));
        assert_eq!((tenant.manager(&a), tenant.links(Relationship::Manager).len()), (Some(c.clone()), 2));

        assert!(tenant.remove_user(&a) && tenant.remove_group(&group));
        assert_eq!((tenant.members(&group).len(), tenant.manager(&a)), (2, Some(c)));
        assert!(tenant.links(Relationship::Owners)[0].dormant);
        assert!(!tenant.remove_member(&group, &a) && !tenant.clear_manager(&a));
        assert!(tenant.restore_group(&group) && tenant.purge_user(&a));
        assert_eq!(
            (tenant.members(&group), tenant.manager(&a), tenant.manager(&b)),
            (vec![nested.clone()], None, None)
        );
        assert!(tenant.purge_group(&nested) && tenant.members(&group).is_empty());
        assert!(tenant.purge_group(&group) && tenant.links(Relationship::Owners).is_empty());
    }

    #[test]
    fn groups_are_seeded_on_request_and_the_users_stay_the_same() {
        let (plain, grouped) = (Tenant::seeded(100, 3), Tenant::seeded(100, 3).with_groups(40));
        assert!(plain.users.living().eq(grouped.users.living()));
        let sizes: Vec<_> = grouped.group_ids().iter().map(|id| grouped.members(id).len()).collect();
        assert!(sizes.contains(&0) && sizes.iter().any(|size| *size > 20), "{sizes:?}");
        let members = grouped.links(Relationship::Members);
        assert!(members.iter().any(|link| link.target_type == "group"));
        assert!(
            !grouped.links(Relationship::Owners).is_empty()
                && grouped.links(Relationship::Manager).len() > 50
        );
        let again = Tenant::seeded(100, 3).with_groups(40);
        assert!(
            again.groups.living().eq(grouped.groups.living())
                && again.links(Relationship::Members) == members
        );
    }
}
