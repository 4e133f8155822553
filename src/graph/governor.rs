//! The governor: all requests of this process to one service of Graph, at the pace that the service allows.
//!
//! Promises: a request waits while its service is paused, or ends as throttled where the pause outlasts its deadline;
//! another service is not paused. At most [`MAILBOX`] requests are in flight for one mailbox. Leaves out on purpose:
//! other processes, which learn of a pause through the store.
//!
//! [`super::pace`] decides how long a request waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pace::{Pace, Priority};

/// Most requests in flight for one mailbox: <https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits>.
const MAILBOX: usize = 4;

/// What requests count towards: a service, and in Outlook a mailbox of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    /// The scope in which Graph throttles, such as `identity`.
    pub service: String,
    /// The id of the mailbox.
    pub mailbox: Option<String>,
    /// How urgent the requests are.
    pub priority: Priority,
}

/// All services.
#[derive(Debug, Default)]
pub struct Governor {
    paces: Mutex<HashMap<String, Pace>>,
    mailboxes: Mutex<HashMap<(String, String), Weak<Semaphore>>>,
}

impl Governor {
    /// Waits until a request may go out. The request is in flight as long as the permit lives.
    ///
    /// # Errors
    /// What is left of a pause that outlasts the deadline.
    pub async fn admit(
        &self,
        lane: &Lane,
        deadline: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, Duration> {
        let permit = match self.mailbox(lane) {
            // Nobody closes it.
            Some(mailbox) => mailbox.acquire_owned().await.ok(),
            None => None,
        };
        let place = self.with(&lane.service, |pace| pace.place(Instant::now(), lane.priority));
        if !place.is_zero() {
            tokio::time::sleep(place).await;
        }
        while let Some(wait) = self.paused(&lane.service) {
            if Instant::now() + wait >= deadline {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
        Ok(permit)
    }

    /// Graph wants this service to be left alone for so long.
    pub fn pause(&self, service: &str, wait: Duration) {
        self.with(service, |pace| pace.pause(Instant::now(), wait));
    }

    /// Another process was told so.
    pub fn pause_as_others(&self, service: &str, wait: Duration) {
        self.with(service, |pace| pace.pause_as_others(Instant::now(), wait));
    }

    /// How much of a limit is used, as an answer says.
    pub fn hear(&self, service: &str, used: Option<f64>) {
        if self.with(service, |pace| pace.hear(Instant::now(), used)) {
            tracing::info!(
                event = "graph_slowed",
                service,
                used,
                "Graph's limit is near; requests keep a distance"
            );
        }
    }

    /// What is left of the pause of a service.
    fn paused(&self, service: &str) -> Option<Duration> {
        self.with(service, |pace| pace.paused(Instant::now()))
    }

    /// What is left of a pause that other processes have to be told of; it is said once.
    pub fn take_untold(&self, service: &str) -> Option<Duration> {
        self.with(service, |pace| pace.take_untold(Instant::now()))
    }

    fn with<T>(&self, service: &str, ask: impl FnOnce(&mut Pace) -> T) -> T {
        // Nobody panics while holding it.
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        ask(paces.entry(service.to_owned()).or_default())
    }

    fn mailbox(&self, lane: &Lane) -> Option<Arc<Semaphore>> {
        let key = (lane.service.clone(), lane.mailbox.clone()?);
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = mailboxes.get(&key).and_then(Weak::upgrade) {
            return Some(known);
        }
        // Those that nobody uses any more; there may be tens of thousands.
        mailboxes.retain(|_, one| one.strong_count() > 0);
        let new = Arc::new(Semaphore::new(MAILBOX));
        mailboxes.insert(key, Arc::downgrade(&new));
        Some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(service: &str, mailbox: Option<&str>) -> Lane {
        Lane { service: service.into(), mailbox: mailbox.map(Into::into), ..Lane::default() }
    }

    #[tokio::test]
    async fn a_pause_ends_requests_that_cannot_wait_for_it_and_no_other_service() {
        let (governor, hour) = (Governor::default(), Duration::from_secs(3600));
        governor.pause("identity", hour);
        let soon = || Instant::now() + Duration::from_secs(60);
        assert!(governor.admit(&lane("identity", None), soon()).await.is_err());
        assert!(governor.admit(&lane("outlook", None), soon()).await.is_ok());
        assert!(governor.take_untold("identity").is_some() && governor.take_untold("outlook").is_none());
    }

    #[tokio::test]
    async fn four_requests_are_in_flight_for_one_mailbox() {
        let (governor, later) = (Governor::default(), Instant::now() + Duration::from_secs(60));
        let ada = lane("outlook", Some("ada"));
        let mut permits = Vec::new();
        for _ in 0..MAILBOX {
            permits.push(governor.admit(&ada, later).await.unwrap());
        }
        let fifth = governor.admit(&ada, later);
        tokio::pin!(fifth);
        assert!(futures_util::poll!(fifth.as_mut()).is_pending());
        assert!(governor.admit(&lane("outlook", Some("ben")), later).await.is_ok(), "another mailbox");
        assert!(governor.admit(&lane("outlook", None), later).await.is_ok(), "no mailbox");
        permits.pop();
        assert!(fifth.await.unwrap().is_some());
        drop(permits);
        assert!(governor.admit(&lane("outlook", Some("ben")), later).await.is_ok());
        assert_eq!(governor.mailboxes.lock().unwrap().len(), 1, "who is not in use is forgotten");
    }
}
