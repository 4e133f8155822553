//! Delta rounds as values: which objects a round serves, in which order, and how each is represented.
//!
//! A round is fixed when it starts: the objects that existed, or the changes from one position of the log to another.
//! Each object is represented as it is when its page is served, and the delta link at the end stands for the start of the
//! round, so that a change made meanwhile is told (at least once) by the next round.
//! Source: <https://learn.microsoft.com/graph/delta-query-overview>.

use std::collections::{BTreeSet, HashSet};

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::{
    quirks::Quirks,
    tenant::{Change, Collection, Entry, Event, Life, Object},
};

/// Which properties were asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Select {
    /// No `$select`: the default set.
    Default,
    /// These.
    Properties(BTreeSet<String>),
}

/// What users/delta answers without `$select`, documented at <https://learn.microsoft.com/graph/api/user-delta>.
#[rustfmt::skip]
const DEFAULT: &[&str] = &[
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
];

impl Select {
    pub(super) fn has(&self, name: &str) -> bool {
        name == "id"
            || match self {
                Self::Default => DEFAULT.contains(&name),
                Self::Properties(names) => names.contains(name),
            }
    }

    /// The selected part of an object; what was never set stays absent.
    pub(super) fn of(&self, object: &Object) -> Object {
        object
            .iter()
            .filter(|(name, _)| self.has(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Something that a round serves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// The object as it is when its page is served.
    Current(String),
    /// The object as it was before its last change; the current one follows later in the round.
    Older(String),
}

/// One round, from its first page to its delta link.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) select: Select,
    pub(super) items: Vec<Item>,
    /// Where in the log the next round begins.
    pub(super) until: usize,
    /// Where in the log this round began.
    pub(super) from: usize,
    /// Removed objects that the client cannot know are shown.
    shows_all_removed: bool,
}

impl Round {
    /// The round that tells the current state.
    pub(super) fn initial(all: &Collection, select: Select, quirks: &Quirks, seed: u64) -> Self {
        let shown = |entry: &Entry| {
            entry.life == Life::Living || (quirks.removed_in_initial && entry.life == Life::Removed)
        };
        let ids = all.entries().filter(|(_, entry)| shown(entry)).map(|(id, _)| id.clone()).collect();
        let until = all.position().saturating_sub(quirks.lag);
        Self {
            select,
            items: arrange(ids, quirks, seed),
            until,
            from: until,
            shows_all_removed: quirks.removed_in_initial,
        }
    }

    /// The round that tells what changed from a position on. `before` is where the last round began.
    pub(super) fn since(
        all: &Collection,
        select: Select,
        from: usize,
        before: usize,
        quirks: &Quirks,
        seed: u64,
    ) -> Self {
        let until = all.position().saturating_sub(quirks.lag).max(from);
        let start = if quirks.replays { before.min(from) } else { from };
        let mut seen = HashSet::new();
        let told = all.changes(start, until).iter().filter(|change| concerns(change, &select));
        let ids = told.filter(|change| seen.insert(&change.id)).map(|change| change.id.clone()).collect();
        Self { select, items: arrange(ids, quirks, seed), until, from, shows_all_removed: true }
    }

    /// How an item looks now; nothing when an initial round has lost it meanwhile.
    pub(super) fn represent(&self, item: &Item, all: &Collection) -> Option<Value> {
        let (id, older) = match item {
            Item::Current(id) => (id, false),
            Item::Older(id) => (id, true),
        };
        let entry = all.entry(id)?;
        match (entry.life, older) {
            (_, true) => {
                Some(Value::Object(self.select.of(entry.older.as_ref().unwrap_or(&entry.properties))))
            }
            (Life::Living, false) => Some(Value::Object(self.select.of(&entry.properties))),
            (Life::Removed, false) => Some(removed(id, "changed")).filter(|_| self.shows_all_removed),
            (Life::Purged, false) => Some(removed(id, "deleted")).filter(|_| self.shows_all_removed),
        }
    }
}

fn removed(id: &str, reason: &str) -> Value {
    Value::Object(Map::from_iter([("id".into(), json!(id)), ("@removed".into(), json!({"reason": reason}))]))
}

/// A change of properties is told only when one of them is selected.
fn concerns(change: &Change, select: &Select) -> bool {
    match &change.event {
        Event::Changed(names) => names.iter().any(|name| select.has(name)),
        Event::Created | Event::Removed | Event::Purged | Event::Restored => true,
    }
}

/// No order is promised, so there is none; duplicates come older copy first.
fn arrange(mut ids: Vec<String>, quirks: &Quirks, seed: u64) -> Vec<Item> {
    let mut random = Rng::with_seed(seed);
    random.shuffle(&mut ids);
    let mut items = Vec::with_capacity(ids.len());
    for (index, id) in ids.into_iter().enumerate() {
        if quirks.duplicate_every.is_some_and(|every| index.is_multiple_of(every.max(1))) {
            items.push((random.usize(..=index), Item::Older(id.clone())));
        }
        items.push((index, Item::Current(id)));
    }
    items.sort_by_key(|(place, item)| (*place, matches!(item, Item::Current(_))));
    items.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tenant::Tenant;

    fn select(names: &[&str]) -> Select {
        Select::Properties(names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn changes_are_coalesced_and_only_selected_properties_count() {
        let mut tenant = Tenant::seeded(3, 1);
        let [a, b, c] = tenant.user_ids().try_into().unwrap();
        let from = tenant.users.position();
        tenant.change_user(&a, json!({"jobTitle": null}));
        tenant.change_user(&a, json!({"jobTitle": "Chef"}));
        tenant.change_user(&b, json!({"city": "Ulm"}));
        tenant.remove_user(&c);
        let round = Round::since(&tenant.users, select(&["jobTitle"]), from, 0, &Quirks::default(), 1);
        let mut told: Vec<_> =
            round.items.iter().filter_map(|item| round.represent(item, &tenant.users)).collect();
        told.sort_by_key(|item| item["id"] != json!(a));
        assert_eq!(
            told,
            [json!({"id": a, "jobTitle": "Chef"}), json!({"id": c, "@removed": {"reason": "changed"}})]
        );
    }

    #[test]
    fn duplicates_come_older_copy_first_and_replays_start_earlier() {
        let mut tenant = Tenant::seeded(10, 1);
        let from = tenant.users.position();
        tenant.change_user(&tenant.user_ids()[0], json!({"city": "Ulm"}));
        let quirks = Quirks { duplicate_every: Some(1), replays: true, ..Quirks::default() };
        let round = Round::since(&tenant.users, Select::Default, from, 0, &quirks, 1);
        assert_eq!(round.items.len(), 20);
        for (index, item) in round.items.iter().enumerate() {
            if let Item::Current(id) = item {
                assert!(round.items[..index].contains(&Item::Older(id.clone())));
            }
        }
    }

    #[test]
    fn a_lagging_replica_tells_a_change_later_and_not_twice() {
        let mut tenant = Tenant::seeded(3, 1);
        let [a, b, _] = tenant.user_ids().try_into().unwrap();
        let from = tenant.users.position();
        tenant.change_user(&a, json!({"mail": "a@x"}));
        tenant.change_user(&b, json!({"mail": "b@x"}));
        let lagging = Quirks { lag: 1, ..Quirks::default() };
        let first = Round::since(&tenant.users, Select::Default, from, from, &lagging, 1);
        assert_eq!(first.items, [Item::Current(a)]);
        let second = Round::since(&tenant.users, Select::Default, first.until, from, &Quirks::default(), 1);
        assert_eq!(second.items, [Item::Current(b)]);
    }
}
