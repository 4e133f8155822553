//! The parts that all verbs share, created once for the life of the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::callers::Callers;
use super::lane::{lane, subscriptions};
use super::tokens::Tokens;
use super::{AppError, deployment};
use crate::catalogue::Resource;
use crate::graph::Priority;
use crate::json::shown_name;
use crate::mirror::{Mirror, Options, Progress};
use crate::protocol::Feed;
use crate::report::{Service, SyncError};
use crate::settings::Settings;
use crate::source::{Minimise, Reader, Source};
use crate::store::{self, Store};
use crate::sync::FanOut;
use crate::{catalogue, graph, mirror};

/// The clients of Graph and Cosmos DB, and the bounds of their use.
#[derive(Debug)]
pub(super) struct Parts {
    /// The resources that are mirrored here.
    resources: Vec<&'static Arc<Resource>>,
    /// The resources that a caller may name.
    named: Vec<&'static Arc<Resource>>,
    graph: graph::Client,
    store: Arc<Store>,
    options: Options,
    progress: Arc<Progress>,
    tokens: Tokens,
    callers: Callers,
    budget: Duration,
    /// The name of the Microsoft cloud.
    cloud: &'static str,
    /// The key of hashes.
    hash_secret: Option<SecretString>,
    /// How urgent requests are for which nobody in particular waits.
    priority: Priority,
}

impl Parts {
    /// Creates the parts. It opens no connection and requests no token; it only checks which functions exist.
    pub fn new(settings: Settings) -> Self {
        let functions = settings.functions.as_deref();
        let (resources, named) = (deployment::mirrored(functions), deployment::named(functions));
        let with_key = settings.cosmos.key.is_some();
        let cosmos_scope = (!with_key).then(|| settings.cosmos.scope.clone());
        let api = settings.identity.graph.api(settings.identity.api.clone());
        let callers = Callers::new(api, settings.platform_authenticates, settings.graph.scopes.clone());
        let tokens = Tokens::new(settings.identity, settings.graph.scopes.clone(), cosmos_scope);
        let limits = settings.limits;
        let cosmos = store::Options {
            endpoint: settings.cosmos.endpoint,
            database: settings.cosmos.database,
            key: settings.cosmos.key,
            scope: settings.cosmos.scope,
            concurrency: settings.cosmos.concurrency,
            containers: super::init::all_containers().collect(),
        };
        let origin = graph::Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
        Self {
            resources,
            named,
            graph: graph::Client::new(origin, tokens.for_graph()).in_lane(subscriptions()),
            store: Arc::new(Store::new(cosmos, tokens.for_cosmos())),
            options: mirror::Options {
                lease: limits.lease,
                doubt: limits.doubt,
                tombstone_ttl: limits.tombstone_ttl,
                max_delete_percent: limits.max_delete_percent,
                max_delete_count: limits.max_delete_count,
                list_above: limits.list_above,
                accepts_removals: limits.accepts_removals,
            },
            progress: Arc::default(),
            tokens,
            callers,
            budget: limits.budget,
            cloud: settings.cloud,
            hash_secret: settings.hash_secret,
            priority: if settings.serves { Priority::Low } else { Priority::Normal },
        }
    }

    /// The resources that are mirrored here.
    pub fn resources(&self) -> &[&'static Arc<Resource>] {
        &self.resources
    }

    /// The resource of this name, if a caller may name it.
    pub fn named(&self, resource: &str) -> Option<&'static Arc<Resource>> {
        self.named.iter().copied().find(|row| row.name == resource)
    }

    pub fn graph(&self) -> &graph::Client {
        &self.graph
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Those for whom `refresh` reads Graph as themselves.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// How urgent requests are for which nobody in particular waits: low while serving.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// The longest duration of an inline turn.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// The resource of a feed that a caller names.
    ///
    /// # Errors
    /// [`AppError::UnknownResource`], [`AppError::NoParent`] if the feed has a parent and the resource has none,
    /// [`AppError::OtherParents`] if its path of parents is too short or too long, and [`AppError::NotInCloud`].
    pub fn resource(&self, feed: &Feed) -> Result<&'static Arc<Resource>, AppError> {
        let Some(found) = self.named.iter().find(|resource| resource.name == feed.resource) else {
            let known: Vec<_> = self.resources.iter().map(|resource| &*resource.name).collect();
            let name = shown_name(&feed.resource).to_owned();
            return Err(AppError::UnknownResource { name, known: known.join(", ") });
        };
        if let Some(what) = super::cloud::lacks(self.cloud, found) {
            return Err(AppError::NotInCloud(what));
        }
        let (parents, ids) = (found.parents().len(), feed.parent.iter().flat_map(|path| path.split('/')));
        match ids.filter(|id| !id.is_empty()).count() {
            0 if feed.parent.is_none() => Ok(found),
            _ if parents == 0 => Err(AppError::NoParent { resource: found.name.clone() }),
            ids if ids == parents => Ok(found),
            _ => Err(unparented(found)),
        }
    }

    /// The feed that this reader reads of a resource: where it is read as a person, that of the person who is signed in.
    ///
    /// # Errors
    /// As [`Parts::resource`]; [`AppError::NeedsPerson`] and [`AppError::AnotherPerson`].
    pub fn feed(&self, feed: &Feed, reader: &Reader) -> Result<Feed, AppError> {
        let resource = self.resource(feed)?;
        if !resource.is_delegated() {
            return Ok(feed.clone());
        }
        let Some(person) = &reader.person else {
            return Err(AppError::NeedsPerson {
                resource: resource.name.clone(),
                path: resource.path.clone(),
            });
        };
        let own = Feed::under(&resource.name, &[person]);
        match feed.parent.is_none() || *feed == own {
            true => Ok(own),
            false => Err(AppError::AnotherPerson { resource: resource.name.clone() }),
        }
    }

    /// The resource of the direct parent, if it is mirrored here. A person who is signed in is there, whatever the copy says.
    pub fn parent(&self, resource: &Resource) -> Option<&'static Resource> {
        let parent = resource.parents().last().filter(|_| !resource.is_delegated())?;
        self.resources.iter().find(|one| one.name == *parent).map(|one| &***one)
    }

    /// Where the parents come from, of a feed that names none although its resource has some.
    ///
    /// # Errors
    /// [`AppError::ParentNotMirrored`].
    pub fn fan_out(&self, mirror: &Mirror) -> Result<Option<FanOut>, AppError> {
        let Some(parent) = mirror.resource().parents().last().filter(|_| mirror.feed().parent.is_none())
        else {
            return Ok(None);
        };
        let resource = mirror.resource();
        if resource.parents_required && resource.chosen.is_none() {
            let parent = resource.parents().first().unwrap_or(parent).clone();
            return Err(AppError::NothingChosen { resource: resource.name.clone(), parent });
        }
        if let Some(mirrored) = self.resources.iter().find(|one| one.name == *parent) {
            return Ok(Some(FanOut::Copy(Arc::clone(mirrored))));
        }
        let unmirrored = || AppError::ParentNotMirrored {
            resource: mirror.resource().name.clone(),
            parent: parent.clone(),
        };
        let known = catalogue::resources().iter().find(|one| one.name == *parent && one.parents().is_empty());
        let row = Arc::clone(known.ok_or_else(unmirrored)?);
        let (feed, reader) = (Feed::of(parent), mirror.source().reader().clone());
        let graph = self.graph.in_lane(lane(&row, &feed, self.priority));
        let source = Source::new(graph, row, feed, reader, Minimise::default());
        Ok(Some(FanOut::Graph(Box::new(source))))
    }

    /// Creates the mirror of a feed for this reader.
    ///
    /// # Errors
    /// As [`Parts::resource`].
    pub fn mirror(&self, feed: &Feed, reader: Reader, priority: Priority) -> Result<Mirror, AppError> {
        let resource = self.resource(feed)?;
        let graph = match reader.person.as_deref().filter(|_| resource.is_delegated()) {
            Some(person) => self.graph.reading_as(self.tokens.of_person(person)),
            None => self.graph.clone(),
        };
        self.mirror_from(&graph, feed, reader, priority)
    }

    /// The same with another client of Graph.
    ///
    /// # Errors
    /// As [`Parts::resource`].
    pub fn mirror_from(
        &self,
        graph: &graph::Client,
        feed: &Feed,
        reader: Reader,
        priority: Priority,
    ) -> Result<Mirror, AppError> {
        let resource = self.resource(feed)?;
        let graph = graph.in_lane(lane(resource, feed, priority));
        let minimise = Minimise::new(resource, self.hash_secret.as_ref());
        let source = Source::new(graph, Arc::clone(resource), feed.clone(), reader, minimise);
        let (store, progress) = (Arc::clone(&self.store), Arc::clone(&self.progress));
        let (resource, options) = (Arc::clone(resource), self.options.clone());
        Ok(Mirror::new(feed.clone(), resource, source, store, options, progress))
    }

    /// Creates the mirror of a feed for the tenant and identity in our token. An unknown feed, and a resource with parents
    /// without a parent, are refused before any request.
    ///
    /// # Errors
    /// As [`Parts::mirror`], [`AppError::OtherParents`], [`Parts::feed`], and [`Tokens::reader`].
    pub async fn own_mirror(&self, feed: &Feed, priority: Priority) -> Result<Mirror, AppError> {
        let resource = self.resource(feed)?;
        if feed.parent.is_none() && !resource.parents().is_empty() && !resource.is_delegated() {
            return Err(unparented(resource));
        }
        let reader = self.tokens.reader().await?;
        self.mirror(&self.feed(feed, &reader)?, reader, priority)
    }

    /// Creates the error of a verb; forgets the token if a service refused it.
    pub fn failed(&self, verb: &'static str, feed: &Feed, source: SyncError) -> AppError {
        source.refused_by().into_iter().for_each(|service| self.forget(service));
        AppError::Turn { verb, feed: feed.key(), source: Box::new(source) }
    }

    /// Forgets the token that a service refused.
    pub fn forget(&self, service: Service) {
        self.tokens.forget(service);
    }

    /// The deadline of a turn that begins now with the whole budget.
    pub fn give_up(&self) -> Instant {
        Instant::now() + self.budget
    }
}

/// A feed of this resource has to name a parent.
fn unparented(resource: &Resource) -> AppError {
    AppError::OtherParents { resource: resource.name.clone(), parents: resource.parents().join("/") }
}
