//! The handle of a running Graph: what a test does to it and asks of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::Router;
use tower_http::compression::CompressionLayer;

use super::{
    fault::{Fault, TokenDeath},
    hidden::Hidden,
    inner::Inner,
    kind::Kind,
    links::Links,
    load::Loads,
    options::Options,
    quirks::Quirks,
    replica::Replicas,
    request::{Match, Record},
    row::Row,
    subscriptions::{self, Delivered, Habits, Lifecycle, Limits, Subscription, Subscriptions},
    tenant::Tenant,
    wire,
    world::World,
};
use crate::{
    clock::Clock,
    deviations::Deviant,
    identity::Identity,
    loopback::{Loopback, Server},
    script::{Faults, Gates, Hold, Rule, lock},
};

/// The running fake. Clones are handles to the same one.
#[derive(Clone)]
pub struct Graph {
    inner: Arc<Inner>,
    server: Server,
    clock: Clock,
    deviant: Deviant,
    origin: String,
}

impl Graph {
    /// Starts the fake on a port of its own.
    pub async fn start(tenant: Tenant, identity: Identity, options: Options) -> anyhow::Result<Self> {
        let loopback = Loopback::bind().await?;
        let origin = options.origin.unwrap_or_else(|| loopback.origin().to_owned());
        let mut audiences = options.audiences;
        audiences.push(origin.clone());
        let clock = tenant.clock().clone();
        let world = World {
            tenant,
            links: Links::new(options.seed),
            quirks: options.quirks,
            page_size: options.page_size,
            members_per_slice: options.members_per_slice,
            random: fastrand::Rng::with_seed(options.seed),
            replicas: Replicas::new(options.seed),
            hidden: Hidden::default(),
            loads: Loads::default(),
            origin: origin.clone(),
        };
        let inner = Arc::new(Inner {
            world: world.into(),
            records: Mutex::default(),
            ids: fastrand::Rng::with_seed(options.seed).into(),
            subscriptions: Subscriptions::new(options.seed)?.into(),
            faults: Faults::default(),
            gates: Gates::default(),
            identity,
            audiences,
            demanded: Mutex::default(),
        });
        let deviant = Deviant::default();
        let router = Router::new().fallback(wire::respond).with_state(Arc::clone(&inner));
        let router = deviant.before(router).layer(CompressionLayer::new());
        Ok(Self { inner, server: loopback.serve(clock.date(router)), clock, deviant, origin })
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
        Row::all().for_each(|feed| replicas.settle(feed, tenant.collection(&feed.name).position()));
    }

    /// The next enumeration of a feed leaves these objects out, those that are neither removed, restored nor linked
    /// otherwise before it begins; by their ids they are found as ever.
    pub fn hide(&self, feed: &'static str, ids: impl IntoIterator<Item = String>) {
        let World { tenant, hidden, .. } = &mut *lock(&self.inner.world);
        if let Some(feed) = Row::named(feed) {
            let keys = ids.into_iter().map(|id| tenant.key(&feed.name, &id)).collect::<Vec<_>>();
            hidden.hide(&feed.name, tenant.collection(&feed.name).position(), keys);
        }
    }

    /// A service, such as `outlook`, has used up this share of its limit; from 0.8 on its answers tell it.
    pub fn set_load(&self, service: &str, share: f64) {
        lock(&self.inner.world).loads.set(service, share);
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
        subscriptions::notify(&self.inner).await
    }

    /// Tells a subscription about itself; one that is removed is gone then.
    pub async fn tell(&self, id: &str, event: Lifecycle) -> Delivered {
        subscriptions::tell(&self.inner, id, event).await
    }

    /// The clock that its answers are dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where a deviation is planted.
    pub fn deviant(&self) -> &Deviant {
        &self.deviant
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
