//! Which saves of checkpoints this process made: what it has written itself, it also sees.
//!
//! With the consistency of a session, a query of one process may be behind the writes of another one, but never behind its
//! own (<https://learn.microsoft.com/azure/cosmos-db/consistency-levels#session-consistency>). Each save has a number, so a
//! process that finds the number of its own last save knows that no other process has saved since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

/// The last saves of this process, by feed.
#[derive(Debug, Clone, Default)]
pub struct Saves(Arc<Mutex<HashMap<String, Last>>>);

/// The last save that is known.
#[derive(Debug, Clone, Copy)]
struct Last {
    save: u64,
    /// When another process may last have written documents.
    others: OffsetDateTime,
}

impl Saves {
    /// A checkpoint was loaded with this number, and says when documents were last written. Without a checkpoint, or if it
    /// does not say when, that may have been just `now`.
    pub fn loaded(&self, feed: &str, save: u64, wrote_at: Option<OffsetDateTime>, now: OffsetDateTime) {
        let mut all = self.all();
        if all.get(feed).is_none_or(|last| last.save != save) {
            all.insert(feed.to_owned(), Last { save, others: wrote_at.unwrap_or(now) });
        }
    }

    /// Cosmos DB confirmed this process' save of this number.
    pub fn saved(&self, feed: &str, save: u64) {
        if let Some(last) = self.all().get_mut(feed) {
            last.save = save;
        }
    }

    /// When another process may last have written documents of a feed; none if this one has not loaded its checkpoint.
    pub fn others_wrote(&self, feed: &str) -> Option<OffsetDateTime> {
        self.all().get(feed).map(|last| last.others)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Last>> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_save_that_is_not_our_own_may_have_covered_writes_of_others() {
        let at = |seconds| OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let saves = Saves::default();
        assert_eq!(saves.others_wrote("users"), None);
        saves.loaded("users", 7, Some(at(100)), at(200));
        saves.saved("users", 8);
        saves.loaded("users", 8, Some(at(150)), at(300));
        assert_eq!(saves.others_wrote("users"), Some(at(100)), "our own writes do not count");
        saves.loaded("users", 9, Some(at(350)), at(400));
        assert_eq!(saves.others_wrote("users"), Some(at(350)), "another process saved");
        saves.loaded("users", 11, None, at(500));
        assert_eq!(saves.others_wrote("users"), Some(at(500)), "it is unknown when");
        assert_eq!(saves.others_wrote("groups"), None);
    }
}
