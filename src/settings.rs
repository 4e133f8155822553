//! Settings: what the environment says, read once and checked as a whole.
//!
//! Each way to read them is a pure function of a lookup, so that nothing else in the product touches the
//! environment: [`Settings::for_serve`] and [`Settings::for_command`] read all of them, [`Settings::for_graph`]
//! only those that Graph needs. Every problem is reported at once, by the name of its variable; secrets never show in
//! `Debug`. Values that only another part of the product understands (a lease, a page) stay plain
//! durations and counts here.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

mod cloud;
mod hashes;
mod host;
mod identity;
mod kind;
mod lookup;
mod notifications;
mod person;
mod registration;

use crate::credentials::Credential;
use cloud::Cloud;
pub use cloud::Graph;
pub use host::HostStorage;
pub use identity::Identity;
use kind::Mode;
pub use lookup::Problems;
use lookup::Reader;
pub use notifications::Notifications;
pub use person::state_folder;

/// Everything the product was told, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the Microsoft cloud.
    pub cloud: &'static str,
    /// Where Microsoft Graph is.
    pub graph: Graph,
    /// Where the copy lives.
    pub cosmos: Cosmos,
    /// Who we are towards both.
    pub identity: Identity,
    /// Change notifications, if they are on.
    pub notifications: Option<Notifications>,
    /// How long turns, leases and tombstones last, and what the sweep may remove.
    pub limits: Limits,
    /// Where traces and metrics go, in builds that export them.
    pub collector: Option<Url>,
    /// Where the functions are, as the Functions host says: what has one is mirrored.
    pub functions: Option<PathBuf>,
    /// Where the Functions host keeps its queue.
    pub storage: HostStorage,
    /// The key of the hashes that stand for properties.
    pub hash_secret: Option<SecretString>,
    /// Timers and the queue start the work, and nobody waits for it.
    pub serves: bool,
    /// App Service authenticates callers: <https://learn.microsoft.com/azure/app-service/overview-authentication-authorization>.
    pub platform_authenticates: bool,
}

/// What a command needs that asks Graph and no copy.
#[derive(Debug)]
pub struct ForGraph {
    /// Where Microsoft Graph is.
    pub graph: Graph,
    /// The tenant, when it is stated.
    pub tenant_id: Option<String>,
    /// Who we are towards Graph.
    pub credential: Credential,
}

/// Azure Cosmos DB: account, database and, for the emulator only, a key.
#[derive(Debug, Clone)]
pub struct Cosmos {
    /// Account endpoint: https, or http on loopback.
    pub endpoint: Url,
    /// Database that holds one container per resource and `mirror`.
    pub database: String,
    /// Account key; without it the app credential is used.
    pub key: Option<SecretString>,
    /// The scope of a token for it.
    pub scope: String,
    /// Most writes in flight in this process.
    pub concurrency: usize,
}

/// Times and bounds of a turn.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest inline turn.
    pub budget: Duration,
    /// Life of the lease on a feed.
    pub lease: Duration,
    /// Age at which doubt is settled.
    pub doubt: Duration,
    /// After a requested run, how long after a look that found nothing the second one comes.
    pub relook: Duration,
    /// How long a tombstone stays.
    pub tombstone_ttl: Duration,
    /// The removal limit: it holds when more than this share …
    pub max_delete_percent: f64,
    /// … and more than this many documents would go.
    pub max_delete_count: u64,
    /// A first copy of more objects than this is read as a list; none: no copy is.
    pub list_above: Option<u64>,
    /// Nothing holds a sweep: somebody has looked at what it would remove.
    pub accepts_removals: bool,
}

impl Limits {
    /// Lets the next sweep remove whatever is missing.
    pub fn accept_removals(&mut self) {
        self.accepts_removals = true;
    }
}

/// The folder of the functions, as the Functions host says; none where nobody says it.
pub fn functions(mut lookup: impl FnMut(&str) -> Option<String>) -> Option<PathBuf> {
    lookup("FUNCTIONS_APP_ROOT_PATH").filter(|path| !path.is_empty()).map(PathBuf::from)
}

impl Settings {
    /// These, if they have what the rows of the mirrored resources need: `hashing` is one whose row hashes properties,
    /// `lacking` says what this cloud lacks.
    ///
    /// # Errors
    /// All problems at once, each naming its variable.
    pub fn for_rows(
        self,
        hashing: Option<&str>,
        lacking: impl Iterator<Item = String>,
    ) -> Result<Self, Problems> {
        let secret = hashing.filter(|_| self.hash_secret.is_none()).map(hashes::missing);
        let problems = lacking.map(|what| format!("AZURE_CLOUD: {what}")).chain(secret);
        Problems::none_of(problems.collect(), self)
    }

    /// Reads and checks all settings of `serve` through `lookup` (an empty value counts as unset). Credentials that
    /// need a person are refused.
    ///
    /// # Errors
    /// All problems at once, each naming its variable and what to set.
    pub fn for_serve(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        Self::read(lookup, Mode::Serve)
    }

    /// Reads and checks all settings of a command that works on the copy.
    ///
    /// # Errors
    /// As [`Settings::for_serve`].
    pub fn for_command(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        Self::read(lookup, Mode::Command)
    }

    /// Reads and checks what a command needs that asks Graph only; the credential is the one that
    /// [`Settings::for_command`] has for Graph.
    ///
    /// # Errors
    /// As [`Settings::for_serve`].
    pub fn for_graph(lookup: impl Fn(&str) -> Option<String>) -> Result<ForGraph, Problems> {
        let mut reader = Reader::new(lookup);
        let cloud = Cloud::read(&mut reader);
        let graph = cloud.graph(&mut reader);
        let with_key = reader.text("COSMOS_KEY").is_some();
        let credential = identity::for_graph(&mut reader, cloud, &graph.scopes, Mode::Command, with_key);
        let tenant_id = reader.text("AZURE_TENANT_ID");
        reader.finish(ForGraph { graph, tenant_id, credential })
    }

    fn read(lookup: impl Fn(&str) -> Option<String>, mode: Mode) -> Result<Self, Problems> {
        let mut reader = Reader::new(lookup);
        let cloud = Cloud::read(&mut reader);
        let graph = cloud.graph(&mut reader);
        let cosmos = cosmos(&mut reader, cloud);
        let identity = identity::identity(&mut reader, cloud, &graph.scopes, mode, cosmos.key.is_some());
        let notifications = notifications::notifications(&mut reader);
        let limits = limits(&mut reader);
        let collector = reader.text("OTEL_EXPORTER_OTLP_ENDPOINT");
        let collector = collector.map(|text| reader.endpoint("OTEL_EXPORTER_OTLP_ENDPOINT", &text));
        let functions = functions(|name| reader.text(name));
        let hash_secret = hashes::secret(&mut reader);
        let (storage, serves) = (host::storage(&mut reader), mode == Mode::Serve);
        let platform_authenticates = host::authenticates(&mut reader);
        let settings = Self {
            cloud: cloud.name(),
            graph,
            cosmos,
            identity,
            notifications,
            limits,
            collector,
            functions,
            storage,
            hash_secret,
            serves,
            platform_authenticates,
        };
        reader.finish(settings)
    }
}

/// A variable of the process environment: the only place that reads it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn cosmos(reader: &mut Reader<'_>, cloud: Cloud) -> Cosmos {
    Cosmos {
        endpoint: reader.required_endpoint("COSMOS_ENDPOINT", "https://<account>.documents.azure.com/"),
        database: reader.text("COSMOS_DATABASE").unwrap_or_else(|| "graph".into()),
        key: reader.text("COSMOS_KEY").map(SecretString::from),
        scope: cloud.cosmos_scope(),
        concurrency: reader.number("COSMOS_CONCURRENCY", 64.0, 1.0..=1024.0) as usize,
    }
}

/// Why a tombstone has to stay for so long: <https://learn.microsoft.com/graph/delta-query-overview#token-duration>.
const LONGER_THAN_A_TOKEN: &str = "; a tombstone has to stay for longer than a delta token lives, which is 7 days: by it \
                                   the feeds learn which links have lost an end";

/// More objects than any tenant has.
const NEVER: f64 = 1e9;

fn limits(reader: &mut Reader<'_>) -> Limits {
    const DAY: f64 = 86_400.0;
    let seconds = Duration::from_secs_f64;
    Limits {
        budget: seconds(reader.number("SYNC_BUDGET_SECONDS", 240.0, 0.0..=DAY)),
        lease: seconds(reader.number("LEASE_SECONDS", 15.0, 3.0..=600.0)),
        doubt: seconds(60.0 * reader.number("DOUBT_MINUTES", 15.0, 0.0..=1440.0)),
        relook: seconds(reader.number("RELOOK_SECONDS", 30.0, 0.0..=600.0)),
        tombstone_ttl: seconds(
            DAY * reader.number_because("TOMBSTONE_TTL_DAYS", 30.0, 8.0..=3650.0, LONGER_THAN_A_TOKEN),
        ),
        max_delete_percent: reader.number("MAX_DELETE_PERCENT", 20.0, 0.0..=100.0),
        max_delete_count: reader.number("MAX_DELETE_COUNT", 10.0, 0.0..=1e9) as u64,
        list_above: Some(reader.number("LIST_ABOVE", 2000.0, 0.0..=NEVER))
            .filter(|above| *above < NEVER)
            .map(|above| above as u64),
        accepts_removals: false,
    }
}

#[cfg(test)]
mod tests;
