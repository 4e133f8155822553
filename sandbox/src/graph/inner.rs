//! Shared by all requests: the world, the faults, and the records of requests.

use std::sync::Mutex;

use super::{
    answer::Answer,
    fault::Fault,
    request::{Match, Record},
    subscriptions::Subscriptions,
    world::World,
};
use crate::{
    identity::Identity,
    script::{Faults, Gates, lock},
};

/// The requests since the last time they were forgotten, and how many were forgotten.
#[derive(Default)]
pub(super) struct Records {
    pub(super) kept: Vec<Record>,
    pub(super) forgotten: usize,
}

/// Shared by the handles and the socket.
pub(super) struct Inner {
    pub(super) world: Mutex<World>,
    pub(super) records: Mutex<Records>,
    pub(super) ids: Mutex<fastrand::Rng>,
    pub(super) subscriptions: Mutex<Subscriptions>,
    pub(super) faults: Faults<Match, Fault>,
    pub(super) gates: Gates<Match>,
    pub(super) identity: Identity,
    pub(super) audiences: Vec<String>,
    /// The claims with which a token has to be asked for.
    pub(super) demanded: Mutex<Option<serde_json::Value>>,
}

impl Inner {
    /// Keeps a request, and says its number.
    pub(super) fn record(&self, record: &Record) -> usize {
        let mut records = lock(&self.records);
        records.kept.push(record.clone());
        records.forgotten + records.kept.len() - 1
    }

    /// Keeps what a request was answered, unless it was forgotten meanwhile.
    pub(super) fn note_status(&self, number: usize, status: u16) {
        let mut records = lock(&self.records);
        let index = number.checked_sub(records.forgotten);
        if let Some(record) = index.and_then(|index| records.kept.get_mut(index)) {
            record.status = Some(status);
        }
    }

    /// An answer with what it tells of the load of its service.
    pub(super) fn tell_load(&self, record: &Record, answer: Answer) -> Answer {
        let world = lock(&self.world);
        world.loads.tell(record, &world.tenant.id, answer)
    }

    /// The id of the next answer.
    pub(super) fn next_id(&self) -> String {
        let bits = lock(&self.ids).u128(..);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}
