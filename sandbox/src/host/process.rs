//! The handler's process as a test sees and steers it: starts, kills, freezes, usage.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use tokio::sync::oneshot;

use super::handler::{Order, Running, State};
use super::inner::Inner;
use super::invocation::running;
use super::usage::Usage;

/// The handler's process, over its restarts.
#[derive(Clone)]
pub struct Process {
    inner: Arc<Inner>,
}

impl Process {
    pub(super) fn of(inner: &Arc<Inner>) -> Self {
        Self { inner: Arc::clone(inner) }
    }

    pub(super) async fn running(&self) -> Result<Running> {
        running(&self.inner).await.map_err(|reason| anyhow!("no handler: {reason}"))
    }

    /// How long the last start took, from the spawn until the port accepted a connection.
    #[must_use]
    pub fn start_ms(&self) -> f64 {
        self.starts_ms().pop().unwrap_or_default()
    }

    /// How long each start took, of every process that got ready.
    #[must_use]
    pub fn starts_ms(&self) -> Vec<f64> {
        let starts = self.inner.handler.starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.iter().map(|start| start.as_secs_f64() * 1000.0).collect()
    }

    /// Which process is running: 1 after [`Host::start`](super::Host::start), one more for every restart. Waits while one is
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
        running.client.get(format!("http://127.0.0.1:{}/", self.port())).send().await.context("GET /")?;
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
        let _ = self.inner.orders.send(Order::Kill(reply));
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
            while !is_stopped(pid) {
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

    /// What the handler's processes have used so far. Of a process that ended by itself the last sample
    /// counts, which is taken after every invocation.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.inner.handler.state.borrow().clone();
        if let State::Ready(running) = state {
            self.inner.sample(running.generation);
        }
        self.inner.handler.used()
    }

    /// The port of the handler itself; the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.inner.handler.port.number
    }

    /// The process id of the handler.
    ///
    /// # Errors
    /// When there will be no handler, with the reason.
    pub async fn pid(&self) -> Result<u32> {
        Ok(self.running().await?.pid)
    }

    async fn signal(&self, signal: Signal) -> Result<u32> {
        let (reply, pid) = oneshot::channel();
        let _ = self.inner.orders.send(Order::Signal(signal, reply));
        pid.await.context("there is no handler to signal")
    }
}

/// Whether a child of this process is stopped (SIGSTOP has taken effect). It stays for others to wait for.
fn is_stopped(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    pid.is_some_and(|pid| matches!(waitid(WaitId::Pid(pid), options), Ok(Some(status)) if status.stopped()))
}
