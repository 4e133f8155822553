//! Shared by the handles and the socket: the emulator, the faults, and the log of writes.

use std::sync::Mutex;

use super::{
    emulator::Emulator, expiry::Expiry, fault::Fault, request::Match, sabotage::Saboteur, writes::Write,
};
use crate::{
    identity::Identity,
    script::{Faults, Gates, lock},
};

/// The account.
pub(super) struct Inner {
    pub(super) emulator: Emulator,
    pub(super) identity: Identity,
    /// The audiences of tokens for this one.
    pub(super) account: [String; 2],
    /// The audience of tokens for all accounts.
    pub(super) audience: &'static str,
    pub(super) key: String,
    pub(super) faults: Faults<Match, Fault>,
    pub(super) before: Gates<Match>,
    pub(super) after: Gates<Match>,
    pub(super) expiry: Mutex<Expiry>,
    pub(super) saboteur: Mutex<Saboteur>,
    pub(super) behind: Mutex<Option<(Match, usize)>>,
    pub(super) writes: Mutex<Vec<Write>>,
}

impl Inner {
    /// Deletes what has expired.
    pub(super) async fn expire(&self, container: &str) {
        let expired = lock(&self.expiry).expired(container);
        for (partition, id) in expired {
            // Gone already is as good.
            let _deleted = self.emulator.delete_expired(container, &partition, &id).await;
        }
        let by_default = lock(&self.expiry).expired_by_default(container);
        if let Some(newest) = by_default {
            let _deleted = self.emulator.delete_older(container, newest).await;
        }
    }
}
