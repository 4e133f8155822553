//! The storage queues of the stand-in: plain data, no waiting (`QueueListener`, `QueueProcessor`).
//!
//! Times are recorded as the service would set them, but visibility is not a matter of time here: a message
//! that failed, or whose host died, is seen again on the next pass, and one that its host could not keep invisible when a
//! test says so. Only the last pop receipt deletes a message.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use uuid::Uuid;

/// How long a message lives if nobody deletes it.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a delivered message stays invisible unless the host renews it.
const LEASE: Duration = Duration::from_secs(600);

/// A message as it is in its queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The service's id.
    pub id: String,
    /// The stored body: base64, unless it was put there raw.
    pub body: String,
    /// How often it has been delivered.
    pub dequeue_count: u32,
    /// When it was put there.
    pub inserted: OffsetDateTime,
    /// When the service would show it again, or has shown it first.
    pub next_visible: OffsetDateTime,
    /// Changes with every delivery.
    pub pop_receipt: String,
}

impl Message {
    fn new(body: String) -> Self {
        let now = OffsetDateTime::now_utc();
        Self {
            id: Uuid::new_v4().to_string(),
            body,
            dequeue_count: 0,
            inserted: now,
            next_visible: now,
            pop_receipt: receipt(),
        }
    }

    /// A message that was never in a queue: the input of an admin call.
    pub(super) fn of_admin(input: &str) -> Self {
        Self { dequeue_count: 1, ..Self::new(STANDARD.encode(input)) }
    }

    /// The decoded text; `None` if the body is not base64. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let bytes = STANDARD.decode(&self.body).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// When the service drops it.
    #[must_use]
    pub fn expires(&self) -> OffsetDateTime {
        self.inserted + LIFETIME
    }
}

fn receipt() -> String {
    STANDARD.encode(Uuid::new_v4().as_bytes())
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Standing {
    Visible,
    /// With that host now.
    Delivered(Uuid),
    /// Failed in this pass, or its host died; visible in the next.
    Later,
}

/// All queues of one storage account, by name. A queue that nobody has used is empty. Clones are the same
/// account, so that several hosts, or one after the other, can share it.
#[derive(Debug, Default, Clone)]
pub struct Queues(Arc<Mutex<ByName>>);

type ByName = BTreeMap<String, Vec<(Message, Standing)>>;

impl Queues {
    /// Puts a message, in base64 as the queue extension does.
    pub(super) fn put(&self, queue: &str, bytes: &[u8]) {
        self.put_raw(queue, STANDARD.encode(bytes));
    }

    pub(super) fn put_raw(&self, queue: &str, body: String) {
        self.lock().entry(queue.to_owned()).or_default().push((Message::new(body), Standing::Visible));
    }

    pub(super) fn list(&self, queue: &str) -> Vec<Message> {
        let queues = self.lock();
        queues.get(queue).into_iter().flatten().map(|(message, _)| message.clone()).collect()
    }

    /// Starts a pass: what failed in the one before is visible again.
    pub(super) fn next_pass(&self, queue: &str) {
        for (_, standing) in self.lock().entry(queue.to_owned()).or_default() {
            if *standing == Standing::Later {
                *standing = Standing::Visible;
            }
        }
    }

    /// The messages of a dead host are visible again, as when their visibility timeout ends.
    pub(super) fn host_died(&self, host: Uuid) {
        for (message, standing) in self.lock().values_mut().flatten() {
            if *standing == Standing::Delivered(host) {
                *standing = Standing::Later;
                // A later answer of that host is ignored.
                message.pop_receipt = receipt();
            }
        }
    }

    /// The messages in flight are visible again: their host could not extend their visibility timeout.
    pub(super) fn lapse(&self, queue: &str) {
        for (_, standing) in self.lock().entry(queue.to_owned()).or_default() {
            if matches!(standing, Standing::Delivered(_)) {
                *standing = Standing::Visible;
            }
        }
    }

    /// Delivers the oldest visible message to a host.
    pub(super) fn take(&self, queue: &str, host: Uuid) -> Option<Message> {
        let mut queues = self.lock();
        let (message, standing) =
            queues.get_mut(queue)?.iter_mut().find(|(_, standing)| *standing == Standing::Visible)?;
        *standing = Standing::Delivered(host);
        message.dequeue_count += 1;
        message.next_visible = OffsetDateTime::now_utc() + LEASE;
        message.pop_receipt = receipt();
        Some(message.clone())
    }

    /// Deletes a message as it was delivered; nothing happens when it was delivered again since.
    pub(super) fn delete(&self, queue: &str, delivered: &Message) -> Option<Message> {
        let mut queues = self.lock();
        let messages = queues.get_mut(queue)?;
        let position = messages.iter().position(|(message, _)| is_same(message, delivered))?;
        Some(messages.remove(position).0)
    }

    /// A delivery failed: back for the next pass, or to the poison queue when it was the last one allowed.
    pub(super) fn failed(
        &self,
        queue: &str,
        delivered: &Message,
        visibility: Duration,
        max_dequeue_count: u32,
    ) {
        let poisoned = {
            let mut queues = self.lock();
            let messages = queues.entry(queue.to_owned()).or_default();
            let found = messages.iter_mut().find(|(message, _)| is_same(message, delivered));
            let Some((message, standing)) = found else { return };
            *standing = Standing::Later;
            message.next_visible = OffsetDateTime::now_utc() + visibility;
            message.dequeue_count >= max_dequeue_count
        };
        if poisoned && let Some(message) = self.delete(queue, delivered) {
            self.put_raw(&poison_name(queue), message.body);
        }
    }

    fn lock(&self) -> MutexGuard<'_, ByName> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(message: &Message, delivered: &Message) -> bool {
    message.id == delivered.id && message.pop_receipt == delivered.pop_receipt
}

/// Where messages go that were delivered too often.
pub(super) fn poison_name(queue: &str) -> String {
    format!("{queue}-poison")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Uuid = Uuid::from_u128(1);

    fn texts(queues: &Queues, queue: &str) -> Vec<String> {
        queues.list(queue).iter().filter_map(Message::text).collect()
    }

    #[test]
    fn a_failed_message_comes_back_in_the_next_pass() {
        let queues = Queues::default();
        queues.put("work", b"one");
        let message = queues.take("work", HOST).unwrap();
        assert_eq!((message.text().as_deref(), message.dequeue_count), (Some("one"), 1));
        assert_eq!(queues.take("work", HOST), None);
        queues.failed("work", &message, Duration::from_secs(30), 5);
        assert_eq!(queues.take("work", HOST), None);
        queues.next_pass("work");
        assert_eq!(queues.take("work", HOST).unwrap().dequeue_count, 2);
    }

    #[test]
    fn a_message_goes_to_the_poison_queue_after_its_last_failure() {
        let queues = Queues::default();
        queues.put("work", b"bad");
        for _ in 0..2 {
            queues.next_pass("work");
            let message = queues.take("work", HOST).unwrap();
            queues.failed("work", &message, Duration::ZERO, 2);
        }
        assert_eq!(texts(&queues, "work"), Vec::<String>::new());
        assert_eq!(texts(&queues, "work-poison"), ["bad"]);
    }

    #[test]
    fn messages_come_in_their_order_and_are_deleted() {
        let queues = Queues::default();
        queues.put("work", b"one");
        queues.put("work", b"two");
        let first = queues.take("work", HOST).unwrap();
        queues.delete("work", &first);
        assert_eq!(texts(&queues, "work"), ["two"]);
        assert_eq!(queues.take("work", HOST).unwrap().text().as_deref(), Some("two"));
    }

    #[test]
    fn what_a_dead_host_had_comes_back_and_what_it_says_is_of_no_account() {
        let queues = Queues::default();
        queues.put("work", b"one");
        let first = queues.take("work", HOST).unwrap();
        queues.host_died(HOST);
        assert_eq!(queues.take("work", HOST), None, "not in this pass");
        queues.next_pass("work");
        assert_eq!(queues.take("work", HOST).unwrap().dequeue_count, 2);
        assert_eq!(queues.delete("work", &first), None);
        queues.failed("work", &first, Duration::ZERO, 1);
        assert_eq!(texts(&queues, "work"), ["one"]);
    }

    #[test]
    fn a_message_that_nobody_keeps_invisible_is_delivered_beside_its_first_delivery() {
        let queues = Queues::default();
        queues.put("work", b"one");
        let first = queues.take("work", HOST).unwrap();
        queues.lapse("work");
        let second = queues.take("work", HOST).unwrap();
        assert_eq!(second.dequeue_count, 2);
        assert_eq!(queues.delete("work", &first), None);
        assert!(queues.delete("work", &second).is_some());
    }
}
