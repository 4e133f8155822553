//! The SDK team's in-memory emulator as a function from request to reply, and the few direct questions we ask it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use azure_core::http::{Method, Request};
use azure_data_cosmos_driver::{
    in_memory_emulator::{
        ContainerConfig, InMemoryEmulatorHttpClient, ReplicationConfig, VirtualAccountConfig, VirtualRegion,
    },
    models::PartitionKeyDefinition,
};
use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::options::Options;

/// A request to the emulator.
#[derive(Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    /// Path and query, still percent-encoded.
    pub(super) path: &'a str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// What the emulator, or somebody in its place, answers.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    /// An error in the form of <https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb>.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let headers = [
            ("content-type", "application/json"),
            ("x-ms-request-charge", "0"),
            ("x-ms-activity-id", ACTIVITY),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { status, headers, body: json!({"code": code, "message": message}).to_string().into() }
    }

    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).context("the emulator answers JSON")
    }
}

/// The activity id of answers that the emulator has no part in.
pub(super) const ACTIVITY: &str = "00000000-0000-4000-8000-00000000ac71";

/// The region that is advertised.
const REGION: &str = "West Europe";
/// A region that is not: a replica in the same place that may be behind. Its address is never asked over a socket.
const REPLICA: (&str, &str) = ("West Europe, another replica", "http://replica.invalid/");

/// The emulator with one database.
pub(super) struct Emulator {
    client: Arc<InMemoryEmulatorHttpClient>,
    base: Url,
    replica: Url,
    database: String,
    options: Options,
}

impl Emulator {
    /// An account that says of itself that it is at `base`, without a database. Containers go into `database`.
    pub(super) fn new(base: Url, database: &str, options: Options) -> anyhow::Result<Self> {
        let mut regions = vec![VirtualRegion::new(REGION, base.clone())];
        let replica: Url = REPLICA.1.parse()?;
        if options.replica {
            regions.push(VirtualRegion::new(REPLICA.0, replica.clone()));
        }
        let account = VirtualAccountConfig::new(regions)?
            .with_replication_config(ReplicationConfig::immediate())
            .with_throttling_enabled(options.request_units.is_some());
        let client = Arc::new(InMemoryEmulatorHttpClient::try_new(account)?);
        Ok(Self { client, base, replica, database: database.into(), options })
    }

    /// The other replica hears of nothing any more.
    pub(super) fn hold_replica_back(&self) {
        self.client.store().pause_replication(REPLICA.0);
    }

    /// The other replica hears of everything that it missed, and of what follows.
    pub(super) fn let_replica_catch_up(&self) {
        self.client.store().resume_replication(REPLICA.0);
    }

    /// Splits a partition of a container in two, as the service does when it grows.
    pub(super) fn split(&self, container: &str, partition: u32) {
        self.client.store().split_partition(&self.database, container, partition, Duration::from_millis(50));
    }

    /// Adds the database.
    pub(super) fn add_database(&self) {
        self.client.store().create_database(&self.database);
    }

    /// Adds a container with TTL on and no default TTL, as our infrastructure does.
    pub(super) async fn add_container(&self, name: &str, partition_key: &str) -> anyhow::Result<()> {
        let mut config = ContainerConfig::new().with_partition_count(self.options.partitions);
        if let Some(request_units) = self.options.request_units {
            config = config.with_throughput(request_units);
        }
        let config = config.build()?;
        let key = PartitionKeyDefinition::from(partition_key.to_owned());
        self.client.store().create_container_with_config(&self.database, name, key, config);
        let key = json!({"paths": [partition_key], "kind": "Hash", "version": 2});
        self.describe(name, &json!({"id": name, "partitionKey": key, "defaultTtl": -1})).await
    }

    /// Changes the default TTL of a container; without one its TTL is off.
    pub(super) async fn set_default_ttl(&self, name: &str, seconds: Option<i64>) -> anyhow::Result<()> {
        let there = self.container(name).await.context("the container is there")?;
        let mut wanted = json!({"id": name, "partitionKey": there["partitionKey"]});
        if let Some(seconds) = seconds {
            wanted["defaultTtl"] = json!(seconds);
        }
        self.describe(name, &wanted).await
    }

    /// Takes a container away.
    pub(super) async fn remove_container(&self, name: &str) -> anyhow::Result<()> {
        self.meta("DELETE", name, Bytes::new()).await
    }

    async fn describe(&self, name: &str, properties: &Value) -> anyhow::Result<()> {
        self.meta("PUT", name, properties.to_string().into()).await
    }

    async fn meta(&self, method: &str, name: &str, body: Bytes) -> anyhow::Result<()> {
        let path = format!("/dbs/{}/colls/{name}", self.database);
        let reply = self.ask(Ask { method, path: &path, headers: Vec::new(), body }).await?;
        ensure!(reply.is_success(), "container {name}: {}", String::from_utf8_lossy(&reply.body));
        Ok(())
    }

    /// What is known of a container, if there is one.
    pub(super) async fn container(&self, name: &str) -> Option<Value> {
        let path = format!("/dbs/{}/colls/{name}", self.database);
        let reply =
            self.ask(Ask { method: "GET", path: &path, headers: Vec::new(), body: Bytes::new() }).await;
        reply.ok().filter(Reply::is_success)?.json().ok()
    }

    /// One request, unguarded.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> anyhow::Result<Reply> {
        let is_account = ask.method == "GET" && ask.path.trim_matches('/').is_empty();
        let mut reply = self.ask_at(&self.base, ask).await?;
        if is_account && self.options.replica {
            reply.body = with_one_region(&reply.body).into();
        }
        Ok(reply)
    }

    /// One read, answered by the other replica; nothing when it is behind what the request's session has seen.
    pub(super) async fn ask_replica(&self, ask: Ask<'_>) -> anyhow::Result<Option<Reply>> {
        let reply = self.ask_at(&self.replica, ask).await?;
        let is_behind = reply.status == 404
            && reply.headers.iter().any(|(name, value)| name == "x-ms-substatus" && value == "1002");
        Ok((!is_behind).then_some(reply))
    }

    async fn ask_at(&self, base: &Url, ask: Ask<'_>) -> anyhow::Result<Reply> {
        let method: Method = ask.method.parse()?;
        // The Python SDK ends some paths with a slash, which the emulator refuses and the service accepts.
        let path = ask.path.trim_matches('/');
        let mut request = Request::new(base.join(path)?, method);
        for (name, value) in ask.headers {
            request.headers_mut().insert(name, value);
        }
        if !ask.body.is_empty() {
            request.set_body(ask.body);
        }
        let raw = self.client.execute_request(&request).await?.try_into_raw_response().await?;
        let headers =
            raw.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()));
        Ok(Reply {
            status: raw.status().into(),
            headers: headers.collect(),
            body: Bytes::copy_from_slice(raw.body().as_ref()),
        })
    }

    /// All documents of a container, with their system properties.
    pub(super) async fn documents(&self, container: &str) -> anyhow::Result<Vec<Value>> {
        self.query(container, "SELECT * FROM c").await
    }

    /// What a query finds in all partitions of a container.
    pub(super) async fn query(&self, container: &str, text: &str) -> anyhow::Result<Vec<Value>> {
        let path = self.docs(container);
        let (mut documents, mut continuation) = (Vec::new(), None);
        loop {
            let mut headers = headers(&[
                ("content-type", "application/query+json"),
                ("x-ms-documentdb-isquery", "True"),
                ("x-ms-documentdb-query-enablecrosspartition", "True"),
                // The emulator runs the whole query for every page.
                ("x-ms-max-item-count", "1000000"),
            ]);
            headers.extend(continuation.take().map(|token| ("x-ms-continuation".to_owned(), token)));
            let body = Bytes::from(json!({ "query": text }).to_string());
            let reply = self.ask(Ask { method: "POST", path: &path, headers, body }).await?;
            ensure!(reply.is_success(), "query {container}: {}", String::from_utf8_lossy(&reply.body));
            if let Value::Array(page) = &mut reply.json()?["Documents"] {
                documents.append(page);
            }
            continuation = reply
                .headers
                .iter()
                .find(|(name, _)| name == "x-ms-continuation")
                .map(|(_, token)| token.clone());
            if continuation.is_none() {
                return Ok(documents);
            }
        }
    }

    /// Deletes the documents that have no ttl of their own and were written until then.
    pub(super) async fn delete_older(&self, container: &str, newest: i64) -> anyhow::Result<()> {
        let there = self.container(container).await.context("the container is there")?;
        let path = there["partitionKey"]["paths"][0].as_str().context("it has a partition key")?;
        for document in self.documents(container).await? {
            let is_older = document["_ts"].as_i64().is_some_and(|written| written <= newest);
            if is_older && document.get("ttl").is_none() {
                let partition = json!([document.pointer(path)]).to_string();
                self.delete(container, &partition, document["id"].as_str().unwrap_or_default()).await?;
            }
        }
        Ok(())
    }

    /// One document, if it is there.
    pub(super) async fn document(
        &self,
        container: &str,
        partition: &str,
        id: &str,
    ) -> anyhow::Result<Option<Value>> {
        let reply = self.item("GET", container, &json!([partition]).to_string(), id, &[]).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        ensure!(reply.is_success(), "read {container}/{id}: {}", String::from_utf8_lossy(&reply.body));
        reply.json().map(Some)
    }

    /// Writes one document, whatever is there.
    pub(super) async fn put(&self, container: &str, partition: &str, document: &Value) -> anyhow::Result<()> {
        let reply = self.upsert(container, partition, document, &[]).await?;
        ensure!(reply.is_success(), "write to {container}: {}", String::from_utf8_lossy(&reply.body));
        Ok(())
    }

    /// Writes one document over the version that its `_etag` names; false when that is not there any more.
    pub(super) async fn put_over(
        &self,
        container: &str,
        partition: &str,
        document: &Value,
    ) -> anyhow::Result<bool> {
        let etag = document["_etag"].as_str().context("the document has an etag")?;
        let reply = self.upsert(container, partition, document, &[("if-match", etag)]).await?;
        let text = String::from_utf8_lossy(&reply.body);
        ensure!(reply.is_success() || reply.status == 412, "write to {container}: {text}");
        Ok(reply.is_success())
    }

    async fn upsert(
        &self,
        container: &str,
        partition: &str,
        document: &Value,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Reply> {
        let key = json!([partition]).to_string();
        let mut all = vec![
            ("content-type", "application/json"),
            ("x-ms-documentdb-is-upsert", "True"),
            ("x-ms-documentdb-partitionkey", &key),
        ];
        all.extend(more);
        let (path, body) = (self.docs(container), document.to_string().into());
        self.ask(Ask { method: "POST", path: &path, headers: headers(&all), body }).await
    }

    /// Deletes one document; `partition` as in the header.
    pub(super) async fn delete(&self, container: &str, partition: &str, id: &str) -> anyhow::Result<()> {
        let reply = self.item("DELETE", container, partition, id, &[]).await?;
        ensure!(reply.is_success() || reply.status == 404, "delete {container}/{id}: {}", reply.status);
        Ok(())
    }

    /// Deletes one document whose time to live is over, unless another version has taken its place meanwhile.
    pub(super) async fn delete_expired(
        &self,
        container: &str,
        partition: &str,
        id: &str,
    ) -> anyhow::Result<()> {
        let reply = self.item("GET", container, partition, id, &[]).await?;
        let document = if reply.is_success() { reply.json()? } else { Value::Null };
        let (Some(_), Some(etag)) = (document["ttl"].as_u64(), document["_etag"].as_str()) else {
            return Ok(());
        };
        let reply = self.item("DELETE", container, partition, id, &[("if-match", etag)]).await?;
        let is_done = reply.is_success() || matches!(reply.status, 404 | 412);
        ensure!(is_done, "delete {container}/{id}: {}", reply.status);
        Ok(())
    }

    async fn item(
        &self,
        method: &str,
        container: &str,
        partition: &str,
        id: &str,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Reply> {
        let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("{}/{id}", self.docs(container));
        let mut all = vec![("x-ms-documentdb-partitionkey", partition)];
        all.extend(more);
        let headers = headers(&all);
        self.ask(Ask { method, path: &path, headers, body: Bytes::new() }).await
    }

    fn docs(&self, container: &str) -> String {
        format!("/dbs/{}/colls/{container}/docs", self.database)
    }
}

/// What the account says of itself, without the replica.
fn with_one_region(body: &[u8]) -> Vec<u8> {
    let Ok(mut account) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    for locations in ["readableLocations", "writableLocations"] {
        if let Some(all) = account[locations].as_array_mut() {
            all.retain(|location| location["name"] != REPLICA.0);
        }
    }
    account.to_string().into_bytes()
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}
