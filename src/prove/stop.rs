//! The request to stop: by a person, or because the time is over.

use std::future::Future;

use tokio::sync::watch;

/// Stops the questions.
pub(super) struct Stopper(watch::Sender<bool>);

/// What a question knows of it. Clones are the same.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Default for Stopper {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopper {
    pub fn stop(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    /// Has the work stop, and waits until it has put away its items.
    pub async fn and_wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.send_replace(true);
        work.await
    }
}

impl Stop {
    /// Whether nothing more is to be asked.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Work that may be dropped at any time, because it leaves nothing behind; none if it was stopped.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut set = self.0.clone();
        tokio::select! {
            done = work => Some(done),
            _ = set.wait_for(|is_set| *is_set) => None,
        }
    }
}
