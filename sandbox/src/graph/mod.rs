//! Microsoft Graph over loopback http: a tenant as plain data, delta query of users and groups, and a script of what goes
//! wrong.
//!
//! [`Graph`] is a handle: a test changes the tenant, pushes faults and closes gates while a client talks to it. A bearer token
//! of our [`Identity`] is required. Links are good only verbatim, and every round ends with a new delta link.
//! Left out: `Prefer: return=minimal` (allowed to be ignored), `$filter` in delta.
//!
//! The map: `tenant` and `collection` (the truth), `relationship` (links between objects), `seed` (what it is made
//! of), `row` (the rows), `delta` (rounds as values), `read` (what a request is answered), `targets` (lists of
//! links), `list` (lists of objects), `me` (the signed-in user and other single things), `batch` (several requests in
//! one), `links` (tokens), `replica`, `hidden` and `quirks` (what a client has to live with), `fault` (what goes wrong),
//! `challenge` (claims that a token
//! lacks), `subscriptions` (and the notifier), `wire` (the socket).

mod answer;
mod batch;
mod challenge;
mod collection;
mod delta;
mod fault;
mod hidden;
mod links;
mod list;
mod me;
mod quirks;
mod read;
mod relationship;
mod replica;
mod request;
mod row;
mod seed;
mod select;
mod subscriptions;
mod targets;
mod tenant;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::Router;
use tower_http::compression::CompressionLayer;

pub use self::{
    collection::{Change, Collection, Entry, Event, Life, Object},
    fault::{Fault, Framing, RetryAfter, TokenDeath},
    quirks::Quirks,
    relationship::{Link, Relationship},
    request::{Kind, Match, Record},
    row::Row,
    subscriptions::{Delivered, EndpointState, Habits, Lifecycle, Limits, Subscription},
    tenant::Tenant,
};
use crate::{
    clock::Clock,
    identity::Identity,
    loopback::{Loopback, Server},
    script::{Faults, Gates, Hold, Rule, lock},
};

/// How the fake is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of orders and tokens.
    pub seed: u64,
    /// Objects per page; Graph gives about 100 for users.
    pub page_size: usize,
    /// Members (and owners) that a group shows at once; one with more appears again with the others.
    pub members_per_slice: usize,
    /// The oddities to begin with.
    pub quirks: Quirks,
    /// Audiences that are accepted besides the own origin.
    pub audiences: Vec<String>,
    /// The origin that clients see, where something stands before the fake.
    pub origin: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            page_size: 100,
            members_per_slice: 20,
            quirks: Quirks::default(),
            audiences: vec!["https://graph.microsoft.com".into()],
            origin: None,
        }
    }
}

/// What the answers are made of.
struct World {
    tenant: Tenant,
    links: links::Links,
    quirks: Quirks,
    page_size: usize,
    members_per_slice: usize,
    random: fastrand::Rng,
    replicas: replica::Replicas,
    hidden: hidden::Hidden,
    origin: String,
}

/// The requests since the last time they were forgotten, and how many were forgotten.
#[derive(Default)]
struct Records {
    kept: Vec<Record>,
    forgotten: usize,
}

struct Inner {
    world: Mutex<World>,
    records: Mutex<Records>,
    ids: Mutex<fastrand::Rng>,
    subscriptions: Mutex<subscriptions::Subscriptions>,
    faults: Faults<Match, Fault>,
    gates: Gates<Match>,
    identity: Identity,
    audiences: Vec<String>,
    /// The claims with which a token has to be asked for.
    demanded: Mutex<Option<serde_json::Value>>,
}

/// The running fake. Clones are handles to the same one.
#[derive(Clone)]
pub struct Graph {
    inner: Arc<Inner>,
    server: Server,
    clock: Clock,
    origin: String,
}

impl Graph {
    /// Starts the fake on a port of its own.
    pub async fn start(tenant: Tenant, identity: Identity, options: Options) -> anyhow::Result<Self> {
        let loopback = Loopback::bind().await?;
        let origin = options.origin.unwrap_or_else(|| loopback.origin().to_owned());
        let mut audiences = options.audiences;
        audiences.push(origin.clone());
        let world = World {
            tenant,
            links: links::Links::new(options.seed),
            quirks: options.quirks,
            page_size: options.page_size,
            members_per_slice: options.members_per_slice,
            random: fastrand::Rng::with_seed(options.seed),
            replicas: replica::Replicas::new(options.seed),
            hidden: hidden::Hidden::default(),
            origin: origin.clone(),
        };
        let inner = Arc::new(Inner {
            world: world.into(),
            records: Mutex::default(),
            ids: fastrand::Rng::with_seed(options.seed).into(),
            subscriptions: subscriptions::Subscriptions::new(options.seed)?.into(),
            faults: Faults::default(),
            gates: Gates::default(),
            identity,
            audiences,
            demanded: Mutex::default(),
        });
        let clock = Clock::default();
        let router = Router::new()
            .fallback(wire::respond)
            .layer(CompressionLayer::new())
            .with_state(Arc::clone(&inner));
        Ok(Self { inner, server: loopback.serve(clock.date(router)), clock, origin })
    }

    /// The origin that clients see, `http://127.0.0.1:<port>` unless something stands before it: what `GRAPH_ENDPOINT`
    /// is set to.
    pub fn endpoint(&self) -> &str {
        &self.origin
    }

    /// Where it is served.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Looks at or changes the tenant; no request is answered meanwhile.
    pub fn tenant<T>(&self, look: impl FnOnce(&mut Tenant) -> T) -> T {
        look(&mut lock(&self.inner.world).tenant)
    }

    /// Changes the oddities from the next page on.
    pub fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        let mut world = lock(&self.inner.world);
        change(&mut world.quirks);
        let is_marked = world.quirks.hash_in_tokens;
        world.links.mark(is_marked);
    }

    /// Changes the page size from the next page on.
    pub fn set_page_size(&self, page_size: usize) {
        lock(&self.inner.world).page_size = page_size;
    }

    /// All replicas have seen everything that happened so far: [`Quirks::random_lag`] hides only what happens later.
    pub fn settle_replicas(&self) {
        let World { tenant, replicas, .. } = &mut *lock(&self.inner.world);
        row::Row::all().for_each(|feed| replicas.settle(feed, tenant.collection(&feed.name).position()));
    }

    /// The next enumeration of a feed leaves these objects out, those that are neither removed, restored nor linked
    /// otherwise before it begins; by their ids they are found as ever.
    pub fn hide(&self, feed: &'static str, ids: impl IntoIterator<Item = String>) {
        let World { tenant, hidden, .. } = &mut *lock(&self.inner.world);
        if let Some(feed) = row::Row::named(feed) {
            hidden.hide(&feed.name, tenant.collection(&feed.name).position(), ids);
        }
    }

    /// The subscriptions that there are, by id.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        lock(&self.inner.subscriptions).all.values().cloned().collect()
    }

    /// A subscription is gone, and nobody says so.
    pub fn lose_subscription(&self, id: &str) {
        lock(&self.inner.subscriptions).all.remove(id);
    }

    /// Lists of subscriptions are empty from now on, although there are some; or again not. By their ids they are found.
    pub fn hide_subscriptions(&self, hidden: bool) {
        lock(&self.inner.subscriptions).hidden = hidden;
    }

    /// A subscription ends in so many minutes: Graph granted a shorter life than it was asked for.
    pub fn end_subscription(&self, id: &str, minutes: i64) {
        if let Some(one) = lock(&self.inner.subscriptions).all.get_mut(id) {
            one.expires = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        }
    }

    /// No subscription may live for longer than so many minutes.
    pub fn shorten_subscriptions(&self, minutes: u32) {
        lock(&self.inner.subscriptions).longest = minutes;
    }

    /// No subscription is created, with this status and code; or again, with none.
    pub fn refuse_subscriptions(&self, refusal: Option<(u16, &str)>) {
        let refusal = refusal.map(|(status, code)| (status, code.to_owned()));
        lock(&self.inner.subscriptions).refusal = refusal;
    }

    /// What kind of a notifier Graph is from now on.
    pub fn set_habits(&self, habits: Habits) {
        lock(&self.inner.subscriptions).notifier.habits = habits;
    }

    /// How long answers to notifications may take from now on.
    pub fn set_limits(&self, limits: Limits) {
        lock(&self.inner.subscriptions).notifier.endpoint.limits = limits;
    }

    /// Tells every subscription what happened since the last time, and tries again what was not taken then.
    pub async fn notify(&self) -> Delivered {
        self.inner.notify().await
    }

    /// Tells a subscription about itself; one that is removed is gone then.
    pub async fn tell(&self, id: &str, event: Lifecycle) -> Delivered {
        self.inner.tell(id, event).await
    }

    /// The clock that its answers are dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// From now on, every request needs a token that was asked for with these claims (`{"access_token":{…}}`), or is
    /// answered a claims challenge; or again not, with none.
    pub fn demand_claims(&self, claims: Option<serde_json::Value>) {
        *lock(&self.inner.demanded) = claims;
    }

    /// The fault script.
    pub fn faults(&self) -> &Faults<Match, Fault> {
        &self.inner.faults
    }

    /// The next matching requests fail so: the short form of pushing one rule.
    pub fn fail(&self, when: Match, times: usize, fault: Fault) {
        self.inner.faults.push(Rule { when, times, fault });
    }

    /// Matching requests wait, before they are answered or failed, until the hold is released; a discarded one is reset.
    pub fn hold(&self, when: Match) -> Hold {
        self.inner.gates.hold(when)
    }

    /// All links issued so far are dead from now on.
    pub fn kill_tokens(&self, death: TokenDeath) {
        lock(&self.inner.world).links.kill_all(death);
    }

    /// All requests since the start or the last [`Graph::forget_requests`], in the order of their arrival.
    pub fn requests(&self) -> Vec<Record> {
        lock(&self.inner.records).kept.clone()
    }

    /// How many of them there were of each kind.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        lock(&self.inner.records).kept.iter().for_each(|record| *counts.entry(record.kind).or_default() += 1);
        counts
    }

    /// Empties the list of requests.
    pub fn forget_requests(&self) {
        let mut records = lock(&self.inner.records);
        records.forgotten += records.kept.len();
        records.kept.clear();
    }
}

impl Inner {
    fn record(&self, record: &Record) -> usize {
        let mut records = lock(&self.records);
        records.kept.push(record.clone());
        records.forgotten + records.kept.len() - 1
    }

    fn note_status(&self, number: usize, status: u16) {
        let mut records = lock(&self.records);
        let index = number.checked_sub(records.forgotten);
        if let Some(record) = index.and_then(|index| records.kept.get_mut(index)) {
            record.status = Some(status);
        }
    }

    fn next_id(&self) -> String {
        let bits = lock(&self.ids).u128(..);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}
