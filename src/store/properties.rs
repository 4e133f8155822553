//! What there is in the account, and what the identity may do with it; for `init`, which compares, and for the
//! `doctor`, which tells.
//!
//! Promises: nothing of a copy is touched. The try of a write is a document of its own in `mirror`, in a partition
//! that no feed has; it is deleted at once, and expires by itself where that fails. Leaves out on purpose: what
//! the properties should be.

use std::time::{Duration, Instant};

use azure_data_cosmos::models::TimeToLive;
use azure_data_cosmos::options::{
    ItemReadOptions, ItemWriteOptions, ReadContainerOptions, ReadDatabaseOptions,
};
use serde_json::json;

use super::attempt;
use super::connection::{Store, read_options, write_options};
use super::definition::{CONTROL, Properties, Ttl};
use super::error::StoreError;
use super::unfit::Fault;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The partition of `mirror` in which a write is tried; no feed is called so.
const PARTITION: &str = "~doctor";
/// How long a document of ours stays that could not be deleted.
const TTL_SECONDS: u64 = 60;

/// Opens the account and looks for the database.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such database; others when the account cannot be asked.
pub async fn find_database(store: &Store) -> Result<(), StoreError> {
    let database = store.client().await?.database_client(store.database());
    let deadline = Instant::now() + TIMEOUT;
    let options = ReadDatabaseOptions::default().with_operation_options(read_options());
    attempt::once(deadline, database.read(Some(options))).await.map(drop)
}

/// The properties of a container.
///
/// # Errors
/// [`StoreError::Container`] when there is no such container.
pub async fn properties(store: &Store, name: &str) -> Result<Properties, StoreError> {
    let container = store.container(name).await?;
    let deadline = Instant::now() + TIMEOUT;
    let read = attempt::patiently(deadline, || {
        let options = ReadContainerOptions::default().with_operation_options(read_options());
        attempt::once(deadline, container.read(Some(options)))
    });
    let there = match read.await {
        // Read by its name: nothing else can be missing.
        Err(StoreError::Missing(_) | StoreError::NoContainer(_)) => {
            return Err(StoreError::Container(Box::new(store.unfit(name, Fault::Missing))));
        }
        read => read?.into_model()?,
    };
    let id = there.system_properties.resource_id.as_ref().map(ToString::to_string);
    let id = id.ok_or_else(|| StoreError::Unknown(format!("container `{name}` has no resource id")))?;
    let ttl = match there.default_ttl {
        TimeToLive::Forever => Ttl::Off,
        TimeToLive::Seconds(seconds) => Ttl::Default(seconds),
        _ => Ttl::On,
    };
    Ok(Properties { id, partition_key: there.partition_key.paths().join(", "), ttl })
}

/// Reads a document of `mirror` that is not there.
///
/// # Errors
/// [`StoreError::Forbidden`] when the identity may not read documents.
pub async fn try_read(store: &Store) -> Result<(), StoreError> {
    let container = store.container(CONTROL.0).await?;
    let options = ItemReadOptions::default().with_operation_options(read_options());
    let read = container.read_item(PARTITION.to_owned(), "none", Some(options));
    match attempt::once(Instant::now() + TIMEOUT, read).await {
        Ok(_) | Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a document of its own into `mirror`, and deletes it.
///
/// # Errors
/// [`StoreError::Forbidden`] when the identity may not write, or not delete.
pub async fn try_write(store: &Store) -> Result<(), StoreError> {
    let container = store.container(CONTROL.0).await?;
    let deadline = Instant::now() + TIMEOUT;
    let options = || ItemWriteOptions::default().with_operation_options(write_options());
    let id = uuid::Uuid::new_v4().to_string();
    let document = json!({ "id": id, "feed": PARTITION, "ttl": TTL_SECONDS });
    let created = container.create_item(PARTITION.to_owned(), &id, &document, Some(options()));
    attempt::once(deadline, created).await?;
    let deleted = container.delete_item(PARTITION.to_owned(), &id, Some(options()));
    attempt::once(deadline, deleted).await.map(drop)
}
