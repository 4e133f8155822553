//! Random stories: one thing after another happens to the tenant, the same for the same seed.

use fastrand::Rng;
use serde_json::Value;

use super::{Life, Tenant, seed};
use crate::graph::{collection::Change, relationship::Relationship, row::Row};

impl Tenant {
    /// Does one random thing to one random object of a collection, or to a link of one, and says what it was.
    ///
    /// # Panics
    /// Never: something is always done.
    pub fn random_change_of(&mut self, collection: &'static str, random: &mut Rng) -> Change {
        match collection {
            "users" => return self.random_change(random),
            "groups" => return self.random_group_change(random),
            _ => {}
        }
        let living = random.choice(self.collection(collection).ids(Life::Living)).cloned();
        let removed = random.choice(self.collection(collection).ids(Life::Removed)).cloned();
        let before = self.collection(collection).position();
        let number = self.born;
        match (random.u8(..100), living, removed) {
            (0..10, Some(id), _) => self.remove(collection, &id),
            (10..15, _, Some(id)) | (15..18, Some(id), _) => self.purge(collection, &id),
            (18..25, _, Some(id)) => self.restore(collection, &id),
            (25..70, Some(id), _) => {
                let patch = seed::patch_of(Row::of(collection), number, random);
                self.change(collection, &id, Value::Object(patch))
            }
            (70..90, Some(id), _) => {
                if let Some(change) = self.link_at_random(collection, &id, random) {
                    return change;
                }
                false
            }
            _ => false,
        };
        if self.collection(collection).position() == before {
            self.create(collection);
        }
        self.collection(collection).last().expect("something was done").clone()
    }

    /// Links an object to another one or another one to it, or ends such a link.
    fn link_at_random(&mut self, collection: &str, id: &str, random: &mut Rng) -> Option<Change> {
        let touches =
            |one: &Relationship| one.of() == collection || one.to().iter().any(|name| name == collection);
        let relationship = random.choice(Relationship::all().filter(touches).collect::<Vec<_>>())?;
        let (source, target) = if relationship.of() == collection {
            let to = random.choice(relationship.to())?;
            (id.to_owned(), random.choice(self.ids(to))?)
        } else {
            (random.choice(self.ids(relationship.of()))?, id.to_owned())
        };
        let done = self.link(relationship, &source, &target) || self.unlink(relationship, &source, &target);
        done.then(|| self.collection(relationship.of()).last().cloned()).flatten()
    }

    /// Does one random thing to one random user, and says what it was. Users may lose links by it; none is made.
    ///
    /// # Panics
    /// Never: something is always done.
    pub fn random_change(&mut self, random: &mut Rng) -> Change {
        let living = random.choice(self.users().ids(Life::Living)).cloned();
        let removed = random.choice(self.users().ids(Life::Removed)).cloned();
        match (random.u8(..100), living, removed) {
            (0..10, Some(id), _) => self.remove_user(&id),
            (10..15, _, Some(id)) | (15..18, Some(id), _) => self.purge_user(&id),
            (18..25, _, Some(id)) => self.restore_user(&id),
            (25..85, Some(id), _) => {
                self.change_user(&id, Value::Object(seed::patch_of(Row::of("users"), 0, random)))
            }
            _ => !self.create_user().is_empty(),
        };
        self.users().last().expect("something was done").clone()
    }

    /// Does one random thing to one random group, or to a link of a group or a user, and says what it was.
    ///
    /// # Panics
    /// Never: something is always done.
    pub fn random_group_change(&mut self, random: &mut Rng) -> Change {
        let before = self.groups().position();
        let group = random.choice(self.groups().ids(Life::Living)).cloned();
        let (chance, done) = (random.u8(..100), group.is_some());
        let done = done && self.try_change(chance, &group.unwrap_or_default(), random);
        if !done {
            self.create_group();
        }
        let log = if self.groups().position() > before { self.groups() } else { self.users() };
        log.last().expect("something was done").clone()
    }

    /// False when there is nothing that it could be done to.
    fn try_change(&mut self, chance: u8, group: &str, random: &mut Rng) -> bool {
        let mut any = |ids: Vec<String>| random.choice(ids).unwrap_or_default();
        let removed = self.groups().ids(Life::Removed).into_iter().cloned().collect();
        match chance {
            0..4 => self.remove_group(group),
            4..6 => self.purge_group(group),
            6..8 => self.purge_group(&any(removed)),
            8..13 => self.restore_group(&any(removed)),
            13..35 => self.add_member(group, &any(self.user_ids())),
            35..40 => self.add_member(group, &any(self.group_ids())),
            40..54 => self.remove_member(group, &any(self.members(group))),
            54..61 => self.add_owner(group, &any(self.user_ids())),
            61..66 => self.remove_owner(group, &any(self.owners(group))),
            66..78 => self.set_manager(&any(self.user_ids()), &any(self.user_ids())),
            78..84 => self.clear_manager(&any(self.user_ids())),
            84..97 => self.change_group(group, Value::Object(seed::patch_of(Row::of("groups"), 0, random))),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tenant_and_the_same_story() {
        let story = |seed| {
            let mut tenant = Tenant::seeded(20, seed);
            let mut random = Rng::with_seed(seed);
            let changes: Vec<_> = (0..100).map(|_| tenant.random_change(&mut random)).collect();
            (changes, tenant.users().living().map(|(_, user)| user.clone()).collect::<Vec<_>>())
        };
        assert_eq!(story(7), story(7));
        assert_ne!(story(7), story(8));
    }

    #[test]
    fn a_story_of_groups_is_the_same_for_the_same_seed_and_has_everything_in_it() {
        let story = |seed| {
            let mut tenant = Tenant::seeded(20, seed);
            let mut random = Rng::with_seed(seed);
            let changes: Vec<_> = (0..400).map(|_| tenant.random_group_change(&mut random)).collect();
            let relationships = ["users", "groups"].into_iter().flat_map(Relationship::told_by);
            (changes, relationships.map(|one| tenant.links(one)).collect::<Vec<_>>())
        };
        let (changes, links) = story(7);
        assert_eq!((changes.clone(), links.clone()), story(7));
        let kinds: std::collections::HashSet<_> =
            changes.iter().map(|change| std::mem::discriminant(&change.event)).collect();
        assert_eq!(kinds.len(), 7, "every kind of event");
        assert!(links.iter().all(|links| !links.is_empty()));
    }
}
