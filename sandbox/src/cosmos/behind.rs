//! Reads that are answered by a replica that is behind.
//!
//! With the consistency of a session, only who sends a session token is promised anything: a read without one, or with
//! one that knows nothing of the latest writes, may be answered by a replica that has not heard of them. That is every
//! read of another process. Writes are checked against the latest version, whoever sends them.
//! Source: <https://learn.microsoft.com/azure/cosmos-db/consistency-levels#session-consistency>.

use std::sync::Arc;

use super::{
    emulator::{Ask, Reply},
    inner::Inner,
    request::{Call, Match, Operation},
};
use crate::script::{Matches as _, lock};

/// As long as it lives, the replica hears of nothing, and reads that fit are answered by it.
#[must_use = "the replica catches up when this is dropped"]
pub struct Behind {
    inner: Arc<Inner>,
}

impl Behind {
    pub(super) fn new(inner: &Arc<Inner>, when: Match) -> Self {
        inner.emulator.hold_replica_back();
        *lock(&inner.behind) = Some((when, 0));
        Self { inner: Arc::clone(inner) }
    }

    /// How many reads the replica has answered so far.
    pub fn answered(&self) -> usize {
        lock(&self.inner.behind).as_ref().map_or(0, |(_, answered)| *answered)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        *lock(&self.inner.behind) = None;
        self.inner.emulator.let_replica_catch_up();
    }
}

/// The answer of the replica, if it is to answer this and knows what the session knows.
pub(super) async fn read_behind(inner: &Inner, call: &Call, ask: Ask<'_>) -> Option<Reply> {
    let is_read = matches!(call.operation, Operation::Read | Operation::Query);
    let is_meant = lock(&inner.behind).as_ref().is_some_and(|(when, _)| when.fits(call));
    if !is_read || !is_meant {
        return None;
    }
    let reply = inner.emulator.ask_replica(ask).await.ok().flatten()?;
    if let Some((_, answered)) = &mut *lock(&inner.behind) {
        *answered += 1;
    }
    Some(reply)
}
