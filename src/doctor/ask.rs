//! Asks the services, all of them side by side, and judges nothing.
//!
//! Promises: each question has an answer or an error within [`LONGEST`]; at most four follow one another (token,
//! account, containers, documents), so that the whole is over within a minute.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential as _;
use azure_core::error::{Error, ErrorKind};
use futures_util::future::join_all;
use time::OffsetDateTime;
use url::{Host, Url};

use super::notification::{Handshake, Place};
use super::verdict::Service;
use super::{clock, cosmos, graph, throttling, token};
use crate::app;
use crate::catalogue::{Mode, Permission, Resource};
use crate::credentials::{Cached, Credential, cached, claims};
use crate::graph::{Client, GraphError, Options, probe};
use crate::protocol::{CHECKPOINT, Checkpoint};
use crate::settings::{HostStorage, Settings};
use crate::store::{self, Account, CONTROL, Control, Store, StoreError, properties};

mod web;

/// Longest wait for the answer to one question.
const LONGEST: Duration = Duration::from_secs(15);

/// Everything that is asked, wired.
pub struct Asking {
    resources: Vec<&'static Arc<Resource>>,
    graph: Client,
    graph_endpoint: Url,
    graph_scopes: Vec<String>,
    graph_credential: (&'static str, Arc<Cached>),
    cosmos_credential: (&'static str, Arc<Cached>),
    store: Store,
    cosmos_endpoint: Url,
    cosmos_scope: String,
    /// Where tokens come from, if the credential for Graph asks Entra itself.
    entra: Option<Url>,
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// Cosmos is asked with the credential that Graph is asked with.
    pub is_one_credential: bool,
    /// Cosmos is opened with the account key.
    pub with_key: bool,
    /// The account, for commands.
    pub account: Account,
    /// The name of the database.
    pub database: String,
    /// Where the Functions host keeps its queue.
    pub storage: HostStorage,
    /// Functions run with these settings.
    pub is_host: bool,
    /// An app registration acts for callers of `refresh`.
    pub acts: bool,
    /// Where notifications go, if they are on.
    pub notifications: Option<(Url, Place)>,
}

/// What was answered.
pub struct Answers {
    /// The token for Graph.
    pub graph_token: token::Asked,
    /// The token for Cosmos, unless the account key is used.
    pub cosmos_token: Option<token::Asked>,
    /// Each mirrored resource.
    pub graph: Vec<graph::Asked>,
    /// The account.
    pub cosmos: cosmos::Facts,
    /// Resources whose last run was throttled.
    pub throttled: Vec<throttling::Throttled>,
    /// The clocks of those who told the time …
    pub clocks: Vec<clock::Reading>,
    /// … and those who did not.
    pub silent: Vec<Service>,
    /// What came of a handshake, where notifications are on.
    pub handshake: Option<Handshake>,
}

impl Asking {
    /// Wires what is asked; opens nothing.
    pub fn new(settings: Settings) -> Self {
        let Settings { graph, cosmos, identity, notifications, functions, storage, .. } = settings;
        let is_one_credential = identity.cosmos.is_none();
        let entra = identity.graph.authority().cloned();
        let acts = identity.graph.api(identity.api.clone()).is_some();
        let graph_credential = wired(identity.graph);
        let cosmos_credential = identity.cosmos.map_or_else(|| graph_credential.clone(), wired);
        let options = Options { origin: graph.endpoint.clone(), scopes: graph.scopes.clone() };
        let with_key = cosmos.key.is_some();
        let account = Account::new(&cosmos.endpoint, &cosmos.database);
        let store_options = store::Options {
            endpoint: cosmos.endpoint.clone(),
            database: cosmos.database.clone(),
            key: cosmos.key,
            scope: cosmos.scope.clone(),
            concurrency: cosmos.concurrency,
            containers: app::containers(functions.as_deref()).collect(),
        };
        let graph_is_loopback = is_loopback(&graph.endpoint);
        let place = |url: &Url| Place { is_loopback: is_loopback(url), graph_is_loopback };
        Self {
            resources: app::mirrored(functions.as_deref()),
            graph: Client::new(options, graph_credential.1.clone()),
            graph_endpoint: graph.endpoint,
            graph_scopes: graph.scopes,
            store: Store::new(store_options, cosmos_credential.1.clone()),
            graph_credential,
            cosmos_credential,
            cosmos_endpoint: cosmos.endpoint,
            cosmos_scope: cosmos.scope,
            entra,
            tenant_id: identity.tenant_id,
            is_one_credential,
            with_key,
            account,
            database: cosmos.database,
            storage,
            is_host: functions.is_some(),
            acts,
            notifications: notifications.map(|on| (on.url.clone(), place(&on.url))),
        }
    }

    /// Where the app roles of Microsoft Graph are granted, in this cloud.
    pub fn graph_for_commands(&self) -> String {
        match is_loopback(&self.graph_endpoint) {
            true => Permission::GLOBAL.to_owned(),
            false => self.graph_endpoint.origin().ascii_serialization(),
        }
    }

    /// Asks all of them.
    pub async fn all(&self) -> Answers {
        let web = web::Web::new();
        let tokens = async { tokio::join!(self.graph_part(), self.cosmos_part()) };
        let (((graph_token, graph), (cosmos_token, cosmos, throttled)), (clocks, silent), handshake) =
            tokio::join!(tokens, self.clocks(&web), self.handshake(&web));
        Answers { graph_token, cosmos_token, graph, cosmos, throttled, clocks, silent, handshake }
    }

    async fn graph_part(&self) -> (token::Asked, Vec<graph::Asked>) {
        let scopes: Vec<_> = self.graph_scopes.iter().map(String::as_str).collect();
        let token = asked(&self.graph_credential, &scopes).await;
        let why = token.claims.as_ref().err().cloned();
        let answers = self.resources.iter().map(|&resource| async {
            let answer = match (&why, probed(resource)) {
                (_, None) => None,
                (Some(why), _) => Some(Err(GraphError::NoToken(why.clone()))),
                (None, Some((path, query))) => {
                    let late =
                        || GraphError::Unreachable(format!("no answer within {} s", LONGEST.as_secs()));
                    Some(within(probe(&self.graph, path, &query), late).await)
                }
            };
            graph::Asked { resource, answer }
        });
        let answers = join_all(answers).await;
        (token, answers)
    }

    async fn cosmos_part(&self) -> (Option<token::Asked>, cosmos::Facts, Vec<throttling::Throttled>) {
        let token = match self.with_key {
            true => None,
            false => Some(asked(&self.cosmos_credential, &[&self.cosmos_scope]).await),
        };
        let no_token = token.as_ref().and_then(|asked| asked.claims.as_ref().err());
        let opened = match no_token {
            Some(why) => Err(StoreError::NoToken(why.clone())),
            None => Box::pin(within(properties::find_database(&self.store), too_late)).await,
        };
        if let Err(error) = &opened {
            let not_asked = || Err(error.clone());
            let facts = cosmos::Facts {
                opened: not_asked(),
                containers: self.not_asked(error),
                read: not_asked(),
                write: not_asked(),
            };
            return (token, facts, Vec::new());
        }
        let (containers, throttled) = tokio::join!(Box::pin(self.containers()), Box::pin(self.throttled()));
        let control = containers.iter().find(|one| one.name == CONTROL.0);
        let is_sound = control
            .and_then(|one| one.found.as_ref().ok())
            .is_some_and(|there| there.partition_key == CONTROL.1);
        let (read, write) = match is_sound {
            true => tokio::join!(
                Box::pin(within(properties::try_read(&self.store), too_late)),
                Box::pin(within(properties::try_write(&self.store), too_late))
            ),
            false => (Err(StoreError::Missing(CONTROL.0.into())), Err(StoreError::Missing(CONTROL.0.into()))),
        };
        (token, cosmos::Facts { opened, containers, read, write }, throttled)
    }

    /// The containers of what is mirrored here, each with its partition key.
    fn wanted(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.resources.iter().flat_map(|resource| resource.containers()).chain([CONTROL])
    }

    /// The containers where the database could not be opened.
    fn not_asked(&self, error: &StoreError) -> Vec<cosmos::Container> {
        let container =
            |(name, partition_key)| cosmos::Container { name, partition_key, found: Err(error.clone()) };
        self.wanted().map(container).collect()
    }

    async fn containers(&self) -> Vec<cosmos::Container> {
        let all = self.wanted().map(|(name, partition_key)| async move {
            let found = Box::pin(within(properties::properties(&self.store, name), too_late)).await;
            cosmos::Container { name, partition_key, found }
        });
        join_all(all).await
    }

    async fn throttled(&self) -> Vec<throttling::Throttled> {
        let now = OffsetDateTime::now_utc();
        let all = self.resources.iter().map(|resource| async move {
            let read = async {
                Control::open(&self.store, &resource.name).await?.read::<Checkpoint>(CHECKPOINT).await
            };
            // What is wrong with `mirror` is a verdict of its own.
            let checkpoint = Box::pin(within(read, too_late)).await.ok().flatten()?.document;
            let until = checkpoint.not_before.filter(|until| *until > now)?;
            Some(throttling::Throttled { resource: &resource.name, until })
        });
        join_all(all).await.into_iter().flatten().collect()
    }

    async fn clocks(&self, web: &web::Web) -> (Vec<clock::Reading>, Vec<Service>) {
        let mut asked =
            vec![(Service::Graph, &self.graph_endpoint), (Service::Cosmos, &self.cosmos_endpoint)];
        asked.extend(self.entra.as_ref().map(|url| (Service::Entra, url)));
        let all = asked.into_iter().map(|(service, url)| async move { (service, web.ahead(url).await) });
        let (mut clocks, mut silent) = (Vec::new(), Vec::new());
        for (service, ahead) in join_all(all).await {
            match ahead {
                Some(ahead) => clocks.push(clock::Reading { service, ahead }),
                None => silent.push(service),
            }
        }
        (clocks, silent)
    }

    async fn handshake(&self, web: &web::Web) -> Option<Handshake> {
        let (url, _) = self.notifications.as_ref()?;
        Some(web.handshake(url).await)
    }
}

/// The path and the query by which Graph shows whether it lets us read a resource; none where that takes the id of a
/// parent. Lists and windows are asked for as they are: they may refuse `$top` and `$select`.
fn probed(resource: &Resource) -> Option<(&str, String)> {
    let filter = || resource.filter.as_ref().map(|filter| format!("$filter={filter}")).unwrap_or_default();
    match resource.mode {
        _ if !resource.parents().is_empty() => None,
        Mode::Delta => Some((resource.object_path.as_deref()?, format!("$top=1&$select={}", resource.key))),
        Mode::List | Mode::Window => Some((&resource.path, filter())),
    }
}

async fn asked((name, credential): &(&'static str, Arc<Cached>), scopes: &[&str]) -> token::Asked {
    let late = || Error::with_message(ErrorKind::Credential, "there was no answer in time");
    let token = within(credential.get_token(scopes, None), late).await;
    let claims = token.map(|token| claims(token.token.secret())).map_err(|error| error.to_string());
    let answered = credential.answered();
    let credential = answered.as_ref().map_or(*name, |answered| answered.credential);
    let passed = answered.map(|answered| answered.passed).unwrap_or_default();
    token::Asked { credential, passed, claims }
}

async fn within<T, E>(asking: impl Future<Output = Result<T, E>>, late: impl FnOnce() -> E) -> Result<T, E> {
    match tokio::time::timeout(LONGEST, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(late()),
    }
}

fn too_late() -> StoreError {
    StoreError::Unknown(format!("no answer within {} s", LONGEST.as_secs()))
}

fn wired(credential: Credential) -> (&'static str, Arc<Cached>) {
    (credential.name(), cached(credential))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
