//! The handler's process as a test sees and steers it: readiness, kills, freezes, logs, usage.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tokio::sync::oneshot;

use super::handler::{Order, State};
use super::{Host, Keys, LogLine, Usage, usage};

impl Host {
    /// Waits until the handler is ready.
    ///
    /// # Errors
    /// When there will be no handler, with the reason.
    pub async fn ready(&self) -> Result<()> {
        self.running().await.map(drop)
    }

    /// How long the last start took, from the spawn until the port accepted a connection.
    #[must_use]
    pub fn start_ms(&self) -> f64 {
        self.starts_ms().pop().unwrap_or_default()
    }

    /// How long each start took, of every process that got ready.
    #[must_use]
    pub fn starts_ms(&self) -> Vec<f64> {
        let starts = self.0.inner.handler.starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.iter().map(|start| start.as_secs_f64() * 1000.0).collect()
    }

    /// Which process is running: 1 after [`Host::start`], one more for every restart. Waits while one is
    /// under way.
    ///
    /// # Errors
    /// When there will be no handler, with the reason.
    pub async fn generation(&self) -> Result<u32> {
        Ok(self.running().await?.generation)
    }

    /// How long the handler takes to answer `GET /`, which the host also uses as a health ping.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ping(&self) -> Result<Duration> {
        let running = self.running().await?;
        let asked = Instant::now();
        running
            .client
            .get(format!("http://127.0.0.1:{}/", self.handler_port()))
            .send()
            .await
            .context("GET /")?;
        Ok(asked.elapsed())
    }

    /// Kills the handler without warning. Returns when it is dead, its output is read and its restart has
    /// begun; the next invocation waits for that. It counts as a crash, see
    /// [`Options::crash_limit`](super::Options::crash_limit).
    ///
    /// # Errors
    /// When there is no process, or it ended in another way than by SIGKILL.
    pub async fn kill(&self) -> Result<ExitStatus> {
        let (reply, status) = oneshot::channel();
        let _ = self.0.inner.orders.send(Order::Kill(reply));
        let status = status.await.context("there is no handler to kill")?;
        ensure!(status.signal() == Some(9), "the handler was not killed, it ended with {status}");
        Ok(status)
    }

    /// Stops the handler in its tracks (SIGSTOP), as a machine that is suspended. Returns when it stands
    /// still.
    ///
    /// # Errors
    /// When there is no process, or it does not stop.
    pub async fn freeze(&self) -> Result<()> {
        let pid = self.signal(Signal::STOP).await?;
        let stopped = async {
            while !usage::is_stopped(pid) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), stopped).await.context("the handler does not stop")
    }

    /// Lets a frozen handler go on (SIGCONT).
    ///
    /// # Errors
    /// When there is no process.
    pub async fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT).await.map(drop)
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

    /// What the handler's processes have used so far. Of a process that ended by itself the last sample
    /// counts, which is taken after every invocation.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.0.inner.handler.state.borrow().clone();
        if let State::Ready(running) = state {
            self.0.inner.sample(running.generation);
        }
        self.0.inner.handler.used()
    }

    /// The keys that open the HTTP front.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.0.inner.keys.clone()
    }

    /// The port of the handler itself; the same over restarts.
    #[must_use]
    pub fn handler_port(&self) -> u16 {
        self.0.inner.handler.port.number
    }

    /// The process id of the handler.
    ///
    /// # Errors
    /// When there will be no handler, with the reason.
    pub async fn handler_pid(&self) -> Result<u32> {
        Ok(self.running().await?.pid)
    }

    async fn signal(&self, signal: Signal) -> Result<u32> {
        let (reply, pid) = oneshot::channel();
        let _ = self.0.inner.orders.send(Order::Signal(signal, reply));
        pid.await.context("there is no handler to signal")
    }
}
