//! Creating what a copy needs: the database, and containers with TTL on and no default.
//!
//! Only an account key may: an Entra token creates nothing in the data plane. What exists is left as it is,
//! so that it can be run again; what is not as it should be is said. Leaves out on purpose: throughput, which
//! is then what the account gives a container by itself, and which containers there are.

use std::time::{Duration, Instant};

use azure_data_cosmos::models::{ContainerProperties, TimeToLive};
use azure_data_cosmos::options::{CreateContainerOptions, CreateDatabaseOptions};

use super::attempt;
use super::connection::{Store, write_options};
use super::error::StoreError;
use super::properties::properties;
use super::unfit::{Fault, Unfit};

/// Longest wait for one database or container.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What came of a container, or of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It is new.
    Created,
    /// It was there, as it should be.
    Found,
    /// It was there, but not as it has to be.
    Unfit(Box<Unfit>),
}

/// Creates the database unless it is there.
///
/// # Errors
/// [`StoreError`]; running it again carries on.
pub async fn create_database(store: &Store) -> Result<Creation, StoreError> {
    let client = store.client().await?;
    let deadline = Instant::now() + TIMEOUT;
    let created = attempt::patiently(deadline, || {
        let options = CreateDatabaseOptions::default().with_operation_options(write_options());
        attempt::once(deadline, client.create_database(store.database(), Some(options)))
    });
    match created.await {
        Ok(_) => Ok(Creation::Created),
        Err(StoreError::Overtaken) => Ok(Creation::Found),
        Err(error) => Err(error),
    }
}

/// Creates a container with this partition key unless it is there.
///
/// # Errors
/// As [`create_database`].
pub async fn create_container(
    store: &Store,
    name: &str,
    partition_key: &str,
) -> Result<Creation, StoreError> {
    let database = store.client().await?.database_client(store.database());
    let wanted = ContainerProperties::new(name.to_owned(), partition_key.into())
        .with_default_ttl(TimeToLive::NoDefault);
    let deadline = Instant::now() + TIMEOUT;
    let created = attempt::patiently(deadline, || {
        let options = CreateContainerOptions::default().with_operation_options(write_options());
        attempt::once(deadline, database.create_container(wanted.clone(), Some(options)))
    });
    match created.await {
        Ok(_) => Ok(Creation::Created),
        Err(StoreError::Overtaken) => found(store, name, partition_key).await,
        Err(error) => Err(error),
    }
}

/// How a container that was there compares with the one that was wanted.
async fn found(store: &Store, name: &str, partition_key: &str) -> Result<Creation, StoreError> {
    let there = properties(store, name).await?;
    let fault = Fault::of(&there, partition_key);
    Ok(fault.map_or(Creation::Found, |fault| Creation::Unfit(Box::new(store.unfit(name, fault)))))
}
