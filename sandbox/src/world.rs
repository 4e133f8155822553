//! The world in one piece: identity, Graph, Cosmos and the Functions host around one unmodified handler.
//!
//! The demo and the stories share it. It promises that nothing but sockets, environment variables and
//! signals connects the world with the product, and that everything ends with the last handle.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::caller::{self, Reply};
use crate::copy::Difference;
use crate::cosmos::{Cosmos, Write};
use crate::deviations::{Deviation, Service};
use crate::graph::{Graph, Options as GraphOptions};
use crate::host::{Attempt, Fire, Host, Options as HostOptions, Verdict};
use crate::identity::{Entra, Identity, Options as IdentityOptions, Tools};
pub use credential::Credential;
pub use faces::Faces;
use parts::{host_options, people, start_cosmos, start_host, where_things_are};
pub use setup::{NOTIFICATION_SECRET, Setup};

mod compare;
mod credential;
mod faces;
mod parts;
mod setup;

/// The queue on which a feed goes on.
pub const WORK_QUEUE: &str = "graph-mirror-work";
/// The queue for what a person asked for.
pub const REQUESTED_QUEUE: &str = "graph-mirror-requested";
/// Where a program finds the authorities that it trusts.
const TRUST: &str = "SSL_CERT_FILE";
/// Turns that one [`World::settle`] fires at most.
const MOST_TURNS: usize = 400;

/// How long [`World::settle_equal`] gives doubt to be settled: several times what `DOUBT_MINUTES` says here.
const DOUBT_PATIENCE: Duration = Duration::from_secs(12);

/// A running world.
#[derive(Clone)]
pub struct World {
    /// The issuer of tokens.
    pub identity: Identity,
    /// Where app registrations and users get theirs.
    pub entra: Entra,
    /// `az`, `azd` and a browser, in a folder for the PATH.
    pub tools: Tools,
    /// The truth.
    pub graph: Graph,
    /// The copy.
    pub cosmos: Cosmos,
    /// The Functions host, which runs the handler.
    pub host: Host,
    /// The TLS faces of Graph and Cosmos, if they have any.
    pub faces: Option<Faces>,
    settings: Vec<(String, String)>,
    feeds: Vec<&'static str>,
    root: PathBuf,
    crash_limit: Option<u32>,
}

impl World {
    /// Starts everything and waits until the handler listens.
    ///
    /// # Errors
    /// When a part cannot be started; the error names it.
    pub async fn start(setup: Setup) -> Result<Self> {
        let mut options = IdentityOptions { seed: setup.seed, ..IdentityOptions::default() };
        options.managed_lifetime = setup.managed_token_life.unwrap_or(options.managed_lifetime);
        setup::grant_feeds(&setup.root, &mut options);
        let identity = Identity::start(options).await.context("starting the identity endpoint")?;
        let entra = Entra::start(&identity).await.context("starting Entra")?;
        let tools = Tools::start(&identity, &entra).await.context("writing the programs")?;
        let bound = if setup.tls { Some(faces::Bound::new().await?) } else { None };
        let options = GraphOptions {
            seed: setup.seed,
            page_size: setup.page_size,
            members_per_slice: 20,
            origin: bound.as_ref().map(|bound| bound.graph.origin().to_owned()),
            ..GraphOptions::default()
        };
        let tenant = setup.tenant();
        let feeds = setup.feeds(&tenant);
        identity.set_users(people(&tenant));
        let graph = Graph::start(tenant, identity.clone(), options).await.context("starting Graph")?;
        let cosmos = start_cosmos(bound.as_ref(), &identity, setup.empty_account, setup.cosmos)
            .await
            .context("starting Cosmos")?;
        let faces = bound.map(|bound| bound.open(&graph, &cosmos, &entra)).transpose()?;
        let mut settings = setup.who(&identity, &entra, &tools);
        settings.extend(where_things_are(&graph, &cosmos));
        if faces.is_some() && settings.iter().all(|(name, _)| name != TRUST) {
            settings.push((TRUST.into(), entra.authority_file().to_string_lossy().into_owned()));
        }
        let front = setup.front().context("opening the front")?;
        settings.extend(front.as_ref().map(setup::notified).transpose()?.into_iter().flatten());
        settings.retain(|(name, _)| setup.settings.iter().all(|(other, _)| other != name));
        settings.extend(setup.settings);
        let (root, crash_limit) = (setup.root, setup.crash_limit);
        let options = HostOptions { front, ..host_options(&root, &settings, crash_limit) };
        let host = start_host(options).await?;
        Ok(Self { identity, entra, tools, graph, cosmos, host, faces, settings, feeds, root, crash_limit })
    }

    /// The same world seen from a second host, as when the platform scales out: another handler of the same
    /// folder with the same settings, and the same queues.
    ///
    /// # Errors
    /// When its handler cannot be started.
    pub async fn second_host(&self) -> Result<Self> {
        Ok(Self { host: self.start_another().await?, ..self.clone() })
    }

    /// As [`World::second_host`], of another staged folder and with other settings besides.
    ///
    /// # Errors
    /// When its handler cannot be started.
    pub async fn second_host_with(&self, root: &Path, settings: Vec<(String, String)>) -> Result<Self> {
        let mut other = Self { root: root.to_owned(), ..self.clone() };
        other.settings.retain(|(name, _)| settings.iter().all(|(wins, _)| wins != name));
        other.settings.extend(settings);
        other.host = other.start_another().await?;
        Ok(other)
    }

    /// The same world after one setting of the app was changed: the platform starts a new handler for that.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn reconfigured(mut self, name: &str, value: &str) -> Result<Self> {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.into(), value.into()));
        self.host = self.start_another().await?;
        Ok(self)
    }

    async fn start_another(&self) -> Result<Host> {
        let options = host_options(&self.root, &self.settings, self.crash_limit);
        start_host(HostOptions { queues: self.host.queues(), ..options }).await
    }

    /// From now on, all services are so many seconds ahead; behind is negative. Seen from them, it is the clock of the
    /// product that is off.
    pub fn shift_clocks(&self, seconds: i64) {
        for clock in [self.graph.clock(), self.cosmos.clock(), self.entra.clock()] {
            clock.shift(seconds);
        }
    }

    /// From now on these services deviate so from what is assumed, one deviation each, and the others do not.
    pub fn plant(&self, deviations: &[&'static Deviation]) {
        for (service, deviant) in [
            (Service::Graph, self.graph.deviant()),
            (Service::Identity, self.identity.deviant()),
            (Service::Entra, self.entra.deviant()),
            (Service::Cosmos, self.cosmos.deviant()),
        ] {
            deviant.plant(deviations.iter().copied().find(|one| one.service == service));
        }
    }

    /// The environment with which any other process can join this world.
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The staged folder of the handler.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The binary with these settings and nothing else, as somebody at a terminal would run it.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(self.root.join(stage::EXECUTABLE));
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.args(line.split_whitespace()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The same with the key of the Cosmos account, as an operator would use it.
    pub fn settings_with_key(&self) -> Vec<(String, String)> {
        let mut settings = self.settings.clone();
        settings.push(("COSMOS_KEY".into(), self.cosmos.key().to_owned()));
        settings
    }

    /// The feeds that this world turns: those whose function is staged and whose collection has objects.
    pub fn feeds(&self) -> &[&'static str] {
        &self.feeds
    }

    /// One turn of the timer `sync_users`: one attempt.
    ///
    /// # Errors
    /// When the real host would hang.
    pub async fn fire(&self) -> Result<Attempt> {
        self.fire_feed("users").await
    }

    /// One turn of the timer of a feed: one attempt.
    ///
    /// # Errors
    /// When the real host would hang.
    pub async fn fire_feed(&self, feed: &str) -> Result<Attempt> {
        let fire = Fire { attempts: Some(1), ..Fire::default() };
        Ok(self.host.fire(&format!("sync_{feed}"), fire).await?.last().clone())
    }

    /// A turn of the users that goes on beside the story.
    ///
    /// # Panics
    /// The task, when the real host would hang.
    pub fn start_turn(&self) -> JoinHandle<Attempt> {
        self.start_turn_of("users")
    }

    /// The same of a feed.
    ///
    /// # Panics
    /// The task, when the real host would hang.
    pub fn start_turn_of(&self, feed: &'static str) -> JoinHandle<Attempt> {
        let world = self.clone();
        tokio::spawn(async move { world.fire_feed(feed).await.expect("the real host would not hang") })
    }

    /// The first living user of the tenant: the same one as long as it lives.
    ///
    /// # Panics
    /// When there is none.
    pub fn a_user(&self) -> String {
        self.graph.tenant(|tenant| tenant.ids("users").swap_remove(0))
    }

    /// Sets the city of that user; says its id.
    pub fn change_a_user(&self) -> String {
        self.set_on_a_user(json!({"city": "Ulm"}))
    }

    /// Sets other properties of that user; says its id.
    pub fn set_on_a_user(&self, patch: Value) -> String {
        let id = self.a_user();
        self.graph.tenant(|tenant| tenant.change("users", &id, patch));
        id
    }

    /// A turn of every feed and whatever it queued; the last sentence about each.
    ///
    /// # Errors
    /// When an attempt failed, or the real host would hang.
    pub async fn turn(&self) -> Result<String> {
        let mut sentences = Vec::new();
        for feed in &self.feeds {
            sentences.push(self.turn_feed(feed).await?);
        }
        Ok(sentences.join("; "))
    }

    /// A turn of one feed and whatever it queued.
    ///
    /// # Errors
    /// As [`World::turn`].
    pub async fn turn_feed(&self, feed: &str) -> Result<String> {
        let mut last = self.fire_feed(feed).await?;
        if let Some(queued) = self.host.pump(WORK_QUEUE).await?.pop() {
            last = queued;
        }
        sentence(&last)
    }

    /// A call of an HTTP function with the function key; an empty body is none.
    ///
    /// # Errors
    /// When no answer comes, or one that is not JSON.
    pub async fn call(&self, method: &str, path: &str, body: &str) -> Result<Reply> {
        caller::call(&self.host, method, path, body).await
    }

    /// The timer `renew_subscriptions`; what it says.
    ///
    /// # Errors
    /// When the attempt failed, or the real host would hang.
    pub async fn keep_subscriptions(&self) -> Result<String> {
        let fire = Fire { attempts: Some(1), ..Fire::default() };
        sentence(self.host.fire("renew_subscriptions", fire).await?.last())
    }

    /// Turns until the copy is complete: a feed that is held by a killed handler's lease is busy for as
    /// long as that lasts, and then goes on. Failed turns are fired again, as the timer would.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn settle(&self) -> Result<String> {
        let mut sentences = Vec::new();
        for feed in &self.feeds {
            sentences.push(self.settle_feed(feed).await?);
        }
        Ok(sentences.join("; "))
    }

    /// The same for one feed; it also ends with a sweep that is held.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn settle_feed(&self, feed: &str) -> Result<String> {
        let mut last = Ok(String::new());
        for _ in 0..MOST_TURNS {
            last = self.turn_feed(feed).await;
            match &last {
                Ok(sentence) if sentence.contains(": complete") => return last,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        last.and_then(|sentence| anyhow::bail!("the feed does not settle: {sentence}"))
    }

    /// In what the copy differs from the tenant.
    pub async fn differences(&self) -> Vec<Difference> {
        let mut differences = compare::differences(&self.feeds, &self.graph, &self.cosmos).await;
        // A list has a null where the delta query may have nothing.
        let lists = self.settings.iter().any(|(name, value)| name == "LIST_ABOVE" && value == "0");
        differences.retain(|difference| !(lists && difference.is_null_for_nothing()));
        differences
    }

    /// Turns until the copy equals the tenant: doubt is settled only when it is old enough.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn settle_equal(&self) -> Result<String> {
        let mut last = self.settle().await?;
        let until = Instant::now() + DOUBT_PATIENCE;
        while Instant::now() < until && !self.differences().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            last = self.settle().await?;
        }
        self.ensure_equal().await?;
        Ok(last)
    }

    /// Fails unless the copy equals the tenant.
    ///
    /// # Errors
    /// Names the first differences.
    pub async fn ensure_equal(&self) -> Result<()> {
        compare::ensure_none(&self.differences().await)
    }

    /// The writes outside the container `mirror` since the log was reset, but for those over a version that is not there,
    /// which change nothing.
    pub fn document_writes(&self) -> Vec<Write> {
        compare::document_writes(&self.cosmos)
    }
}

/// The sentence that a successful attempt logged.
///
/// # Errors
/// The reason of a failed one.
pub fn sentence(attempt: &Attempt) -> Result<String> {
    match &attempt.verdict {
        Verdict::Succeeded { logs, .. } => Ok(logs.first().cloned().unwrap_or_default()),
        Verdict::Failed { reason } | Verdict::WouldHang { reason } => {
            anyhow::bail!("{} failed: {reason}", attempt.function)
        }
    }
}
