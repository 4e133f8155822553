//! The notifier: what happened since the last time, told to whoever subscribed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use url::Url;

use super::super::{Inner, collection::Event, row::Row};
use super::Subscription;
use super::endpoint::{Endpoint, EndpointState};
use crate::script::lock;

/// Tries of one delivery. Graph goes on for four hours.
const TRIES: usize = 3;
/// Notifications in one delivery.
const TOGETHER: usize = 10;

/// What kind of a notifier Graph is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Each notification comes twice.
    pub twice: bool,
    /// The last ones come first.
    pub backwards: bool,
    /// Nothing is delivered, and nothing is made up for later.
    pub drop: bool,
}

#[derive(Default)]
pub(in super::super) struct Notifier {
    pub(in super::super) habits: Habits,
    pub(in super::super) endpoint: Endpoint,
    /// Deliveries that were not taken yet.
    late: Vec<Delivery>,
}

#[derive(Clone)]
struct Delivery {
    url: Url,
    body: String,
    tries: usize,
}

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

impl Inner {
    /// Tells every living subscription what happened, and tries again what was not taken the last time.
    pub(in super::super) async fn notify(&self) -> Delivered {
        let mut deliveries = std::mem::take(&mut lock(&self.subscriptions).notifier.late);
        let (new, mut dropped) = self.due();
        let state = lock(&self.subscriptions).notifier.endpoint.state();
        match state {
            EndpointState::Well => deliveries.extend(new),
            EndpointState::Slow => lock(&self.subscriptions).notifier.late.extend(new),
            // A trickle, by which the endpoint can show that it is better.
            EndpointState::Drop => {
                dropped += new.len().saturating_sub(1);
                deliveries = new.into_iter().take(1).collect();
            }
        }
        Delivered { dropped, ..self.deliver(deliveries).await }
    }

    /// Tells a subscription about itself.
    pub(in super::super) async fn tell(&self, id: &str, event: Lifecycle) -> Delivered {
        let told = {
            let mut subscriptions = lock(&self.subscriptions);
            let tenant = lock(&self.world).tenant.id.clone();
            let told = subscriptions.all.get(id).map(|one| one.lifecycle(event, &tenant));
            if event == Lifecycle::SubscriptionRemoved {
                subscriptions.all.remove(id);
            }
            told
        };
        self.deliver(told.into_iter().flatten().collect()).await
    }

    /// What is to be told now.
    fn due(&self) -> (Vec<Delivery>, usize) {
        let (mut deliveries, mut dropped) = (Vec::new(), 0);
        let mut subscriptions = lock(&self.subscriptions);
        let habits = subscriptions.notifier.habits;
        let world = lock(&self.world);
        let now = time::OffsetDateTime::now_utc();
        subscriptions.all.retain(|_, one| one.expires > now);
        for one in subscriptions.all.values_mut() {
            let Some(feed) = Row::named(one.feed) else { continue };
            let log = world.tenant.collection(&feed.name);
            let changes = log.changes(one.told, log.position());
            one.told = log.position();
            let told = changes
                .iter()
                .filter_map(|change| one.notification(feed, &change.id, &change.event, &world.tenant.id));
            let mut told: Vec<_> =
                told.flat_map(|told| vec![told; if habits.twice { 2 } else { 1 }]).collect();
            if habits.backwards {
                told.reverse();
            }
            if habits.drop {
                dropped += told.len();
                continue;
            }
            let bodies = told.chunks(TOGETHER).map(|some| json!({ "value": some }).to_string());
            deliveries.extend(bodies.map(|body| Delivery { url: one.url.clone(), body, tries: 0 }));
        }
        (deliveries, dropped)
    }

    async fn deliver(&self, deliveries: Vec<Delivery>) -> Delivered {
        let (client, limits) = {
            let subscriptions = lock(&self.subscriptions);
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
            lock(&self.subscriptions).notifier.endpoint.answered(now, took);
            delivery.tries += 1;
            if !(200..300).contains(&status) && delivery.tries < TRIES {
                delivered.late += 1;
                lock(&self.subscriptions).notifier.late.push(delivery);
            }
        }
        delivered.state = lock(&self.subscriptions).notifier.endpoint.state();
        delivered
    }
}

impl Subscription {
    /// As documented for directory objects; a soft delete is an update.
    fn notification(&self, feed: &Row, id: &str, event: &Event, tenant: &str) -> Option<Value> {
        let kind = if *event == Event::Purged { "deleted" } else { "updated" };
        if !self.changes.split(',').any(|asked| asked.trim() == kind) {
            return None;
        }
        let mut name = feed.kind.to_owned();
        name[..1].make_ascii_uppercase();
        let resource = format!("{name}s/{id}");
        Some(json!({
            "changeType": kind, "clientState": self.client_state, "resource": resource,
            "resourceData": {"@odata.type": format!("#Microsoft.Graph.{name}"), "@odata.id": resource, "id": id,
                "organizationId": tenant, "sequenceNumber": 637_418_201_376_800_000_u64},
            "subscriptionExpirationDateTime": self.expires.format(&Rfc3339).unwrap_or_default(),
            "subscriptionId": self.id, "tenantId": tenant,
        }))
    }

    fn lifecycle(&self, event: Lifecycle, tenant: &str) -> Option<Delivery> {
        let body = json!({"value": [{
            "subscriptionId": self.id, "tenantId": tenant, "clientState": self.client_state,
            "subscriptionExpirationDateTime": self.expires.format(&Rfc3339).unwrap_or_default(),
            "lifecycleEvent": event.name(),
        }]});
        Some(Delivery { url: self.lifecycle_url.clone()?, body: body.to_string(), tries: 0 })
    }
}
