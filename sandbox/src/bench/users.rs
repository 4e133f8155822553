//! Very many users: a first copy, the same again after a dead token, a round of changes, and a round without any. Graph's pages
//! are made when they are asked for, and Cosmos DB only answers, so that nothing but the handler grows.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use tempfile::TempDir;

use super::account::{Account, Asked};
use super::figures::Figures;
use super::floor::{Writes, floor};
use super::source::{Shape, Source};
use crate::host::Usage;
use crate::product::with_resources;
use crate::world::{Setup, WORK_QUEUE, World, sentence};

/// What is measured of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first copy.
    Initial,
    /// The enumeration after a dead token, of users that did not change.
    Reenumerate,
    /// The same list once more: there is no delta query.
    Again,
    /// A round in which so many have changed.
    Changes(usize),
    /// A round in which none has.
    Unchanged,
}

/// How a first copy is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// By the delta query.
    Delta,
    /// As a list, of users whose feed tells of no managers.
    List,
    /// As a list with each turn, as if users had no delta query.
    Always,
}

/// How the run is set up.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How Graph answers.
    pub shape: Shape,
    /// How long each answer of Cosmos DB takes.
    pub cosmos_latency: Duration,
    /// How the first copy is read.
    pub walk: Walk,
    /// Writes in flight, as a deployment sets it.
    pub concurrency: usize,
    /// Seconds of a turn.
    pub budget: u32,
    /// Where documents are written, Cosmos DB's client writes as many alone, in a process of this program, see
    /// [`super::FLOOR`].
    pub floor: bool,
}

/// Runs it once, with this staged product.
///
/// # Errors
/// When the world does not come up, or not every user was written.
pub async fn users(product: &Path, part: Part, options: Options) -> Result<Figures> {
    let count = options.shape.users;
    let source = Source::start(options.shape).await?;
    let account = Account::start(&["users", "users-manager"], options.cosmos_latency).await?;
    let changed = options.walk.row().map(|row| with_row(product, row)).transpose()?;
    let product = changed.as_ref().map_or(product, TempDir::path);
    let setup = Setup { users: 1, ..Setup::new(product) };
    let setup = setup
        .set("GRAPH_ENDPOINT", source.origin())
        .set("COSMOS_ENDPOINT", account.endpoint())
        .set("LIST_ABOVE", if options.walk == Walk::List { "0" } else { "1000000000" })
        .set("COSMOS_CONCURRENCY", &options.concurrency.to_string())
        .set("SYNC_BUDGET_SECONDS", &options.budget.to_string())
        // As if no other process had written for a while.
        .set("DOUBT_MINUTES", "0")
        // Counts do not depend on how often the lease is renewed.
        .set("LEASE_SECONDS", "300");
    let world = World::start(setup).await?;
    account.stand_before(&world.cosmos);
    let mut run = Run { world, source, account };
    let initial = run.round().await?;
    ensure!(initial.asked.writes == count, "{} of {count} users were written", initial.asked.writes);
    let (objects, round) = match part {
        Part::Initial => (count, initial),
        Part::Reenumerate => {
            run.source.end_tokens();
            (count, run.round().await?)
        }
        Part::Again => (count, run.round().await?),
        Part::Changes(changed) => {
            run.source.change(changed);
            (changed, run.round().await?)
        }
        Part::Unchanged => {
            // A turn that wrote is followed by one that looks for what has ended.
            while !run.round().await?.is_quiet() {}
            (1, run.round().await?)
        }
    };
    let mut figures = round.figures(objects);
    if options.floor && round.asked.writes > 0 {
        let document = run.account.sample();
        let writes = Writes { container: "users", document, count: objects, together: 1 };
        figures.insert("floorCpuSecondsPer1000".into(), floor(&run.account, &run.world, writes).await?);
    }
    run.world.host.shutdown().await;
    Ok(figures)
}

/// A copy of the product with another row of the users.
fn with_row(product: &Path, row: &str) -> Result<TempDir> {
    let folder = with_resources(product, &[])?;
    std::fs::write(folder.path().join("sync_users/resource.json"), row)?;
    Ok(folder)
}

struct Run {
    world: World,
    source: Source,
    account: Account,
}

/// What one round took.
struct Round {
    asked: Asked,
    graph_requests: usize,
    turns: usize,
    /// From the timer to the last answer.
    whole: Duration,
    /// From the first request to Graph to the last document.
    moving: Duration,
    first: Duration,
    cpu_seconds: f64,
    peak_rss_mib: f64,
}

impl Walk {
    /// What takes the place of the row of the users.
    fn row(self) -> Option<&'static str> {
        match self {
            Self::Delta => None,
            Self::List => Some(r#"{"links":[]}"#),
            Self::Always => {
                Some(r#"{"path":"/users","mode":"list","pageSize":999,"permission":"User.Read.All"}"#)
            }
        }
    }
}

impl Run {
    /// The timer, and all that it leads to.
    async fn round(&mut self) -> Result<Round> {
        let (asked, requests, used) = (self.account.asked(), self.source.requests(), self.used());
        let (begun, moment) = (Instant::now(), self.account.age());
        let _ = self.source.take_first();
        sentence(&self.world.fire_feed("users").await?)?;
        let mut turns = 1;
        for turn in self.world.host.pump(WORK_QUEUE).await? {
            sentence(&turn)?;
            turns += 1;
        }
        let (now, after) = (self.account.asked(), self.used());
        let first = self.source.take_first().unwrap_or_default();
        let asked_at = self.account.age().saturating_sub(first);
        Ok(Round {
            graph_requests: self.source.requests() - requests,
            turns,
            whole: begun.elapsed(),
            moving: now.last.saturating_sub(asked_at),
            first: now.first.saturating_sub(moment),
            asked: now.since(&asked),
            cpu_seconds: after.cpu_seconds - used.cpu_seconds,
            peak_rss_mib: after.peak_rss_mib,
        })
    }

    fn used(&self) -> Usage {
        self.world.host.process().usage()
    }
}

impl Round {
    /// It found that nothing was to be done.
    fn is_quiet(&self) -> bool {
        !self.asked.requests.contains_key("replace mirror")
    }

    fn figures(&self, objects: usize) -> Figures {
        let per_1000 = |amount: f64| amount * 1000.0 / objects as f64;
        let seconds = if self.asked.writes > 0 { self.moving } else { self.whole };
        let all = [
            ("objects", objects as f64),
            ("turns", self.turns as f64),
            ("seconds", self.whole.as_secs_f64()),
            ("objectsPerSecond", objects as f64 / seconds.as_secs_f64()),
            ("cpuSeconds", self.cpu_seconds),
            ("cpuSecondsPer1000", per_1000(self.cpu_seconds)),
            ("peakRssMiB", self.peak_rss_mib),
            ("firstWriteMs", self.first.as_secs_f64() * 1000.0),
            ("documentWrites", self.asked.writes as f64),
            ("graphRequests", self.graph_requests as f64),
            ("cosmosRequests", self.asked.requests.values().sum::<usize>() as f64),
            ("requestUnits", self.asked.charge),
            ("requestUnitsPer1000", per_1000(self.asked.charge)),
        ];
        let kinds =
            self.asked.requests.iter().map(|(kind, count)| (format!("of these: {kind}"), *count as f64));
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(kinds).collect()
    }
}
