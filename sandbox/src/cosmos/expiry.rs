//! Time to live, which the emulator stores and does not enforce.
//!
//! The host notes what expires when it is written, and deletes what has expired before anybody looks. The clock can be
//! advanced; `_ts` stays the emulator's. A ttl that a patch sets is not seen. What a container says wins as in the service
//! (<https://learn.microsoft.com/azure/cosmos-db/nosql/time-to-live>): off, nothing expires; with a default, what has no ttl
//! of its own does too, also what was written before.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use time::OffsetDateTime;

use super::request::{Call, Operation};

/// Partition as in its header, and id.
type Key = (String, String);

/// What expires when.
#[derive(Default)]
pub(super) struct Expiry {
    ahead: Duration,
    containers: HashMap<String, BTreeMap<Key, i64>>,
    /// The time to live of containers, where it is not on without a default: none is off.
    defaults: HashMap<String, Option<i64>>,
}

impl Expiry {
    /// Lets time pass.
    pub(super) fn advance(&mut self, time: Duration) {
        self.ahead += time;
    }

    /// The time to live of a container changed: -1 is on without a default, nothing is off.
    pub(super) fn set_default(&mut self, container: &str, seconds: Option<i64>) {
        match seconds {
            Some(-1) => self.defaults.remove(container),
            other => self.defaults.insert(container.to_owned(), other),
        };
    }

    /// A container is gone, with all that would have expired in it.
    pub(super) fn forget(&mut self, container: &str) {
        self.containers.remove(container);
        self.defaults.remove(container);
    }

    /// The newest `_ts` with which a document without a ttl of its own has expired, in a container with a default.
    pub(super) fn expired_by_default(&self, container: &str) -> Option<i64> {
        let seconds = self.defaults.get(container).copied().flatten()?;
        Some(self.now() - seconds)
    }

    /// Notes what a request that succeeded has written.
    pub(super) fn note(&mut self, call: &Call) {
        let (Some(container), now) = (&call.container, self.now()) else { return };
        for item in
            call.items.iter().filter(|item| item.operation.is_write() && item.operation != Operation::Patch)
        {
            let expiring = self.containers.entry(container.clone()).or_default();
            let key = (call.partition().to_owned(), item.id.clone());
            match item.document.get("ttl").and_then(serde_json::Value::as_i64).filter(|ttl| *ttl > 0) {
                Some(ttl) => expiring.insert(key, now + ttl),
                None => expiring.remove(&key),
            };
        }
    }

    /// Takes out what has expired in a container.
    pub(super) fn expired(&mut self, container: &str) -> Vec<Key> {
        if self.defaults.get(container) == Some(&None) {
            return Vec::new();
        }
        let now = self.now();
        let Some(expiring) = self.containers.get_mut(container) else { return Vec::new() };
        let keys: Vec<_> =
            expiring.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        expiring.retain(|_, at| *at > now);
        keys
    }

    fn now(&self) -> i64 {
        (OffsetDateTime::now_utc() + self.ahead).unix_timestamp()
    }
}
