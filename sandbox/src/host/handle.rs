//! The handle of a running host: what a test asks of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::attempt::{Attempt, Framing, Verdict};
use super::function_json::{Function, Trigger};
use super::handler::{Handler, Order, State};
use super::host_json::HostJson;
use super::inner::Inner;
use super::invocation::post;
use super::logs::{LogLine, Logs};
use super::options::{Keys, Options};
use super::port::Port;
use super::process::Process;
use super::queue::{Message, Queues, poison_name};
use super::schedule::Schedule;
use super::timer::{self, Fire, Firing};
use super::{front, pump};

/// A running host. Clones are the same host; the last one to go kills the handler.
#[derive(Clone)]
pub struct Host(Arc<Owner>);

/// What ends with the last clone. Invocations in flight hold only `inner`, so they do not keep the host
/// alive.
struct Owner {
    inner: Arc<Inner>,
    front: JoinHandle<()>,
    address: SocketAddr,
}

/// What the handler answered to [`Host::invoke_raw`].
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: reqwest::header::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Host {
    /// Reads the staged folder, starts its handler and waits until that answers `GET /`.
    ///
    /// # Errors
    /// When `host.json` or a `function.json` is not what the host accepts (or needs what this stand-in leaves
    /// out), when the executable is missing or not executable, or when the handler does not get ready; the
    /// error then has its last lines on stderr.
    pub async fn start(mut options: Options) -> Result<Self> {
        options.root =
            options.root.canonicalize().with_context(|| format!("the root {}", options.root.display()))?;
        let handler = Arc::new(Handler {
            description: HostJson::read(&options.root)?,
            root: options.root.clone(),
            environment: options.env.clone(),
            port: Port::reserve()?,
            crash_limit: options.crash_limit,
            logs: Logs::default(),
            state: watch::Sender::new(State::Starting),
            usage: Mutex::default(),
            starts: Mutex::default(),
        });
        let (orders, inbox) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner::new(&options, Arc::clone(&handler), orders)?);
        let (address, front) = front::open(options.front, Arc::clone(&inner))?;
        tokio::spawn(handler.keep(inbox));
        let host = Self(Arc::new(Owner { inner, front, address }));
        host.ready().await?;
        Ok(host)
    }

    /// Fires a timer, with the retries of its policy. The same timer never runs twice at once: a second
    /// firing waits. Dropping the future does not stop the run, since nothing tells a handler to stop.
    ///
    /// # Errors
    /// When there is no such timer, it is disabled, or the real host would hang on the answer. A failed run
    /// is no error; see [`Firing::succeeded`].
    pub async fn fire(&self, function: &str, fire: Fire) -> Result<Firing> {
        let (inner, function) = (Arc::clone(&self.0.inner), function.to_owned());
        tokio::spawn(async move { timer::fire(&inner, &function, fire).await }).await.context("firing")?
    }

    /// Delivers, one after the other, every message that is visible now and those that the runs add, until
    /// none is visible. A message that fails is visible again in the next pump; after `maxDequeueCount`
    /// deliveries it is poison.
    ///
    /// # Errors
    /// When no function listens to the queue, it does not drain, or the real host would hang on an answer.
    pub async fn pump(&self, queue: &str) -> Result<Vec<Attempt>> {
        self.pump_wide(queue, 1).await
    }

    /// As [`Host::pump`], with up to `width` messages at a time. One instance of the host has up to
    /// [`Host::queue_width`].
    ///
    /// # Errors
    /// As [`Host::pump`].
    pub async fn pump_wide(&self, queue: &str, width: usize) -> Result<Vec<Attempt>> {
        let (inner, queue) = (Arc::clone(&self.0.inner), queue.to_owned());
        tokio::spawn(async move { pump::pump(&inner, &queue, width).await }).await.context("pumping")?
    }

    /// How many messages one instance of the host has in flight: `batchSize` + `newBatchThreshold`.
    #[must_use]
    pub fn queue_width(&self) -> usize {
        let queues = &self.0.inner.handler.description.queues;
        (queues.batch_size + queues.new_batch_threshold.unwrap_or(queues.batch_size / 2)) as usize
    }

    /// Delivers the oldest visible message, or, if none is, one that failed before. `None`: nothing was run.
    ///
    /// # Errors
    /// As [`Host::pump`].
    pub async fn deliver_one(&self, queue: &str) -> Result<Option<Attempt>> {
        let (inner, queue) = (Arc::clone(&self.0.inner), queue.to_owned());
        tokio::spawn(async move { pump::deliver_one(&inner, &queue).await }).await.context("delivering")?
    }

    /// Puts a message on a queue, as another program would.
    pub fn enqueue(&self, queue: &str, text: &str) {
        self.0.inner.queues.put(queue, text.as_bytes());
    }

    /// Puts a body on a queue as it is; one that is not base64 is poison when it is delivered.
    pub fn enqueue_raw(&self, queue: &str, body: &str) {
        self.0.inner.queues.put_raw(queue, body.to_owned());
    }

    /// The messages of a queue that are being worked on are visible again: the host could not keep them invisible.
    pub fn lapse(&self, queue: &str) {
        self.0.inner.queues.lapse(queue);
    }

    /// What is on a queue, oldest first, delivered or not.
    #[must_use]
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.0.inner.queues.list(queue)
    }

    /// What has been delivered too often: the queue `<queue>-poison`.
    #[must_use]
    pub fn poison(&self, queue: &str) -> Vec<Message> {
        self.messages(&poison_name(queue))
    }

    /// Posts exact bytes to a path of the handler, for golden and for bad envelopes. Nothing is added to the
    /// headers but what HTTP itself needs, and nothing is judged.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn invoke_raw(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
        framing: Framing,
    ) -> Result<RawAnswer> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let received =
            post(&self.0.inner, path, &headers, body.into(), framing).await.map_err(|why| anyhow!(why))?;
        Ok(RawAnswer { status: received.status, headers: received.headers, body: received.body })
    }

    /// Every attempt so far, of every trigger, in the order of their ends.
    #[must_use]
    pub fn history(&self) -> Vec<Attempt> {
        self.0.inner.history.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The timers that are on, and when they fire.
    #[must_use]
    pub fn timers(&self) -> Vec<(String, Schedule)> {
        let on = self.0.inner.functions.values().filter(|function| !function.disabled);
        let timer = |function: &Function| match &function.trigger {
            Trigger::Timer { schedule, .. } => Some((function.name.clone(), schedule.clone())),
            _ => None,
        };
        on.filter_map(timer).collect()
    }

    /// Empties the history and the log, for a host that runs for days. A panic of [`Host::assert_healthy`] cannot name what
    /// was forgotten.
    pub fn forget(&self) {
        self.0.inner.history.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.inner.handler.logs.forget();
    }

    /// Checks that no answer would have made the real host hang, whichever trigger it was for.
    ///
    /// # Panics
    /// With all such answers.
    pub fn assert_healthy(&self) {
        let hangs: Vec<_> =
            self.history().into_iter().filter(|a| matches!(a.verdict, Verdict::WouldHang { .. })).collect();
        assert!(hangs.is_empty(), "the host would hang: {hangs:#?}");
    }

    /// The storage account, to share it with another host: with [`Options::queues`].
    #[must_use]
    pub fn queues(&self) -> Queues {
        self.0.inner.queues.clone()
    }

    /// The names of the functions that were found.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        self.0.inner.functions.keys().map(String::as_str).collect()
    }

    /// Where the HTTP functions are: `http://127.0.0.1:<port>`, without the route prefix.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The handler's process.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::of(&self.0.inner)
    }

    /// Waits until the handler is ready.
    ///
    /// # Errors
    /// When there will be no handler, with the reason.
    pub async fn ready(&self) -> Result<()> {
        self.process().running().await.map(drop)
    }

    /// Ends the host as the platform does: SIGKILL to the handler, no restart. Returns when it is dead. The messages that
    /// it was working on come back.
    pub async fn shutdown(&self) {
        self.0.front.abort();
        self.0.inner.queues.host_died(self.0.inner.id);
        let _ = self.0.inner.orders.send(Order::Stop);
        let mut state = self.0.inner.handler.state.subscribe();
        let ended = |state: &State| matches!(state, State::Stopped | State::Exited | State::GaveUp(_));
        let _ = state.wait_for(ended).await;
    }

    /// Everything that the handler's processes have written so far.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.0.inner.handler.logs.all()
    }

    /// The keys that open the HTTP front.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.0.inner.keys.clone()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter
            .debug_struct("Host")
            .field("state", &*self.0.inner.handler.state.borrow())
            .finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.front.abort();
        self.inner.queues.host_died(self.inner.id);
        let _ = self.inner.orders.send(Order::Stop);
    }
}
