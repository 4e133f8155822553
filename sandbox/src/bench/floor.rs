//! The floor of a first copy: Cosmos DB's client alone, upserting the same documents from memory, one by one or in batches, in a
//! process of its own.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use azure_core::credentials::Secret;
use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::options::{BinaryEncodingOptions, ConnectionPoolOptions, ItemWriteOptions};
use azure_data_cosmos::{AccountReference, CosmosClient, CosmosRuntime, RoutingStrategy, TransactionalBatch};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::account::Account;
use crate::host;
use crate::world::World;

/// Writes in flight, as the handler has them.
const CONCURRENCY: usize = 64;
/// The words by which this program knows that it is the floor.
pub const FLOOR: &str = "floor-of";

/// What the client writes.
pub struct Writes<'a> {
    /// Into this container.
    pub container: &'a str,
    /// One document, written again and again under other ids.
    pub document: Option<Bytes>,
    /// How many times.
    pub count: usize,
    /// So many in one batch of a partition; one: each by itself.
    pub together: usize,
}

/// The processor seconds of 1,000 upserts of documents as a first copy writes them, by nothing but the client.
///
/// # Errors
/// When the process fails.
pub async fn floor(account: &Account, world: &World, writes: Writes<'_>) -> Result<f64> {
    let Writes { container, document, count, together } = writes;
    let document = document.context("a document was written")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([FLOOR, account.endpoint(), container, &count.to_string(), &together.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    let input = [world.cosmos.key().as_bytes(), b"\n", &document].concat();
    stdin.write_all(&input).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "the floor failed");
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(seconds * 1000.0 / count as f64)
}

/// The process: upserts one document so many times under as many ids, and says how much processor time that took. `input`: the
/// key of the account, and the document on the next line.
///
/// # Errors
/// When the account does not answer.
pub async fn upsert_alone(
    endpoint: &str,
    container: &str,
    (count, together): (usize, usize),
    input: &str,
) -> Result<f64> {
    let (key, document) = input.split_once('\n').context("a key and a document")?;
    let key = Secret::new(key.to_owned());
    let account = AccountReference::with_authentication_key(endpoint.parse()?, key);
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
    let container = client.database_client("graph").container_client(container, None).await?;
    let document: Arc<RawValue> = RawValue::from_string(document.to_owned())?.into();
    let ids: Vec<_> = (0..count).map(|number| format!("user-{number:012}")).collect();
    let chunks = ids.chunks(together.max(1)).map(|ids| upsert(&container, ids, &document));
    stream::iter(chunks).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    Ok(host::usage_of(std::process::id()).cpu_seconds)
}

/// A single document has a partition of its own, as an object has; documents of a batch share one, as links do.
async fn upsert(container: &ContainerClient, ids: &[String], document: &RawValue) -> Result<()> {
    if let [id] = ids {
        let upserted = container.upsert_item(id.clone(), id, document, Some(ItemWriteOptions::default()));
        upserted.await?;
        return Ok(());
    }
    let batch = TransactionalBatch::new("a-source");
    let batch = ids.iter().try_fold(batch, |batch, _| batch.upsert_item(document, None))?;
    container.execute_transactional_batch(batch, None).await?;
    Ok(())
}
