//! The notifier: it sends the changes since the last time to each subscription.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::super::{
    chats,
    collection::{Change, Collection, Event},
    inner::Inner,
    key,
    row::Row,
};
use super::endpoint::EndpointState;
use super::state::Delivery;
use super::subscription::Subscription;
use crate::script::lock;

/// Tries of one delivery. Graph goes on for four hours.
const TRIES: usize = 3;
/// Notifications in one delivery.
const TOGETHER: usize = 10;

/// What became of the notifications.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    /// The statuses of the answers, in order; 0 where none came in time.
    pub statuses: Vec<u16>,
    /// How long the slowest answer took.
    pub slowest: Duration,
    /// Deliveries that will be tried again the next time.
    pub late: usize,
    /// Notifications that were dropped.
    pub dropped: usize,
    /// What Graph thinks of the endpoint then.
    pub state: EndpointState,
}

/// An event in the life of a subscription:
/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Its token or its life is about to end.
    ReauthorizationRequired,
    /// It is gone.
    SubscriptionRemoved,
    /// Some notifications were not delivered.
    Missed,
}

impl Lifecycle {
    fn name(self) -> &'static str {
        match self {
            Self::ReauthorizationRequired => "reauthorizationRequired",
            Self::SubscriptionRemoved => "subscriptionRemoved",
            Self::Missed => "missed",
        }
    }
}

/// Tells every living subscription what happened, and tries again what was not taken the last time.
pub(in super::super) async fn notify(inner: &Inner) -> Delivered {
    let mut deliveries = std::mem::take(&mut lock(&inner.subscriptions).notifier.late);
    let (new, mut dropped) = due(inner);
    let state = lock(&inner.subscriptions).notifier.endpoint.state();
    match state {
        EndpointState::Well => deliveries.extend(new),
        EndpointState::Slow => lock(&inner.subscriptions).notifier.late.extend(new),
        // A trickle, by which the endpoint can show that it is better.
        EndpointState::Drop => {
            dropped += new.len().saturating_sub(1);
            deliveries = new.into_iter().take(1).collect();
        }
    }
    Delivered { dropped, ..deliver(inner, deliveries).await }
}

/// Tells a subscription about itself.
pub(in super::super) async fn tell(inner: &Inner, id: &str, event: Lifecycle) -> Delivered {
    let notifications = {
        let mut subscriptions = lock(&inner.subscriptions);
        let tenant = lock(&inner.world).tenant.id.clone();
        let notifications = subscriptions.all.get(id).map(|one| lifecycle(one, event, &tenant));
        if event == Lifecycle::SubscriptionRemoved {
            subscriptions.all.remove(id);
        }
        notifications
    };
    deliver(inner, notifications.into_iter().flatten().collect()).await
}

/// The notifications that are due, and how many were dropped.
fn due(inner: &Inner) -> (Vec<Delivery>, usize) {
    let (mut deliveries, mut dropped) = (Vec::new(), 0);
    let mut subscriptions = lock(&inner.subscriptions);
    let habits = subscriptions.notifier.habits;
    let world = lock(&inner.world);
    let now = time::OffsetDateTime::now_utc();
    subscriptions.all.retain(|_, one| one.expires > now);
    for one in subscriptions.all.values_mut() {
        let Some(feed) = Row::named(one.feed) else { continue };
        let log = world.tenant.collection(&feed.name);
        let changes = log.changes(one.notified, log.position());
        one.notified = log.position();
        let notifications = changes
            .iter()
            .filter(|change| change.id.starts_with(&one.under))
            .filter_map(|change| notification(one, feed, log, change, &world.tenant.id));
        let mut notifications: Vec<_> = notifications
            .flat_map(|notifications| vec![notifications; if habits.twice { 2 } else { 1 }])
            .collect();
        if habits.backwards {
            notifications.reverse();
        }
        if habits.drop {
            dropped += notifications.len();
            continue;
        }
        let bodies = notifications.chunks(TOGETHER).map(|some| json!({ "value": some }).to_string());
        deliveries.extend(bodies.map(|body| Delivery { url: one.url.clone(), body, tries: 0 }));
    }
    (deliveries, dropped)
}

async fn deliver(inner: &Inner, deliveries: Vec<Delivery>) -> Delivered {
    let (client, limits) = {
        let subscriptions = lock(&inner.subscriptions);
        (subscriptions.client.clone(), subscriptions.notifier.endpoint.limits)
    };
    let mut delivered = Delivered::default();
    for mut delivery in deliveries {
        let patience = if delivery.tries == 0 { limits.first } else { limits.further };
        let asked = Instant::now();
        let request = client.post(delivery.url.clone()).timeout(patience).body(delivery.body.clone());
        let answer = request.header("content-type", "application/json").send().await;
        let status = answer.map_or(0, |answer| answer.status().as_u16());
        delivered.statuses.push(status);
        let (now, took) = (Instant::now(), asked.elapsed());
        delivered.slowest = delivered.slowest.max(took);
        lock(&inner.subscriptions).notifier.endpoint.answered(now, took);
        delivery.tries += 1;
        if !(200..300).contains(&status) && delivery.tries < TRIES {
            delivered.late += 1;
            lock(&inner.subscriptions).notifier.late.push(delivery);
        }
    }
    delivered.state = lock(&inner.subscriptions).notifier.endpoint.state();
    delivered
}

/// As documented for directory objects; a soft delete is an update. Drives and lists say nothing of the item.
fn notification(
    one: &Subscription,
    feed: &Row,
    objects: &Collection,
    change: &Change,
    tenant: &str,
) -> Option<Value> {
    let knows = |kind: &str| feed.change_types().any(|known| known == kind);
    let key = &change.id;
    let kind = match &change.event {
        Event::Purged | Event::PurgedInside if knows("deleted") => "deleted",
        Event::Created if knows("created") => "created",
        _ => "updated",
    };
    if !one.changes.split(',').any(|asked| asked.trim() == kind) {
        return None;
    }
    let mut name = feed.kind.to_owned();
    name[..1].make_ascii_uppercase();
    let id = if feed.immutable && !one.immutable { key::mutable(feed, key) } else { key::id(feed, key) };
    let own = one.resource.trim_start_matches('/');
    let of_teams = chats::resource(feed, objects, key);
    let resource = match &feed.subscription {
        None => format!("{name}s/{id}"),
        Some(_) if of_teams.is_some() => of_teams.unwrap_or_default(),
        Some(_) if feed.change_types().count() == 1 && knows("updated") => {
            return Some(json!({
                "changeType": kind, "clientState": one.client_state, "resource": own,
                "subscriptionExpirationDateTime": one.expires.format(&Rfc3339).unwrap_or_default(),
                "subscriptionId": one.id, "tenantId": tenant,
            }));
        }
        Some(_) => format!("{own}/{id}"),
    };
    Some(json!({
        "changeType": kind, "clientState": one.client_state, "resource": resource,
        "resourceData": {"@odata.type": format!("#Microsoft.Graph.{name}"), "@odata.id": resource, "id": id,
            "organizationId": tenant, "sequenceNumber": 637_418_201_376_800_000_u64},
        "subscriptionExpirationDateTime": one.expires.format(&Rfc3339).unwrap_or_default(),
        "subscriptionId": one.id, "tenantId": tenant,
    }))
}

fn lifecycle(one: &Subscription, event: Lifecycle, tenant: &str) -> Option<Delivery> {
    let body = json!({"value": [{
        "subscriptionId": one.id, "tenantId": tenant, "clientState": one.client_state,
        "subscriptionExpirationDateTime": one.expires.format(&Rfc3339).unwrap_or_default(),
        "lifecycleEvent": event.name(),
    }]});
    Some(Delivery { url: one.lifecycle_url.clone()?, body: body.to_string(), tries: 0 })
}
