//! The handler's process: starting it, watching it, killing it (`HttpWorkerProcess`,
//! `WorkerProcess.OnProcessExited`, `HttpFunctionInvocationDispatcher`).
//!
//! One task owns the process. Everybody else sees its [`State`] and sends it an [`Order`], so that a signal
//! can never hit a process id that has been given to somebody else.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::crashes::{Crashes, Reaction};
use super::environment::OF_HOST;
use super::host_json::HostJson;
use super::logs::Logs;
use super::port::Port;
use super::readiness;
use super::usage::{self, Usage};

/// What the host knows of its handler.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Being started, or being restarted: invocations wait.
    Starting,
    Ready(Running),
    /// It exited with 0: not a crash, so it is not restarted, and every invocation is refused.
    Exited,
    /// The host has shut itself down, because of this.
    GaveUp(String),
    Stopped,
}

/// A process that has answered.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub client: reqwest::Client,
    pub generation: u32,
    pub pid: u32,
}

/// What the owner of the process can be told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// SIGKILL from outside, as a crash. Answered once the process is reaped.
    Kill(oneshot::Sender<ExitStatus>),
    /// SIGSTOP or SIGCONT; answered with the process id.
    Signal(Signal, oneshot::Sender<u32>),
    /// SIGKILL because an invocation by this generation took too long. Not counted as a crash.
    TimedOut { generation: u32 },
    /// SIGKILL, and no restart.
    Stop,
}

/// What stays the same over all processes of one handler.
pub(super) struct Handler {
    pub root: PathBuf,
    pub description: HostJson,
    pub environment: Vec<(String, String)>,
    pub port: Port,
    pub crash_limit: Option<u32>,
    pub logs: Logs,
    pub state: watch::Sender<State>,
    pub usage: Mutex<Used>,
    /// From the spawn until the port accepted, of every process that got ready.
    pub starts: Mutex<Vec<Duration>>,
}

/// The figures of the processes that are gone, and of the present one as last sampled.
#[derive(Debug, Default)]
pub(super) struct Used {
    gone: Usage,
    present: Usage,
}

/// How one process ended, as far as the host's reaction depends on it.
#[derive(Debug)]
enum End {
    NotSpawned(String),
    NotReady(String),
    TimedOut,
    Stopped,
    Exit(ExitStatus),
}

/// The end of one process, and who waits to hear of it.
struct Death {
    end: End,
    status: Option<ExitStatus>,
    kills: Vec<oneshot::Sender<ExitStatus>>,
}

/// One process and what it has been told.
struct Life {
    child: Child,
    pid: u32,
    generation: u32,
    spawned: Instant,
    /// Why the host itself killed it, if it did.
    sentence: Option<End>,
    kills: Vec<oneshot::Sender<ExitStatus>>,
}

impl Handler {
    /// Starts the handler and keeps it running until it is told to stop or the host would give up.
    pub async fn keep(self: Arc<Self>, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut crashes = Crashes::new(self.crash_limit);
        for generation in 1.. {
            let death = self.live(generation, &mut orders).await;
            let state = self.reaction(&death.end, &mut crashes);
            let restarts = matches!(state, State::Starting);
            self.state.send_replace(state);
            if let Some(status) = death.status {
                for kill in death.kills {
                    let _ = kill.send(status);
                }
            }
            if !restarts {
                return;
            }
        }
    }

    /// One process, from its spawn until it is reaped and all it wrote is read.
    async fn live(&self, generation: u32, orders: &mut mpsc::UnboundedReceiver<Order>) -> Death {
        let mut life = match self.spawn(generation) {
            Ok(life) => life,
            Err(error) => {
                let end = End::NotSpawned(format!("{error:#}"));
                return Death { end, status: None, kills: Vec::new() };
            }
        };
        let readers = self.logs.follow(&mut life.child);
        let status = self.watch(&mut life, orders).await;
        readers.finish().await;
        let mut used = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        *used = Used { gone: used.gone.and(used.present), present: Usage::default() };
        Death { end: life.end(&status), status: status.ok(), kills: life.kills }
    }

    fn spawn(&self, generation: u32) -> Result<Life> {
        let description = &self.description;
        let mut command = Command::new(&description.executable);
        command.args(&description.arguments).current_dir(&description.working_directory);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).envs(OF_HOST);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let port = self.port.number.to_string();
        let id = Uuid::new_v4().to_string();
        command.env("FUNCTIONS_CUSTOMHANDLER_PORT", &port).env("FUNCTIONS_HTTPWORKER_PORT", &port);
        command.env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id).env("FUNCTIONS_HTTPWORKER_ID", &id);
        command.env("FUNCTIONS_APP_ROOT_PATH", &self.root);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let spawned = Instant::now();
        let child =
            command.spawn().with_context(|| format!("starting {}", description.executable.display()))?;
        let pid = child.id().context("the handler has no process id")?;
        Ok(Life { child, pid, generation, spawned, sentence: None, kills: Vec::new() })
    }

    async fn watch(
        &self,
        life: &mut Life,
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> std::io::Result<ExitStatus> {
        let limit = self.description.initialization_timeout;
        let mut readiness = std::pin::pin!(readiness::wait(self.port.number, life.spawned, limit));
        let mut waiting = true;
        loop {
            tokio::select! {
                biased;
                status = life.child.wait() => return status,
                ready = &mut readiness, if waiting => {
                    waiting = false;
                    match ready {
                        Ok(ready) => self.announce(life, ready),
                        Err(reason) => self.kill(life, Some(End::NotReady(reason))),
                    }
                }
                order = orders.recv() => self.obey(life, order.unwrap_or(Order::Stop)),
            }
        }
    }

    fn announce(&self, life: &Life, ready: readiness::Ready) {
        let readiness::Ready { client, start } = ready;
        self.starts.lock().unwrap_or_else(PoisonError::into_inner).push(start);
        let running = Running { client, generation: life.generation, pid: life.pid };
        self.state.send_replace(State::Ready(running));
    }

    fn obey(&self, life: &mut Life, order: Order) {
        match order {
            Order::Kill(reply) => {
                life.kills.push(reply);
                self.kill(life, None);
            }
            Order::Signal(signal, reply) => {
                if let Some(pid) = i32::try_from(life.pid).ok().and_then(Pid::from_raw)
                    && kill_process(pid, signal).is_ok()
                {
                    let _ = reply.send(life.pid);
                }
            }
            Order::TimedOut { generation } if generation == life.generation => {
                self.kill(life, Some(End::TimedOut))
            }
            Order::TimedOut { .. } => {}
            Order::Stop => self.kill(life, Some(End::Stopped)),
        }
    }

    /// Reads the last figures, then SIGKILL. Nothing warns the handler: the host has no gentler way.
    fn kill(&self, life: &mut Life, sentence: Option<End>) {
        self.sample(life.pid);
        life.sentence = sentence.or(life.sentence.take());
        // It may be dead already; then its own end is what counts.
        let _ = life.child.start_kill();
    }

    /// Brings the figures of the present process up to date.
    pub fn sample(&self, pid: u32) {
        let mut used = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        used.present = used.present.later(usage::sample(pid));
    }

    pub fn used(&self) -> Usage {
        let used = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        used.gone.and(used.present)
    }

    /// What the host does about an end: `Starting` is a restart, at once and on the same port.
    fn reaction(&self, end: &End, crashes: &mut Crashes) -> State {
        let reaction = match end {
            End::NotSpawned(reason) => return State::GaveUp(reason.clone()),
            End::Stopped => return State::Stopped,
            End::TimedOut => Reaction::Restart,
            End::NotReady(_) => crashes.crash(Instant::now()),
            End::Exit(status) => crashes.exit(status.code(), Instant::now()),
        };
        match reaction {
            Reaction::Restart => State::Starting,
            Reaction::LeaveIt => State::Exited,
            Reaction::GiveUp => {
                let last = match end {
                    End::NotReady(reason) => reason.clone(),
                    End::Exit(status) => status.to_string(),
                    _ => String::new(),
                };
                State::GaveUp(format!(
                    "Exceeded http worker restart retry count. Shutting down Functions Host. Last: {last}; stderr: {}",
                    self.logs.last_errors()
                ))
            }
        }
    }
}

impl Life {
    fn end(&mut self, status: &std::io::Result<ExitStatus>) -> End {
        match (self.sentence.take(), status) {
            (Some(sentence), _) => sentence,
            (None, Ok(status)) => End::Exit(*status),
            (None, Err(error)) => End::NotSpawned(format!("waiting for the handler: {error}")),
        }
    }
}
