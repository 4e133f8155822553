//! The handle of a running account: what a test does to it and asks of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    behind::Behind, containers::containers, emulator::Emulator, fault::Fault, inner::Inner, options::Options,
    request::Match, sabotage::Sabotage, wire, writes::Write,
};
use crate::{
    clock::Clock,
    deviations::Deviant,
    identity::Identity,
    loopback::{Loopback, Server},
    script::{Faults, Gates, Hold, Rule, lock},
};

/// The name of the one database.
pub const DATABASE: &str = "graph";

/// Where a held request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before it is carried out.
    Before,
    /// After it was carried out, before it is answered.
    After,
}

/// The audiences of tokens for the account of that origin: clients differ in whether they name the port.
fn accounts(origin: &str) -> anyhow::Result<[String; 2]> {
    let url = url::Url::parse(origin)?;
    let host = url.host_str().unwrap_or_default();
    Ok([origin.to_owned(), format!("{}://{host}", url.scheme())])
}

/// The running account. Clones are handles to the same one.
#[derive(Clone)]
pub struct Cosmos {
    inner: Arc<Inner>,
    server: Server,
    clock: Clock,
    deviant: Deviant,
    origin: String,
}

impl Cosmos {
    /// Starts an account with the database `graph` and the containers `users` (by `/id`) and `mirror` (by `/feed`).
    pub async fn start(identity: Identity) -> anyhow::Result<Self> {
        Self::start_with(identity, Options::default()).await
    }

    /// As [`Cosmos::start`], an account that is like this.
    pub async fn start_with(identity: Identity, options: Options) -> anyhow::Result<Self> {
        Self::start_behind(None, identity, options).await
    }

    /// As [`Cosmos::start_with`], an account that clients see at this origin, where something stands before it.
    pub async fn start_behind(
        origin: Option<&str>,
        identity: Identity,
        options: Options,
    ) -> anyhow::Result<Self> {
        let cosmos = Self::begin(origin, identity, options).await?;
        cosmos.inner.emulator.add_database();
        cosmos.add_container("users", "/id").await?;
        cosmos.add_container("mirror", "/feed").await?;
        Ok(cosmos)
    }

    /// Starts an account without any database.
    pub async fn start_empty(identity: Identity, options: Options) -> anyhow::Result<Self> {
        Self::begin(None, identity, options).await
    }

    async fn begin(origin: Option<&str>, identity: Identity, options: Options) -> anyhow::Result<Self> {
        let loopback = Loopback::bind().await?;
        let origin = origin.unwrap_or(loopback.origin()).to_owned();
        let inner = Arc::new(Inner {
            emulator: Emulator::new(format!("{origin}/").parse()?, DATABASE, options)?,
            identity,
            audience: options.audience,
            account: accounts(&origin)?,
            key: BASE64_STANDARD.encode([0x5a; 64]),
            faults: Faults::default(),
            before: Gates::default(),
            after: Gates::default(),
            expiry: Mutex::default(),
            saboteur: Mutex::default(),
            behind: Mutex::default(),
            writes: Mutex::default(),
        });
        let clock = Clock::default();
        let deviant = Deviant::default();
        let router = deviant.before(Router::new().fallback(wire::respond).with_state(Arc::clone(&inner)));
        Ok(Self { inner, server: loopback.serve(clock.date(router)), clock, deviant, origin })
    }

    /// The account endpoint, `http://127.0.0.1:<port>/` unless something stands before it: what `COSMOS_ENDPOINT` is set to.
    pub fn endpoint(&self) -> String {
        format!("{}/", self.origin)
    }

    /// Where it is served.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Where a deviation is planted.
    pub fn deviant(&self) -> &Deviant {
        &self.deviant
    }

    /// The account key.
    pub fn key(&self) -> &str {
        &self.inner.key
    }

    /// Adds the database to an account that was started without.
    pub fn add_database(&self) {
        self.inner.emulator.add_database();
    }

    /// What the account says of a container, if there is one.
    pub async fn container(&self, name: &str) -> Option<Value> {
        self.inner.emulator.container(name).await
    }

    /// Adds a container with TTL on and no default.
    pub async fn add_container(&self, name: &str, partition_key: &str) -> anyhow::Result<()> {
        self.inner.emulator.add_container(name, partition_key).await
    }

    /// Changes the default TTL of a container: -1 is on without a default, nothing is off.
    ///
    /// # Errors
    /// When there is no such container.
    pub async fn set_default_ttl(&self, container: &str, seconds: Option<i64>) -> anyhow::Result<()> {
        self.inner.emulator.set_default_ttl(container, seconds).await?;
        lock(&self.inner.expiry).set_default(container, seconds);
        Ok(())
    }

    /// Takes a container away, with all that is in it.
    ///
    /// # Errors
    /// When there is no such container.
    pub async fn remove_container(&self, name: &str) -> anyhow::Result<()> {
        self.inner.emulator.remove_container(name).await?;
        lock(&self.inner.expiry).forget(name);
        Ok(())
    }

    /// Adds the containers of all feeds but `users`, such as `groups`, by `/id`, and those of all links that feeds tell, such
    /// as `groups-members`, by `/_mirror/parent`.
    pub async fn add_all_containers(&self) -> anyhow::Result<()> {
        for (name, key) in containers().filter(|(name, _)| *name != "users") {
            self.add_container(name, key).await?;
        }
        Ok(())
    }

    /// All documents of a container as they are stored, unguarded: no authorization, faults or gates.
    ///
    /// # Panics
    /// When there is no such container.
    pub async fn documents(&self, container: &str) -> Vec<Value> {
        self.inner.expire(container).await;
        self.inner.emulator.documents(container).await.expect("the container is there")
    }

    /// What a query finds in all partitions of a container, unguarded.
    ///
    /// # Panics
    /// When the emulator does not answer it.
    pub async fn query(&self, container: &str, text: &str) -> Vec<Value> {
        self.inner.emulator.query(container, text).await.expect("the emulator answers the query")
    }

    /// All documents of a container that may have been removed a moment ago: it has none then.
    pub async fn documents_if_any(&self, container: &str) -> Vec<Value> {
        self.inner.expire(container).await;
        self.inner.emulator.documents(container).await.unwrap_or_default()
    }

    /// One document as it is stored, unguarded.
    ///
    /// # Panics
    /// When the emulator cannot be asked.
    pub async fn document(&self, container: &str, partition: &str, id: &str) -> Option<Value> {
        self.inner.expire(container).await;
        self.inner.emulator.document(container, partition, id).await.expect("the emulator answers")
    }

    /// Writes one document, unguarded and unlogged, as an operator would past the product. System properties in it
    /// are replaced, as the service does.
    ///
    /// # Errors
    /// When the emulator refuses it.
    pub async fn put(&self, container: &str, partition: &str, document: &Value) -> anyhow::Result<()> {
        self.inner.emulator.put(container, partition, document).await
    }

    /// Deletes one document, unguarded and unlogged.
    ///
    /// # Errors
    /// When the emulator refuses it.
    pub async fn delete(&self, container: &str, partition: &str, id: &str) -> anyhow::Result<()> {
        self.inner.emulator.delete(container, &serde_json::json!([partition]).to_string(), id).await
    }

    /// Writes one document over the version that its `_etag` names, unguarded and unlogged; false when somebody
    /// was faster.
    ///
    /// # Errors
    /// When it has no etag, or the emulator refuses it for another reason.
    pub async fn put_over(&self, container: &str, partition: &str, document: &Value) -> anyhow::Result<bool> {
        self.inner.emulator.put_over(container, partition, document).await
    }

    /// The clock that its answers are dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The fault script.
    pub fn faults(&self) -> &Faults<Match, Fault> {
        &self.inner.faults
    }

    /// The next matching requests fail so: the short form of pushing one rule.
    pub fn fail(&self, when: Match, times: usize, fault: Fault) {
        self.inner.faults.push(Rule { when, times, fault });
    }

    /// Matching requests wait at that moment until the hold is released. A discarded one is reset; it was carried out only
    /// if it waited [`Moment::After`].
    pub fn hold(&self, when: Match, moment: Moment) -> Hold {
        match moment {
            Moment::Before => self.inner.before.hold(when),
            Moment::After => self.inner.after.hold(when),
        }
    }

    /// From now on, reads that fit are answered by a replica that hears of nothing, unless their session has seen more;
    /// as long as the handle lives. Needs [`Options::replica`].
    pub fn read_behind(&self, when: Match) -> Behind {
        Behind::new(&self.inner, when)
    }

    /// Splits a partition of a container in two, by its number; what is asked of it meanwhile is refused for a moment.
    pub fn split(&self, container: &str, partition: u32) {
        self.inner.emulator.split(container, partition);
    }

    /// Orders damage that nobody is told of.
    pub fn sabotage(&self, sabotage: Sabotage) {
        lock(&self.inner.saboteur).order(sabotage);
    }

    /// What damage was done so far, one sentence each.
    pub fn sabotaged(&self) -> Vec<String> {
        lock(&self.inner.saboteur).done()
    }

    /// Lets time pass for the expiry of documents.
    pub fn advance(&self, time: Duration) {
        lock(&self.inner.expiry).advance(time);
    }

    /// All writes that were tried since the start or the last [`Cosmos::reset_log`].
    pub fn writes(&self) -> Vec<Write> {
        lock(&self.inner.writes).clone()
    }

    /// Empties the log of writes.
    pub fn reset_log(&self) {
        lock(&self.inner.writes).clear();
    }
}
