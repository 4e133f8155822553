//! The app: settings become parts, and the verbs that every way in calls.

use std::sync::Arc;
use std::time::Duration;

use crate::mirror::{self, Mirror, Outcome, SyncError};
use crate::settings::Settings;
use crate::store::{self, Store};
use crate::{catalogue, graph};
use tokens::Tokens;

mod tokens;

/// Everything, wired. One for the life of the process.
#[derive(Debug)]
pub struct App {
    mirror: Mirror,
    tokens: Tokens,
    budget: Duration,
}

/// A verb that failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such resource.
    #[error("unknown resource `{name}`; known are: {known}")]
    UnknownResource {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No token.
    #[error("no access token for {service}: {why}")]
    NoToken {
        /// What it is for.
        service: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// Nobody says which tenant this is.
    #[error("the tenant is unknown: set AZURE_TENANT_ID to the tenant's id")]
    NoTenant,
    /// The token is of another tenant than the settings say.
    #[error("AZURE_TENANT_ID is {stated}, but the identity is of tenant {found}")]
    AnotherTenant {
        /// As set.
        stated: String,
        /// As the token says.
        found: String,
    },
    /// The turn failed.
    #[error("sync of {feed} failed: {source}")]
    Sync {
        /// The feed.
        feed: String,
        /// Why.
        source: SyncError,
    },
}

/// The resources that there are.
pub fn resources() -> impl Iterator<Item = &'static str> {
    catalogue::rows().iter().map(|row| row.resource)
}

impl App {
    /// Wires the parts. Opens nothing: no connection, no token.
    pub fn new(settings: Settings) -> Self {
        let with_key = settings.cosmos.key.is_some();
        let tokens = Tokens::new(settings.identity, settings.graph.scope.clone(), with_key);
        let limits = settings.limits;
        let cosmos = store::Options {
            endpoint: settings.cosmos.endpoint,
            database: settings.cosmos.database,
            key: settings.cosmos.key,
            concurrency: settings.cosmos.concurrency,
        };
        let origin = graph::Options { origin: settings.graph.endpoint, scope: settings.graph.scope };
        let mirror = Mirror {
            graph: graph::Client::new(origin, tokens.for_graph()),
            store: Arc::new(Store::new(cosmos, tokens.for_cosmos())),
            options: mirror::Options {
                lease: limits.lease,
                doubt: limits.doubt,
                tombstone_ttl: limits.tombstone_ttl,
                max_delete_percent: limits.max_delete_percent,
                max_delete_count: limits.max_delete_count,
            },
        };
        Self { mirror, tokens, budget: limits.budget }
    }

    /// Brings the copy of a feed up to date, for at most the budget of an inline turn.
    ///
    /// # Errors
    /// [`AppError`]; nothing is lost, the next turn carries on.
    pub async fn sync(&self, feed: &str) -> Result<Outcome, AppError> {
        let row = catalogue::row(feed).ok_or_else(|| unknown(feed))?;
        let reader = self.tokens.reader().await?;
        let synced = mirror::sync(&self.mirror, row, &reader, self.budget).await;
        synced.map_err(|source| {
            if let Some(service) = source.refused_by() {
                self.tokens.forget(service);
            }
            AppError::Sync { feed: feed.to_owned(), source }
        })
    }
}

fn unknown(name: &str) -> AppError {
    AppError::UnknownResource { name: name.to_owned(), known: resources().collect::<Vec<_>>().join(", ") }
}
