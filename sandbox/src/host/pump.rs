//! Delivering queue messages: pumped by the test, never by the clock (`QueueListener`, `QueueProcessor`).

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use uuid::Uuid;

use super::attempt::{Attempt, Verdict};
use super::envelope::{self, QueueItem, Sys};
use super::function_json::{Function, Trigger};
use super::inner::Inner;
use super::invocation::attempt;
use super::queue::Message;

/// A queue that needs more deliveries than this in one pump feeds itself.
const LIMIT: usize = 100_000;

/// Delivers everything that is visible now and everything that the runs add, up to `width` at a time.
pub(super) async fn pump(inner: &Arc<Inner>, queue: &str, width: usize) -> Result<Vec<Attempt>> {
    let function = consumer(inner, queue)?;
    if function.disabled {
        return Ok(Vec::new());
    }
    inner.queues.next_pass(queue);
    let mut attempts = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < width.max(1)
            && let Some(message) = inner.queues.take(queue, inner.id)
        {
            running.push(deliver(inner, function, queue, message));
        }
        let Some(attempt) = running.next().await else { return Ok(attempts) };
        attempts.extend(attempt?);
        ensure!(attempts.len() < LIMIT, "the queue {queue} does not drain: {LIMIT} deliveries");
    }
}

/// Delivers the oldest visible message; what failed before counts as visible when nothing else is.
pub(super) async fn deliver_one(inner: &Inner, queue: &str) -> Result<Option<Attempt>> {
    let function = consumer(inner, queue)?;
    if function.disabled {
        return Ok(None);
    }
    let message = inner.queues.take(queue, inner.id).or_else(|| {
        inner.queues.next_pass(queue);
        inner.queues.take(queue, inner.id)
    });
    match message {
        Some(message) => deliver(inner, function, queue, message).await,
        None => Ok(None),
    }
}

/// The whole life of one delivery. A body that is not base64 is poison at once and runs nothing.
async fn deliver(
    inner: &Inner,
    function: &Function,
    queue: &str,
    message: Message,
) -> Result<Option<Attempt>> {
    let settings = &inner.handler.description.queues;
    let failed = |max| inner.queues.failed(queue, &message, settings.visibility_timeout, max);
    // `QueueProcessor.BeginProcessingMessageAsync` looks at the count before anything runs: a message whose host
    // died each time has never failed.
    if message.dequeue_count > settings.max_dequeue_count {
        failed(0);
        return Ok(None);
    }
    let Some(text) = message.text() else {
        failed(0);
        return Ok(None);
    };
    let envelope = queue_envelope(function, &message, &text);
    let (attempt, _) = attempt(inner, function, Uuid::new_v4(), envelope).await;
    match &attempt.verdict {
        Verdict::Succeeded { .. } => {
            inner.queues.delete(queue, &message);
        }
        Verdict::Failed { .. } => failed(settings.max_dequeue_count),
        Verdict::WouldHang { reason } => {
            failed(settings.max_dequeue_count);
            bail!("{reason}");
        }
    }
    Ok(Some(attempt))
}

pub(super) fn queue_envelope(function: &Function, message: &Message, text: &str) -> String {
    let item = QueueItem {
        text,
        id: &message.id,
        pop_receipt: &message.pop_receipt,
        dequeue_count: message.dequeue_count,
        inserted: message.inserted,
        expires: message.expires(),
        next_visible: message.next_visible,
    };
    envelope::queue(&function.binding, &item, &Sys::of(&function.name))
}

fn consumer<'a>(inner: &'a Inner, queue: &str) -> Result<&'a Function> {
    let listens =
        |function: &&Function| matches!(&function.trigger, Trigger::Queue { queue: name } if name == queue);
    inner
        .functions
        .values()
        .find(listens)
        .with_context(|| format!("no function listens to the queue {queue}"))
}
