//! The app: settings become parts, and the verbs that every way in calls.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential as _;

use crate::catalogue::Row;
use crate::credentials::{self, Cached, claims};
use crate::mirror::{self, Difference, Mirror, Outcome, Progress, Reader, SyncError, Verified};
use crate::settings::Settings;
use crate::store::{self, Store, StoreError};
use crate::{catalogue, graph};

pub use crate::store::Made;

/// Everything, wired. One for the life of the process.
#[derive(Debug)]
pub struct App {
    mirror: Mirror,
    credential: Arc<Cached>,
    scope: String,
    tenant_id: Option<String>,
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
    #[error("no access token: {0}")]
    NoToken(String),
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
    /// The database or a container could not be created.
    #[error("init failed at {what}: {source}")]
    Init {
        /// `database`, or the name of the container.
        what: &'static str,
        /// Why.
        source: StoreError,
    },
    /// The verification failed.
    #[error("verify of {feed} failed: {source}")]
    Verify {
        /// The feed.
        feed: String,
        /// Why.
        source: SyncError,
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

/// The rows of the catalogue.
pub fn rows() -> &'static [Row] {
    catalogue::rows()
}

/// All containers that a copy needs, each with its partition key.
pub fn containers() -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue::rows().iter().flat_map(Row::containers).chain([store::CONTROL])
}

impl App {
    /// Wires the parts. Opens nothing: no connection, no token.
    pub fn new(settings: Settings) -> Self {
        let credential = credentials::app(settings.identity.client_id.as_deref());
        let limits = settings.limits;
        let cosmos = store::Options {
            endpoint: settings.cosmos.endpoint,
            database: settings.cosmos.database,
            key: settings.cosmos.key,
            concurrency: settings.cosmos.concurrency,
        };
        let scope = settings.graph.scope;
        let origin = graph::Options { origin: settings.graph.endpoint, scope: scope.clone() };
        let mirror = Mirror {
            graph: graph::Client::new(origin, credential.clone()),
            store: Arc::new(Store::new(cosmos, credential.clone())),
            options: mirror::Options {
                lease: limits.lease,
                doubt: limits.doubt,
                tombstone_ttl: limits.tombstone_ttl,
                max_delete_percent: limits.max_delete_percent,
                max_delete_count: limits.max_delete_count,
            },
            progress: Arc::default(),
        };
        Self { mirror, credential, scope, tenant_id: settings.identity.tenant_id, budget: limits.budget }
    }

    /// Brings the copy of a feed up to date, for at most the budget of an inline turn.
    ///
    /// # Errors
    /// [`AppError`]; nothing is lost, the next turn carries on.
    pub async fn sync(&self, feed: &str) -> Result<Outcome, AppError> {
        let row = catalogue::row(feed).ok_or_else(|| unknown(feed))?;
        let reader = self.reader().await?;
        let synced = mirror::sync(&self.mirror, row, &reader, self.budget).await;
        synced.map_err(|source| {
            if source.refuses_token() {
                self.credential.forget();
            }
            AppError::Sync { feed: feed.to_owned(), source }
        })
    }

    /// Compares the copy of a feed with Graph, for as long as that takes. Changes nothing.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn verify(&self, feed: &str) -> Result<Verified, AppError> {
        let row = catalogue::row(feed).ok_or_else(|| unknown(feed))?;
        let reader = self.reader().await?;
        let verified = mirror::verify(&self.mirror, row, &reader).await;
        verified.map_err(|source| AppError::Verify { feed: feed.to_owned(), source })
    }

    /// Looks at differences again: those that are left.
    ///
    /// # Errors
    /// As [`App::verify`].
    pub async fn verify_again(
        &self,
        feed: &str,
        differences: &[Difference],
    ) -> Result<Vec<Difference>, AppError> {
        let row = catalogue::row(feed).ok_or_else(|| unknown(feed))?;
        let reader = self.reader().await?;
        let left = mirror::verify_again(&self.mirror, row, &reader, differences).await;
        left.map_err(|source| AppError::Verify { feed: feed.to_owned(), source })
    }

    /// How far whatever is under way is.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.mirror.progress)
    }

    /// Creates the database and all [`containers`], as far as they are not there: what came of each, the
    /// database first. It takes the account key.
    ///
    /// # Errors
    /// [`AppError::Init`]; running it again carries on.
    pub async fn init(&self) -> Result<Vec<(&'static str, Made)>, AppError> {
        let failed = |what| move |source| AppError::Init { what, source };
        let store = &self.mirror.store;
        let mut made = vec![("database", store.create_database().await.map_err(failed("database"))?)];
        for (name, key) in containers() {
            made.push((name, store.create_container(name, key).await.map_err(failed(name))?));
        }
        Ok(made)
    }

    /// Whose objects we read: as the settings say, else as our token says.
    async fn reader(&self) -> Result<Reader, AppError> {
        let token = self.credential.get_token(&[&self.scope], None).await;
        let token = token.map_err(|error| AppError::NoToken(credentials::explain(&error)))?;
        let claims = claims(token.token.secret());
        let tenant_id = match (&self.tenant_id, claims.tid) {
            // A tenant may also be stated by a domain name, which the token does not carry.
            (Some(stated), Some(found)) if is_guid(stated) && !stated.eq_ignore_ascii_case(&found) => {
                return Err(AppError::AnotherTenant { stated: stated.clone(), found });
            }
            (_, Some(found)) => found,
            (Some(stated), None) => stated.clone(),
            (None, None) => return Err(AppError::NoTenant),
        };
        Ok(Reader { tenant_id, principal_id: claims.oid })
    }
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn unknown(name: &str) -> AppError {
    AppError::UnknownResource { name: name.to_owned(), known: resources().collect::<Vec<_>>().join(", ") }
}
