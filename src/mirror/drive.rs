//! Driving the machine: each action is performed against Graph and the store, and told back as an event.

use std::time::Instant;

use time::OffsetDateTime;
use tracing::Instrument as _;

use super::error::SyncError;
use super::run::{Cost, Reached};
use super::{Mirror, Reader};
use crate::catalogue::Row;
use crate::graph::{GraphError, Guard, Link, Next, Page, Request};
use crate::protocol::document::Stamp;
use crate::protocol::machine::{Action, Event, Machine, Settled, Task};
use crate::protocol::plan::{self, Leads};
use crate::protocol::{
    CHECKPOINT, Checkpoint, Containers, Etag, Ids, Numbers, Opaque, Released, State, Unreadable,
};
use crate::store::{Control, Inspected, Lease, Saved, Store, StoreError, Unfit};

/// One turn's hands: the lease, the page in hand, and the one on its way.
pub(super) struct Driver<'a> {
    pub mirror: &'a Mirror,
    pub row: &'static Row,
    pub reader: &'a Reader,
    pub control: &'a Control,
    pub lease: &'a Lease,
    /// When the turn began, …
    pub started: Instant,
    /// … and when its budget is spent.
    pub deadline: Instant,
    /// The ids that a look is to look up, …
    pub asked: &'a [String],
    /// … and those that it found nowhere.
    pub nowhere: Vec<String>,
    /// The version of the checkpoint in hand.
    pub etag: Option<Etag>,
    /// The page that is to be written next, and when it was asked for.
    pub page: Option<(OffsetDateTime, Page)>,
    /// The page after it, fetched meanwhile.
    pub ahead: Option<(Link, OffsetDateTime, Result<Page, GraphError>)>,
    /// Why Graph fails, once the machine knows that it does.
    pub failure: Option<SyncError>,
    /// What is wrong with a container, in words.
    pub unfit: Option<Box<Unfit>>,
    /// What the pages so far lead to.
    pub guard: Guard,
    /// Request units so far.
    pub charge: f64,
}

impl<'a> Driver<'a> {
    /// Performs one action.
    ///
    /// # Errors
    /// [`SyncError`]: the turn ends here; whether it is dirty, the machine knows.
    pub async fn perform(&mut self, machine: &Machine, action: Action) -> Result<Event, SyncError> {
        match action {
            Action::Load => self.load(machine).await,
            Action::Save(next) => {
                if let Some(why) = machine.begins() {
                    let (resource, reason, generation) = (&next.feed, why.name(), next.generation);
                    tracing::info!(event = "generation", resource, reason, generation);
                }
                self.save(next).await
            }
            Action::Fetch => self.fetch(machine.checkpoint()).await,
            Action::Take => {
                let Some((asked, page)) = self.page.take() else {
                    unreachable!("a page is fetched before it is taken")
                };
                self.take(&page, asked, machine.checkpoint()).await.map(Event::Taken)
            }
            Action::Weigh => self.weigh(machine.checkpoint()).await.map(Event::Weighed),
            Action::Sweep => self.sweep(machine.checkpoint()).await.map(Event::Swept),
            Action::Settle => {
                let settled = self.settle(machine.checkpoint()).await?;
                let uncarried = self.uncarried(machine.checkpoint()).await?;
                Ok(Event::Settled(Settled { uncarried, ..settled }))
            }
            Action::Look => self.look(machine.checkpoint()).await,
            Action::Leave { clean, stay } => Ok(self.leave(clean, stay).await),
            Action::End(_) => unreachable!("the end is no action to perform"),
        }
    }

    /// Whether the budget is spent.
    pub fn is_spent(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// What the turn has come to.
    pub fn reached(&self, machine: &Machine) -> Reached {
        let cost = Cost::new(self.charge, self.started.elapsed());
        Reached { counts: machine.counts(), cost, as_of: machine.checkpoint().as_of }
    }

    /// A checkpoint that cannot be read may only be reset: that is as if it were lost.
    async fn load(&mut self, machine: &Machine) -> Result<Event, SyncError> {
        let found: Option<Saved<Result<Checkpoint, Unreadable>>> = self.control.read_any(CHECKPOINT).await?;
        let Some(found) = found else {
            self.etag = None;
            return self.lost().await;
        };
        self.charge += found.charge;
        let is_first = self.etag.is_none();
        self.etag = Some(found.etag);
        match found.document {
            Ok(checkpoint) => {
                self.lease.stay_above(checkpoint.epoch);
                if is_first {
                    warn_of_age(&checkpoint, self.lease.now());
                }
                let inspected = containers(self.mirror, self.row, Some(&checkpoint)).await?;
                let containers = Containers::from(&inspected);
                self.unfit = inspected.unfit;
                Ok(Event::Loaded(Box::new(checkpoint), containers))
            }
            Err(_) if machine.task() == Task::Reset => self.lost().await,
            Err(unreadable) => Err(SyncError::unreadable(self.control.feed(), unreadable)),
        }
    }

    async fn lost(&mut self) -> Result<Event, SyncError> {
        let inspected = containers(self.mirror, self.row, None).await?;
        let containers = Containers::from(&inspected);
        self.unfit = inspected.unfit;
        let from_time = Numbers::from_time(self.lease.now());
        Ok(Event::Lost(above(&self.mirror.store, self.row, &containers, from_time).await?, containers))
    }

    /// Saves over the version in hand (rule 4); an unknown answer is an error and ends the turn.
    async fn save(&mut self, next: Box<Checkpoint>) -> Result<Event, SyncError> {
        let deadline = self.lease.guard().await?;
        match self.control.write(CHECKPOINT, next, self.etag.as_ref(), deadline).await {
            Ok(saved) => {
                self.charge += saved.charge;
                self.etag = Some(saved.etag);
                Ok(Event::Saved)
            }
            Err(StoreError::Overtaken) => Ok(Event::Overtaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Gets the page that the checkpoint points to, unless it is here already.
    async fn fetch(&mut self, checkpoint: &Checkpoint) -> Result<Event, SyncError> {
        let request = request(self.row, checkpoint);
        let ahead = self.ahead.take().filter(|(link, ..)| request == Request::Follow(link.clone()));
        let (asked, fetched) = match ahead {
            Some((_, asked, fetched)) => (asked, fetched),
            None => {
                let (asked, span) = (self.lease.now(), tracing::info_span!("graph_page"));
                (asked, self.mirror.graph.page(&request, self.deadline).instrument(span).await)
            }
        };
        match fetched {
            Ok(page) => {
                self.guard.see(request.followed(), &page.objects, page.next_link())?;
                let leads = leads(&page.next);
                self.page = Some((asked, page));
                Ok(Event::Fetched(leads))
            }
            Err(error) if checkpoint.at_location && error.blames_link() => {
                tracing::warn!(event = "location_failed", resource = self.control.feed(), %error);
                self.guard.forget();
                Ok(Event::Refused)
            }
            Err(GraphError::Gone { refusal, location }) => {
                let (feed, status, located) = (self.control.feed(), refusal.status, location.is_some());
                tracing::warn!(event = "token_dead", resource = feed, status, code = refusal.code, located);
                self.guard.forget();
                Ok(Event::Dead(location.map(|link| Opaque::new(link.expose()))))
            }
            Err(GraphError::Throttled { after }) => Ok(Event::Throttled(after)),
            Err(error) if error.is_server_error() => {
                self.failure = Some(self.explain(error));
                Ok(Event::Failing)
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    /// A container went while this turn was at work: the checkpoint says so to every other process, whose look at it is
    /// still good for a while (rule 14). Best effort: without it, each process finds out with its next look.
    pub async fn tell_gone(&mut self, machine: &Machine, container: &str) {
        let (epoch, now) = (self.lease.epoch().await, self.lease.now());
        let next = plan::gone(machine.checkpoint(), container, epoch, now);
        let Some(next) = next.filter(|_| self.etag.is_some()) else { return };
        if let Err(error) = self.save(Box::new(next)).await {
            tracing::warn!(event = "container_not_noted", resource = self.control.feed(), %error);
        }
    }

    /// Gives the lease back (rule 6). A failure is no loss: the lease ends by itself, and the next turn
    /// burns our number.
    pub async fn leave(&self, clean: bool, stay: bool) -> Event {
        match self.lease.give_back(clean, !stay).await {
            Ok(Released::Done) => Event::Free,
            Ok(Released::Rung) => Event::Rung,
            Err(error) => {
                tracing::warn!(event = "lease_not_returned", resource = self.control.feed(), %error);
                Event::Free
            }
        }
    }

    /// What the documents of the next save carry.
    pub fn stamp(&self, checkpoint: &Checkpoint) -> Stamp<'a> {
        Stamp {
            resource: self.row.resource,
            tenant_id: &self.reader.tenant_id,
            source: crate::protocol::Source::Delta,
            generation: checkpoint.generation,
            save: checkpoint.save + 1,
            now: self.lease.latest(),
            tombstone_ttl: self.mirror.options.tombstone_ttl,
        }
    }

    /// Names what a refusal of Graph's is about.
    pub fn explain(&self, error: GraphError) -> SyncError {
        SyncError::explained(error, &self.row.permission, self.reader)
    }
}

/// Numbers from time, above all that the documents of a feed carry.
pub(super) async fn above(
    store: &Store,
    row: &Row,
    there: &Containers,
    from_time: Numbers,
) -> Result<Numbers, StoreError> {
    let mut numbers = from_time;
    for container in row.containers().map(|(name, _)| name).filter(|name| there.ids.contains_key(*name)) {
        numbers = store.above(container, numbers).await?;
    }
    Ok(numbers)
}

/// The request that the checkpoint stands before.
pub(super) fn request(row: &Row, checkpoint: &Checkpoint) -> Request {
    match &checkpoint.state {
        State::Start | State::Enumerating { link: None } => {
            Request::Initial { path: row.path.to_owned(), select: row.select() }
        }
        State::Enumerating { link: Some(link) } | State::Tracking { link } => {
            Request::Follow(Link::new(link.expose()))
        }
    }
}

/// The containers of a feed, and those in which the ends of its links lie: with these go the tombstones by which links
/// end.
pub(super) async fn containers(
    mirror: &Mirror,
    row: &Row,
    checkpoint: Option<&Checkpoint>,
) -> Result<Inspected, StoreError> {
    let unknown = Ids::new();
    let known = checkpoint.map_or(&unknown, |checkpoint| &checkpoint.containers);
    mirror.store.look_at(row.containers(), row.targets, known).await
}

/// One object of a feed, with the properties that its copies have.
pub(super) fn by_id(row: &Row, id: &str) -> Request {
    Request::Object { path: row.object_path.to_owned(), id: id.to_owned(), select: row.object_select() }
}

/// Tells, while there is still time, that a token is about to die of not being used; and that a feed gets nowhere.
fn warn_of_age(checkpoint: &Checkpoint, now: OffsetDateTime) {
    if plan::is_old(checkpoint, now) {
        let age_hours = plan::age(checkpoint, now).whole_hours();
        tracing::error!(event = "token_old", resource = checkpoint.feed, ageHours = age_hours);
    }
    if let Some(ahead) = plan::is_ahead(checkpoint, now) {
        let hours = ahead.whole_hours();
        tracing::error!(event = "clock_ahead", resource = checkpoint.feed, hours);
    }
    if let Some(stuck) = plan::stuck(checkpoint, now) {
        let (feed, age_hours) = (&checkpoint.feed, plan::age(checkpoint, now).whole_hours());
        tracing::error!(event = "feed_stuck", resource = feed, reason = stuck.name(), ageHours = age_hours, error = %stuck);
    }
}

/// Where a page leads.
pub(super) fn leads(next: &Next) -> Leads {
    match next {
        Next::Page(link) => Leads::On(Opaque::new(link.expose())),
        Next::Round(link) => Leads::Home(Opaque::new(link.expose())),
    }
}
