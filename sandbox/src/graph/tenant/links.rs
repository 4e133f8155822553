//! Links between the objects of the tenant, for any relationship of the rows.
//!
//! Removing an object hides it and keeps its links; deleting it for good ends them, in both directions. A link can be made
//! only between living objects and removed only from a living source.

use std::ops::RangeInclusive;

use super::{Life, Tenant};
use crate::graph::{
    relationship::{Link, Relationship},
    row::Row,
};

impl Tenant {
    /// Links a living object to another one of a collection to which the relationship leads. Where an object has at most
    /// one link, it takes the place of the one before. False when that cannot be, or is so already.
    pub fn link(&mut self, relationship: Relationship, source: &str, target: &str) -> bool {
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

    /// With so many objects of a collection more, some of them linked: one in three objects that can be linked to them is,
    /// to a few, and they themselves are linked to up to two others.
    #[must_use]
    pub fn with(mut self, collection: &str, count: usize) -> Self {
        let new: Vec<_> = (0..count).map(|_| self.create(collection)).collect();
        for relationship in Relationship::all() {
            let to: Vec<_> = relationship.to().iter().flat_map(|name| self.ids(name)).collect();
            if relationship.of() == collection {
                new.iter().for_each(|one| self.link_some(relationship, one, &to, 0..=2));
            } else if relationship.to().iter().any(|name| name == collection) {
                for source in self.ids(relationship.of()) {
                    if self.random.u8(..3) == 0 {
                        self.link_some(relationship, &source, &new, 1..=3);
                    }
                }
            }
        }
        self
    }

    fn link_some(
        &mut self,
        relationship: Relationship,
        source: &str,
        targets: &[String],
        count: RangeInclusive<usize>,
    ) {
        for _ in 0..self.random.usize(count) {
            if let Some(target) = self.random.choice(targets) {
                self.link(relationship, source, target);
            }
        }
    }

    /// Ends a link of a living object. False when there is none.
    pub fn unlink(&mut self, relationship: Relationship, source: &str, target: &str) -> bool {
        let lives = self.get(relationship.of(), source).is_some();
        lives && self.all(relationship.of()).unlink(source, (relationship, target.to_owned()), false)
    }

    /// The ids to which an object is linked, in order, also when some or the object are among the deleted items.
    pub fn targets(&self, relationship: Relationship, source: &str) -> Vec<String> {
        let edges = self.collection(relationship.of()).edges_of(source);
        let edges = edges.filter(|(key, edge)| key.0 == relationship && edge.is_now());
        edges.map(|(key, _)| key.1.clone()).collect()
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

    /// Ends all links to an object that is deleted for good.
    pub(super) fn unlink_everywhere(&mut self, target: &str) {
        for relationship in Relationship::all() {
            self.all(relationship.of()).unlink_target(relationship, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(container: &str) -> Relationship {
        Relationship::named(container)
    }

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
        assert_eq!((tenant.manager(&a), tenant.links(named("users-manager")).len()), (Some(c.clone()), 2));

        assert!(tenant.remove_user(&a) && tenant.remove_group(&group));
        assert_eq!((tenant.members(&group).len(), tenant.manager(&a)), (2, Some(c)));
        assert!(tenant.links(named("groups-owners"))[0].dormant);
        assert!(!tenant.remove_member(&group, &a) && !tenant.clear_manager(&a));
        assert!(tenant.restore_group(&group) && tenant.purge_user(&a));
        assert_eq!(
            (tenant.members(&group), tenant.manager(&a), tenant.manager(&b)),
            (vec![nested.clone()], None, None)
        );
        assert!(tenant.purge_group(&nested) && tenant.members(&group).is_empty());
        assert!(tenant.purge_group(&group) && tenant.links(named("groups-owners")).is_empty());
    }

    #[test]
    fn groups_are_seeded_on_request_and_the_users_stay_the_same() {
        let (plain, grouped) = (Tenant::seeded(100, 3), Tenant::seeded(100, 3).with_groups(40));
        assert!(plain.users().living().eq(grouped.users().living()));
        let sizes: Vec<_> = grouped.group_ids().iter().map(|id| grouped.members(id).len()).collect();
        assert!(sizes.contains(&0) && sizes.iter().any(|size| *size > 20), "{sizes:?}");
        let members = grouped.links(named("groups-members"));
        assert!(members.iter().any(|link| link.target_type == "group"));
        assert!(
            !grouped.links(named("groups-owners")).is_empty()
                && grouped.links(named("users-manager")).len() > 50
        );
        let again = Tenant::seeded(100, 3).with_groups(40);
        assert!(
            again.groups().living().eq(grouped.groups().living())
                && again.links(named("groups-members")) == members
        );
    }
}
