//! The app: settings become parts, and the verbs that every way in calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use url::Url;

use crate::catalogue::Row;
use crate::mirror::{self, Mirror, Outcome, Refreshed, Shown, SyncError};
use crate::notify::{Digest, Keys, Tallied, Tally};
use crate::settings::Settings;
use crate::store::{self, Store};
use crate::{catalogue, graph, subscriptions};
use tokens::Tokens;

mod ask;
mod deployment;
mod doorbell;
mod error;
mod ids;
mod init;
mod notified;
mod preview;
mod tokens;
mod verify;

pub use crate::subscriptions::Kept;
pub use ask::Asker;
pub use deployment::{Container, Deployment, deployment, mirrored};
pub use error::{AppError, Fault};
pub use init::{Made, containers, create_commands};
use notified::PATIENCE;
pub use notified::{Known, Listed, Subscription};
pub use tokens::tenant;

/// Everything, wired. One for the life of the process.
#[derive(Debug)]
pub struct App {
    /// What is mirrored here.
    rows: Vec<&'static Row>,
    mirror: Mirror,
    tokens: Tokens,
    budget: Duration,
    /// By what notifications are known and where they go, if they are on.
    notifications: Option<(Keys, Url)>,
    /// How often the timer comes that looks after subscriptions.
    renewal: time::Duration,
    /// How long after a look that found nothing comes the second one.
    relook: Duration,
    relooks: doorbell::Relooks,
    tally: Tally,
    /// What the log has not said yet of what strangers posted.
    dropped: Digest<Tallied>,
    validations: Digest<u64>,
}

/// Longest refresh: somebody waits for its answer, and the platform's front ends a silent request after 230 s
/// (<https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout>).
const REFRESH_BUDGET: Duration = Duration::from_secs(100);

/// The resources that there are.
pub fn resources() -> impl Iterator<Item = &'static str> {
    catalogue::rows().iter().map(|row| row.resource)
}

/// Reads the catalogue, before anything asks for one of its rows.
///
/// # Errors
/// All that is wrong with its files, a line each.
pub fn catalogue() -> Result<(), &'static [String]> {
    catalogue::load().map(drop)
}

/// The rows of the catalogue.
pub fn rows() -> &'static [Row] {
    catalogue::rows()
}

impl App {
    /// Wires the parts. Opens nothing, no connection and no token; it looks which functions there are.
    pub fn new(settings: Settings) -> Self {
        let functions = settings.functions.as_deref();
        let rows = deployment::mirrored(functions);
        let renewal = deployment::schedule(functions, "renew_subscriptions");
        let renewal = renewal.and_then(|text| subscriptions::period(&text)).unwrap_or(subscriptions::PERIOD);
        let with_key = settings.cosmos.key.is_some();
        let tokens = Tokens::new(settings.identity, settings.graph.scopes.clone(), with_key);
        let limits = settings.limits;
        let cosmos = store::Options {
            endpoint: settings.cosmos.endpoint,
            database: settings.cosmos.database,
            key: settings.cosmos.key,
            concurrency: settings.cosmos.concurrency,
            containers: init::containers().collect(),
        };
        let origin = graph::Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
        let mirror = Mirror {
            graph: graph::Client::new(origin, tokens.for_graph()),
            store: Arc::new(Store::new(cosmos, tokens.for_cosmos())),
            options: mirror::Options {
                lease: limits.lease,
                doubt: limits.doubt,
                tombstone_ttl: limits.tombstone_ttl,
                max_delete_percent: limits.max_delete_percent,
                max_delete_count: limits.max_delete_count,
                accepts_removals: limits.accepts_removals,
            },
            progress: Arc::default(),
        };
        let notifications = settings.notifications.map(|on| (Keys::new(&on.secrets), on.url));
        let (budget, relook) = (limits.budget, limits.relook);
        Self {
            rows,
            mirror,
            tokens,
            budget,
            notifications,
            renewal,
            relook,
            relooks: doorbell::Relooks::default(),
            tally: Tally::default(),
            dropped: Digest::default(),
            validations: Digest::default(),
        }
    }

    /// Brings the copy of a feed up to date, for at most the budget of an inline turn.
    ///
    /// # Errors
    /// [`AppError`]; nothing is lost, the next turn carries on.
    pub async fn sync(&self, feed: &str) -> Result<Outcome, AppError> {
        self.sync_within(self.row(feed)?, self.budget).await
    }

    /// Brings the copies of single objects up to date, or without ids the copy of the whole resource, as
    /// [`App::sync`] does; somebody waits for it.
    ///
    /// # Errors
    /// [`AppError`]; of single objects, some may have been written.
    pub async fn refresh(&self, resource: &str, ids: &[String]) -> Result<Refreshed, AppError> {
        let (row, ids) = (self.row(resource)?, ids::checked(ids)?);
        let budget = self.budget.min(REFRESH_BUDGET);
        if ids.is_empty() {
            let outcome = self.sync_within(row, budget).await?;
            return Ok(Refreshed { outcome, nowhere: Vec::new() });
        }
        let reader = self.tokens.reader().await?;
        let refreshed = mirror::refresh(&self.mirror, row, &reader, &ids, budget).await;
        refreshed.map_err(|source| self.failed("refresh", row, source))
    }

    /// Has the next turn read the whole resource anew.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn reset(&self, resource: &str) -> Result<Outcome, AppError> {
        let row = self.row(resource)?;
        let reader = self.tokens.reader().await?;
        let reset = mirror::reset(&self.mirror, row, &reader).await;
        reset.map_err(|source| self.failed("reset", row, source))
    }

    /// How far the copy of a resource is, to the letter but for the link, which is a secret; none where nothing
    /// was copied yet.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn checkpoint(&self, resource: &str) -> Result<Option<Shown>, AppError> {
        let row = self.row(resource)?;
        let found = mirror::checkpoint(&self.mirror, row).await;
        found.map_err(|source| self.failed("checkpoint show", row, source))
    }

    /// How the copy of a resource is, or of all of them, each with its last `runs`. Asks Cosmos only: a few reads and
    /// one bounded query for each resource.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn status(&self, resource: Option<&str>, runs: u32) -> Result<Vec<Known>, AppError> {
        let rows = match resource {
            Some(resource) => vec![self.row(resource)?],
            None => self.rows.clone(),
        };
        let all = rows.into_iter().map(|row| async move {
            let status = mirror::status(&self.mirror, row, runs).await;
            let status = status.map_err(|source| self.failed("status", row, source.into()))?;
            Ok(Known { status, subscription: self.subscription(row.resource).await? })
        });
        try_join_all(all).await
    }

    async fn sync_within(&self, row: &'static Row, budget: Duration) -> Result<Outcome, AppError> {
        self.write_down().await;
        let started = Instant::now();
        let reader = match self.tokens.reader().await {
            Ok(reader) => reader,
            Err(error) => {
                mirror::record_failure(&self.mirror, row, &error, started.elapsed()).await;
                return Err(error);
            }
        };
        let synced = mirror::sync(&self.mirror, row, &reader, budget).await;
        synced.map_err(|source| self.failed("sync", row, source))
    }

    /// The row of a resource that is mirrored here.
    fn row(&self, name: &str) -> Result<&'static Row, AppError> {
        let found = self.rows.iter().find(|row| row.resource == name).copied();
        found.ok_or_else(|| {
            let known: Vec<_> = self.rows.iter().map(|row| row.resource).collect();
            AppError::UnknownResource {
                name: crate::json::shown_name(name).to_owned(),
                known: known.join(", "),
            }
        })
    }

    fn failed(&self, verb: &'static str, row: &Row, source: SyncError) -> AppError {
        if let Some(service) = source.refused_by() {
            self.tokens.forget(service);
        }
        AppError::Turn { verb, feed: row.resource, source }
    }
}
