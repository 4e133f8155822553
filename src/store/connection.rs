//! The connection to one Cosmos account and database.
//!
//! Opens nothing before the first use. The SDK's own retries are cut so that a 429 is seen here and
//! followed within the turn, and so that a write whose answer was lost is not sent again: its budget of
//! minutes outlasts an invocation, and a second copy of a lost write could land after we went on. HTTP/1.1
//! is part of that: over HTTP/2 the driver sends a request again on another connection when one breaks,
//! whatever the options say, and a reset takes all its neighbours along.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::credentials::{Secret, TokenCredential};
use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::options::{
    BinaryEncodingOptions, ConnectionPoolOptions, OperationOptions, ThrottlingRetryOptions,
};
use azure_data_cosmos::{AccountReference, CosmosClient, CosmosRuntime, Query, RoutingStrategy};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use url::Url;

use super::error::StoreError;
use super::looks::Looks;
use super::pacer::Pacer;
use super::remedy::Account;
use super::saves::Saves;
use super::scoped::Scoped;
use super::unfit::{Fault, Unfit};

/// How to reach the account.
#[derive(Debug)]
pub struct Options {
    /// Account endpoint.
    pub endpoint: Url,
    /// Database.
    pub database: String,
    /// Account key, for the emulator; else the credential is used.
    pub key: Option<SecretString>,
    /// The scope of the credential's tokens: another one in each cloud.
    pub scope: String,
    /// Most writes in flight.
    pub concurrency: usize,
    /// All containers that a copy may need, each with its partition key.
    pub containers: Vec<(&'static str, &'static str)>,
}

/// One database of one account.
pub struct Store {
    options: Options,
    credential: Arc<dyn TokenCredential>,
    client: OnceCell<CosmosClient>,
    containers: Mutex<HashMap<String, ContainerClient>>,
    pub(super) looks: Looks,
    pub(super) pacer: Pacer,
    saves: Saves,
}

/// Longest wait for the read of one document.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the account's topology; connecting is retried by the next invocation.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

impl Store {
    /// A store; opens nothing.
    pub fn new(options: Options, credential: Arc<dyn TokenCredential>) -> Self {
        let pacer = Pacer::new(options.concurrency);
        let (client, containers, looks, saves) = Default::default();
        Self { options, credential, client, containers, looks, pacer, saves }
    }

    /// Which saves of checkpoints this process made.
    pub fn saves(&self) -> &Saves {
        &self.saves
    }

    /// Most writes in flight.
    pub fn concurrency(&self) -> usize {
        self.options.concurrency
    }

    /// A container, which must exist.
    ///
    /// # Errors
    /// [`StoreError::Container`] names the container and how to create it.
    pub(super) async fn container(&self, name: &str) -> Result<ContainerClient, StoreError> {
        if let Some(container) = locked(&self.containers).get(name) {
            return Ok(container.clone());
        }
        let database = self.client().await?.database_client(&self.options.database);
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, database.container_client(name, None)).await;
        let container = opened
            .map_err(|_| StoreError::Unknown(format!("container `{name}` did not answer")))?
            .map_err(|error| match StoreError::from(error) {
                // It is asked for by its name: nothing else can be missing.
                StoreError::Missing(_) | StoreError::NoContainer(_) => {
                    StoreError::Container(Box::new(self.unfit(name, Fault::Missing)))
                }
                other => other.of_account(|| self.account()),
            })?;
        locked(&self.containers).insert(name.to_owned(), container.clone());
        Ok(container)
    }

    /// A container that is not as it has to be.
    pub(super) fn unfit(&self, container: &str, fault: Fault) -> Unfit {
        Unfit {
            container: container.to_owned(),
            database: self.options.database.clone(),
            partition_key: self.partition_key(container).to_owned(),
            fault,
            account: self.account(),
        }
    }

    /// The account, as commands name it.
    pub(super) fn account(&self) -> Account {
        Account::new(&self.options.endpoint, &self.options.database)
    }

    /// The partition key that a container needs.
    pub(super) fn partition_key(&self, container: &str) -> &'static str {
        let needed = self.options.containers.iter().find(|(name, _)| *name == container);
        needed.map_or("/id", |(_, key)| key)
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        &self.options.database
    }

    /// The account, which is opened at the first use.
    pub(super) async fn client(&self) -> Result<&CosmosClient, StoreError> {
        self.client
            .get_or_try_init(|| async {
                tokio::time::timeout(CONNECT_TIMEOUT, self.connect())
                    .await
                    .map_err(|_| StoreError::Unknown("the account did not answer".into()))?
            })
            .await
    }

    async fn connect(&self) -> Result<CosmosClient, StoreError> {
        let endpoint = self.options.endpoint.as_str().parse().map_err(|error| {
            StoreError::Unknown(format!("COSMOS_ENDPOINT is not an account endpoint: {error}"))
        })?;
        let account = match &self.options.key {
            Some(key) => AccountReference::with_authentication_key(
                endpoint,
                Secret::new(key.expose_secret().to_owned()),
            ),
            None => {
                let (credential, scope) = (Arc::clone(&self.credential), self.options.scope.clone());
                AccountReference::with_credential(endpoint, Arc::new(Scoped { credential, scope }))
            }
        };
        let pool = ConnectionPoolOptions::builder()
            .with_gateway_v2_disabled(true)
            .with_is_http2_allowed(false)
            .build()?;
        let runtime = CosmosRuntime::builder().with_connection_pool(pool).build().await?;
        let client = CosmosClient::builder()
            .with_runtime(runtime)
            .with_binary_encoding_options(BinaryEncodingOptions::new().with_enabled(false))
            .build(account, RoutingStrategy::PreferredRegions(Vec::new()))
            .await?;
        Ok(client)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("options", &self.options).finish_non_exhaustive()
    }
}

fn locked<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Options of a write: no retry behind our back, neither after a 429 nor after a lost answer.
pub(super) fn write_options() -> OperationOptions {
    let mut options = read_options();
    options.max_failover_retry_count = Some(0);
    options
}

/// Options of a read: 429s are ours to follow, regions may still be tried in turn.
pub(super) fn read_options() -> OperationOptions {
    let mut throttling = ThrottlingRetryOptions::default();
    throttling.max_retry_count = Some(0);
    let mut options = OperationOptions::default();
    options.throttling_retry_options = Some(throttling);
    options
}

/// Options of a query, whose pages cannot be asked for again one by one: the SDK follows short 429s.
pub(super) fn query_options() -> OperationOptions {
    let mut throttling = ThrottlingRetryOptions::default();
    throttling.max_retry_count = Some(20);
    throttling.max_retry_wait_time = Some(Duration::from_secs(30));
    let mut options = OperationOptions::default();
    options.throttling_retry_options = Some(throttling);
    options
}

/// A query with one parameter more.
pub(super) fn with(query: Query, name: &str, value: impl serde::Serialize) -> Result<Query, StoreError> {
    query
        .with_parameter(name, value)
        .map_err(|error| StoreError::Unknown(format!("a query parameter: {error}")))
}
