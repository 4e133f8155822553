//! Requests to Microsoft Graph for one feed: pages, single objects by id, the ids that an object is linked to, and the
//! cause of a refusal. Sync and `verify` share it.
//!
//! Promises: every request has the path and the `$select` of the resource's row, below the parent of the feed. Every object
//! is returned without the properties that the row drops, and with hashes where the row hashes. Leaves out on purpose: what
//! the caller does with the answers, and waiting longer than the client does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::catalogue::{Permission, Relationship, Removal, Resource};
use crate::graph::{Client, GraphError, Lane, Listing, Manner, Page, Request, Shape};
use crate::protocol::change::Told;
use crate::protocol::{Checkpoint, Feed, Next, Shard, Shards, State, Window, outside};

mod asking;
mod by_id;
mod fate;
mod forbidden;
mod ids;
mod located;
mod members;
mod minimise;
mod reader;
mod shards;

pub use by_id::{Answered, objects};
pub use fate::{Fate, fates};
pub use forbidden::Forbidden;
pub use members::members_by_user;
pub use minimise::Minimise;
pub use reader::Reader;

/// The source of a feed in Microsoft Graph.
#[derive(Debug, Clone)]
pub struct Source {
    graph: Client,
    resource: Arc<Resource>,
    feed: Feed,
    reader: Reader,
    manner: Manner,
    minimise: Minimise,
    orphaned: bool,
}

/// An error of a request to Graph.
#[derive(Debug)]
pub enum SourceError {
    /// Graph refuses (403). The cause is a missing permission unless the token has a sufficient one.
    Forbidden(Box<Forbidden>),
    /// Any other error.
    Graph(GraphError),
}

impl Source {
    /// Creates the source of a feed of this resource, for this reader.
    pub fn new(
        graph: Client,
        resource: Arc<Resource>,
        feed: Feed,
        reader: Reader,
        minimise: Minimise,
    ) -> Self {
        let manner = asking::manner(&resource);
        Self { graph, resource, feed, reader, manner, minimise, orphaned: false }
    }

    /// The source of another resource below these parents, for the same reader: only to ask whether objects are there.
    pub fn beside(&self, resource: &Arc<Resource>, parent: Option<&str>) -> Self {
        let feed = Feed { resource: resource.name.clone(), parent: parent.map(str::to_owned) };
        let lane = Lane { service: resource.service.clone(), ..self.graph.lane().clone() };
        let (graph, resource) = (self.graph.in_lane(lane), Arc::clone(resource));
        Self::new(graph, resource, feed, self.reader.clone(), Minimise::default())
    }

    /// This source, where the parent of the feed is gone: there is nothing below it, and Graph is not asked.
    #[must_use]
    pub fn orphaned(self, orphaned: bool) -> Self {
        Self { orphaned, ..self }
    }

    /// Whether the parent of the feed is gone.
    pub fn is_orphaned(&self) -> bool {
        self.orphaned
    }

    /// What the copy may not hold of the objects.
    pub fn minimise(&self) -> &Minimise {
        &self.minimise
    }

    /// The shape of the feed: that of its row, and of the secret where there are hashes. Another one starts a new
    /// generation.
    pub fn shape(&self) -> String {
        let shape = self.resource.shape();
        self.minimise.fingerprint().map_or(shape.clone(), |fingerprint| format!("{shape}-{fingerprint}"))
    }

    /// The service of Graph that the requests count towards.
    pub fn service(&self) -> &str {
        &self.graph.lane().service
    }

    /// Leaves the service alone for so long, since another process was told to.
    pub fn pause_as_others(&self, wait: Duration) {
        self.graph.pause_as_others(wait);
    }

    /// What is left of a pause of the service that other processes have to be told of; it is said once.
    pub fn take_untold_pause(&self) -> Option<Duration> {
        self.graph.take_untold_pause()
    }

    /// The reader of this source.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The request for the first page of an enumeration. `window`: the range of time to read, of a feed that is read by
    /// time or shows a range.
    pub fn first(&self, window: Option<Window>) -> Request {
        let (path, select) = (self.filled(&self.resource.path), self.resource.delta_select());
        Request::Initial { path, select, query: asking::query(&self.resource, window) }
    }

    /// The request for the page that a checkpoint points to.
    pub fn next(&self, checkpoint: &Checkpoint) -> Request {
        if let Some(time) = checkpoint.changes_since.filter(|_| checkpoint.at_location) {
            let (path, select) = (self.filled(&self.resource.path), self.resource.delta_select());
            return Request::Initial { path, select, query: asking::since(&self.resource, time) };
        }
        match &checkpoint.state {
            State::Start | State::Enumerating { link: None } | State::Listed => self.first(checkpoint.window),
            State::Enumerating { link: Some(link) } | State::Tracking { link } => {
                Request::Follow(link.clone())
            }
        }
    }

    /// Fetches a page.
    ///
    /// # Errors
    /// As [`Client::page`]; [`Source::explain`] adds the cause of a 403.
    pub async fn page(&self, request: &Request, deadline: Instant) -> Result<Page, GraphError> {
        if self.orphaned {
            return Ok(Page { objects: Vec::new(), next: Next::End });
        }
        Ok(self.minimised(self.graph.page(request, &self.manner, deadline).await?))
    }

    /// The shards of a list of all objects, and the delta link of the moment before; none if there are no more than so many
    /// objects, or if Graph refuses it.
    ///
    /// # Errors
    /// As [`Source::page`], where another try may help.
    pub async fn shards(&self, above: u64, deadline: Instant) -> Result<Option<Shards>, GraphError> {
        let Some(property) = &self.resource.list_by else { return Ok(None) };
        let list = shards::List { graph: &self.graph, path: self.collection(), property, above };
        shards::shards(&list, &self.first(None), deadline).await
    }

    /// Fetches a page of a shard. A next link follows it, or nothing.
    ///
    /// # Errors
    /// As [`Source::page`].
    pub async fn page_of(&self, shard: &Shard, deadline: Instant) -> Result<Page, GraphError> {
        let property = self.resource.list_by.as_deref().unwrap_or_default();
        let request = shards::request(shard, self.collection(), property, &self.resource.properties);
        let manner = Manner { shape: Shape::List, ..self.manner.clone() };
        Ok(self.minimised(self.graph.page(&request, &manner, deadline).await?))
    }

    fn minimised(&self, page: Page) -> Page {
        let objects = page.objects.into_iter().map(|object| self.minimise.object(object)).collect();
        Page { objects, ..page }
    }

    /// Reads one object with the properties that the copy has; none if Graph has no such object, or if it lies outside of
    /// the `range` that the feed shows.
    ///
    /// # Errors
    /// As [`Source::page`].
    pub async fn object(
        &self,
        id: &str,
        range: Option<Window>,
        deadline: Instant,
    ) -> Result<Option<Box<RawValue>>, GraphError> {
        let object = self.graph.object(&self.by_id(id), &self.manner, deadline).await?;
        let object = object.filter(|object| !self.is_outside(object, range));
        Ok(object.map(|object| self.minimise.object(object)))
    }

    /// Whether an object lies outside of the range of time that the feed shows, if it shows one.
    pub fn is_outside(&self, object: &RawValue, range: Option<Window>) -> bool {
        let range = range.filter(|_| self.resource.range.is_some());
        range.is_some_and(|range| outside::is_outside(object.get(), range))
    }

    /// How the feed reports that an object is gone.
    pub fn told(&self) -> Told {
        match self.resource.removal {
            Removal::Annotation | Removal::None => Told::Removed,
            Removal::DeletedFacet => Told::DeletedFacet,
            Removal::DeletedDateTime => Told::DeletedDateTime,
        }
    }

    /// Whether Graph shows objects of the feed by their ids.
    pub fn reads_by_id(&self) -> bool {
        self.resource.object_path.is_some() && !self.orphaned
    }

    /// The request for the first page of the ids that an object is linked to.
    pub fn targets(&self, relationship: &Relationship, id: &str) -> Request {
        Request::Targets {
            path: self.collection(),
            id: id.to_owned(),
            property: relationship.property.clone(),
            many: relationship.many,
        }
    }

    /// Fetches a page of such ids. None if Graph has no such object, or if a property that holds one object is not set.
    ///
    /// # Errors
    /// As [`Source::page`].
    pub async fn page_of_targets(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<Option<Listing>, GraphError> {
        self.graph.targets(request, deadline).await
    }

    /// The ids of all objects of a resource without a parent, from a list of them.
    ///
    /// # Errors
    /// As [`Source::page`]; a list that loops or does not end in time is no list.
    pub async fn ids(&self, deadline: Instant) -> Result<Vec<String>, GraphError> {
        ids::ids(&self.graph, self.collection(), &self.manner, &self.resource.key, deadline).await
    }

    /// The ids of all members of a group, also through groups in it; none if there is no such group.
    ///
    /// # Errors
    /// As [`Source::page`], with the permission of a 403; a list that does not end is no list.
    pub async fn members(
        &self,
        group: &str,
        permission: &Permission,
        deadline: Instant,
    ) -> Result<Option<Vec<String>>, SourceError> {
        members::members(&self.graph, group, deadline).await.map_err(|error| match error {
            GraphError::Forbidden(refusal) => {
                let needed = ("the members of the group in `parents`", permission);
                SourceError::Forbidden(Box::new(Forbidden::new(refusal, needed, &self.reader)))
            }
            other => SourceError::Graph(other),
        })
    }

    /// Adds the likely cause to an error of Graph, for example the missing permission.
    pub fn explain(&self, error: GraphError) -> SourceError {
        match error {
            GraphError::Forbidden(refusal) => {
                let needed = (&*self.resource.name, &self.resource.permission);
                SourceError::Forbidden(Box::new(Forbidden::new(refusal, needed, &self.reader)))
            }
            GraphError::Refused(refusal) => {
                SourceError::Graph(GraphError::Refused(located::located(&self.resource, refusal)))
            }
            other => SourceError::Graph(other),
        }
    }

    fn by_id(&self, id: &str) -> Request {
        let path = self.collection();
        Request::Object { path, id: id.to_owned(), select: self.resource.properties.clone() }
    }

    /// The path below which objects are read by id.
    fn collection(&self) -> String {
        self.filled(self.resource.object_path.as_deref().unwrap_or(&self.resource.path))
    }

    /// A path of the row, with the ids of the feed's parents.
    fn filled(&self, path: &str) -> String {
        self.resource.filled(path, self.feed.parent.as_deref())
    }
}
