//! The state behind all answers: the tenant, the replicas that answer, and the quirks.

use std::time::Instant;

use serde_json::Value;

use super::{
    collection::Object, delta::Terms, hidden::Hidden, key, links::Links, load::Loads, quirks::Quirks,
    replica::Replicas, row::Row, tenant::Tenant,
};

/// The state behind all answers.
pub(super) struct World {
    pub(super) tenant: Tenant,
    pub(super) links: Links,
    pub(super) quirks: Quirks,
    pub(super) page_size: usize,
    pub(super) members_per_slice: usize,
    pub(super) random: fastrand::Rng,
    pub(super) replicas: Replicas,
    pub(super) hidden: Hidden,
    pub(super) loads: Loads,
    pub(super) origin: String,
}

impl World {
    /// The id of an object of a collection below no other that is named by its id or, a user, by its principal name, in
    /// either case.
    pub(super) fn found(&self, feed: &Row, name: &str) -> String {
        let all = self.tenant.collection(&feed.name);
        if all.entry(name).is_some() {
            return name.to_owned();
        }
        let is_named = |(id, object): &(&String, &Object)| {
            let principal = object.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default();
            id.eq_ignore_ascii_case(name) || principal.to_lowercase() == name.to_lowercase()
        };
        all.living().find(is_named).map_or_else(|| name.to_owned(), |(id, _)| id.clone())
    }

    /// The key of an object below others that is named by its id or, where that may change, by the one that it has there.
    pub(super) fn found_below(&self, feed: &Row, under: &str, name: &str) -> String {
        let key = key::below(under.trim_end_matches('/'), name);
        let all = self.tenant.collection(&feed.name);
        if all.entry(&key).is_some() || !feed.immutable {
            return key;
        }
        let mut named = all.under(under).filter(|(key, _)| key::mutable(feed, key) == name);
        named.next().map_or(key, |(key, _)| key.clone())
    }

    /// The position of the replica that answers this request.
    pub(super) fn replica(&mut self, feed: &Row, at_least: usize) -> usize {
        let (head, agreed) = (self.tenant.collection(&feed.name).position(), self.agreed(feed));
        self.replicas.next(feed, head, at_least.max(agreed), self.quirks.random_lag)
    }

    /// The position that every replica has reached by now.
    fn agreed(&self, feed: &Row) -> usize {
        let agreed = self.quirks.agree_within.and_then(|lag| Instant::now().checked_sub(lag));
        agreed.map_or(0, |moment| self.tenant.collection(&feed.name).position_at(moment))
    }

    /// The terms of a round that begins now.
    pub(super) fn terms(&self, feed: &Row, replica: usize, seed: u64) -> Terms<'_> {
        let reported = replica.saturating_sub(self.quirks.lag).max(self.agreed(feed)).min(replica);
        Terms { quirks: &self.quirks, replica, reported, links_per_slice: self.members_per_slice, seed }
    }
}
