//! When the containers were looked at last, in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A container as it was when it was looked at.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    pub at: Instant,
    /// Its resource id.
    pub id: String,
}

/// When containers were looked at last, and what there was.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks(Arc<Mutex<HashMap<String, Looked>>>);

impl Looks {
    /// Has the next turn look at a container, whenever that was done last.
    pub fn forget(&self, container: &str) {
        self.all().remove(container);
    }

    /// How a container was, if it was looked at.
    pub fn get(&self, container: &str) -> Option<Looked> {
        self.all().get(container).cloned()
    }

    /// A container was looked at.
    pub fn set(&self, container: &str, looked: Looked) {
        self.all().insert(container.to_owned(), looked);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Looked>> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
