//! Subscriptions to change notifications, as Graph has them: the handshake before the answer, one per kind of
//! change and resource, an end, and the notifier.
//!
//! Sources: <https://learn.microsoft.com/graph/api/subscription-post-subscriptions>,
//! <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>. Notifications go out when a test says so
//! ([`Graph::notify`](super::Graph::notify)). http on loopback is taken for https. Left out: rich notifications, quotas.

mod endpoint;
mod notifier;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

use super::{Inner, answer::Answer, request::Record, row::Row};
use crate::script::lock;

pub use endpoint::{EndpointState, Limits};
pub use notifier::{Delivered, Habits, Lifecycle};

/// Longest life of a subscription to directory objects, in minutes:
/// <https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime>.
const LONGEST: u32 = 41_760;
/// How long the handshake waits for an answer.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// One subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The feed that it is to.
    pub feed: &'static str,
    /// Kinds of changes, as asked for.
    pub changes: String,
    /// What its notifications carry.
    pub client_state: Option<String>,
    /// When it ends.
    pub expires: OffsetDateTime,
    /// How often it was extended.
    pub extended: usize,
    resource: String,
    url: Url,
    lifecycle_url: Option<Url>,
    /// The next event of the feed's log that it does not know yet.
    told: usize,
}

/// All of them.
pub(super) struct Subscriptions {
    pub(super) all: BTreeMap<String, Subscription>,
    /// The longest life that is granted, in minutes.
    pub(super) longest: u32,
    /// No subscription is created: with this status and code.
    pub(super) refusal: Option<(u16, String)>,
    /// Lists are empty, although there are some.
    pub(super) hidden: bool,
    pub(super) notifier: notifier::Notifier,
    random: fastrand::Rng,
    client: reqwest::Client,
}

impl Subscriptions {
    pub(super) fn new(seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            all: BTreeMap::new(),
            longest: LONGEST,
            refusal: None,
            hidden: false,
            notifier: notifier::Notifier::default(),
            random: fastrand::Rng::with_seed(seed),
            client: reqwest::Client::builder().no_proxy().build()?,
        })
    }
}

/// Whether a request is about subscriptions: of which one, if of one.
pub(super) fn path(record: &Record) -> Option<Option<&str>> {
    let path = record.path.split('?').next().unwrap_or_default().strip_prefix("/v1.0/subscriptions")?;
    match path.strip_prefix('/') {
        Some(id) => Some(Some(id)),
        None => path.is_empty().then_some(None),
    }
}

impl Inner {
    /// The roles and scopes of which one is needed: those of what the subscription is to; for a list, any.
    /// Source: <https://learn.microsoft.com/graph/api/subscription-post-subscriptions#permissions>.
    pub(super) fn subscribers(&self, id: Option<&str>, body: &[u8]) -> Vec<&'static str> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let known = id.and_then(|id| lock(&self.subscriptions).all.get(id).map(|one| one.feed));
        let wanted = body["resource"].as_str().map(|resource| resource.trim_start_matches('/'));
        match known.or(wanted).and_then(Row::named) {
            Some(feed) => feed.readers.iter().map(String::as_str).collect(),
            None => Row::all().flat_map(|feed| &feed.readers).map(String::as_str).collect(),
        }
    }

    /// What a request about subscriptions is answered.
    pub(super) async fn subscriptions(&self, method: &str, id: Option<&str>, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let answer = match (method, id) {
            ("POST", None) => self.subscribe(&body).await,
            ("GET", None) => {
                let subscriptions = lock(&self.subscriptions);
                let shown = subscriptions.all.values().filter(|_| !subscriptions.hidden);
                let all: Vec<_> = shown.map(Subscription::json).collect();
                Ok(Answer::json(json!({ "value": all })))
            }
            ("PATCH", Some(id)) => self.extend(id, &body),
            ("GET", Some(id)) => self.found(id, |one, _| Ok(Answer::json(one.json()))),
            ("DELETE", Some(id)) => {
                let gone = lock(&self.subscriptions).all.remove(id);
                gone.map(|_| Answer::text(204, "application/json", "")).ok_or_else(not_found)
            }
            _ => Err(Answer::error(405, "MethodNotAllowed", "The method is not allowed.")),
        };
        answer.unwrap_or_else(|refused| refused)
    }

    async fn subscribe(&self, body: &Value) -> Result<Answer, Answer> {
        let mut new = self.wanted(body)?;
        let client = {
            let subscriptions = lock(&self.subscriptions);
            if let Some((status, code)) = &subscriptions.refusal {
                return Err(Answer::error(*status, code, "Refused."));
            }
            let is_same = |one: &&Subscription| one.feed == new.feed && one.changes == new.changes;
            if let Some(same) = subscriptions.all.values().find(is_same) {
                let message =
                    format!("Subscription Id {} already exists for the requested combination", same.id);
                return Err(Answer::error(409, "Conflict", &message));
            }
            subscriptions.client.clone()
        };
        for url in std::iter::once(&new.url).chain(&new.lifecycle_url) {
            let token = format!("Validation: Testing client application reachability for {}.", new.id);
            if !validated(&client, url, &token).await {
                let message =
                    "Subscription validation request failed. Notification endpoint must respond with 200 OK.";
                return Err(Answer::error(400, "ValidationError", message));
            }
        }
        new.told = self.position(new.feed);
        let answer = Answer { status: 201, ..Answer::json(new.json()) };
        lock(&self.subscriptions).all.insert(new.id.clone(), new);
        Ok(answer)
    }

    fn wanted(&self, body: &Value) -> Result<Subscription, Answer> {
        let bad = |message: &str| Answer::error(400, "InvalidRequest", message);
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let url = |name: &str| text(name).and_then(|text| Url::parse(&text).ok());
        let resource = text("resource").ok_or_else(|| bad("resource is missing"))?;
        let feed = Row::named(resource.trim_start_matches('/')).filter(|row| row.delta);
        let feed = &feed.ok_or_else(|| bad("unknown resource"))?.name;
        let changes = text("changeType").ok_or_else(|| bad("changeType is missing"))?;
        // Of users and groups `updated` covers the creation.
        if changes.split(',').any(|change| !["updated", "deleted"].contains(&change.trim())) {
            return Err(bad("changeType is not supported for this resource"));
        }
        let mut subscriptions = lock(&self.subscriptions);
        let expires = expires(body, subscriptions.longest)?;
        Ok(Subscription {
            id: uuid::Builder::from_random_bytes(subscriptions.random.u128(..).to_be_bytes())
                .into_uuid()
                .to_string(),
            feed,
            changes,
            client_state: text("clientState"),
            expires,
            extended: 0,
            resource,
            url: url("notificationUrl").ok_or_else(|| bad("notificationUrl is missing"))?,
            lifecycle_url: url("lifecycleNotificationUrl"),
            told: 0,
        })
    }

    fn extend(&self, id: &str, body: &Value) -> Result<Answer, Answer> {
        self.found(id, |one, longest| {
            one.expires = expires(body, longest)?;
            one.extended += 1;
            Ok(Answer::json(one.json()))
        })
    }

    fn found(
        &self,
        id: &str,
        then: impl FnOnce(&mut Subscription, u32) -> Result<Answer, Answer>,
    ) -> Result<Answer, Answer> {
        let subscriptions = &mut *lock(&self.subscriptions);
        then(subscriptions.all.get_mut(id).ok_or_else(not_found)?, subscriptions.longest)
    }

    /// How far the log of a feed is.
    fn position(&self, feed: &str) -> usize {
        let world = lock(&self.world);
        Row::named(feed).map_or(0, |feed| world.tenant.collection(&feed.name).position())
    }
}

impl Subscription {
    /// As Graph shows it: without the client state.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id, "resource": self.resource, "changeType": self.changes, "clientState": null,
            "notificationUrl": self.url.as_str(), "lifecycleNotificationUrl": self.lifecycle_url.as_ref().map(Url::as_str),
            "expirationDateTime": self.expires.format(&Rfc3339).unwrap_or_default(),
            "applicationId": "00000000-0000-0000-0000-00000000ab1e",
        })
    }
}

fn expires(body: &Value, longest: u32) -> Result<OffsetDateTime, Answer> {
    let bad = |message: &str| Answer::error(400, "ExtensionError", message);
    let told =
        body["expirationDateTime"].as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let told = told.ok_or_else(|| bad("expirationDateTime is missing"))?;
    let now = OffsetDateTime::now_utc();
    if told > now + time::Duration::minutes(longest.into()) {
        return Err(bad("Subscription expiration can only be so many minutes in the future."));
    }
    // Silently raised, as documented.
    Ok(told.max(now + time::Duration::minutes(45)))
}

fn not_found() -> Answer {
    Answer::error(404, "ResourceNotFound", "The object was not found.")
}

/// The handshake: the decoded token has to come back as plain text.
async fn validated(client: &reqwest::Client, url: &Url, token: &str) -> bool {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("validationToken", token);
    let request = client.post(url).header("content-type", "text/plain; charset=utf-8");
    let Ok(response) = request.timeout(HANDSHAKE).send().await else { return false };
    let kind =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_plain = response.status() == 200 && kind.starts_with("text/plain");
    is_plain && response.text().await.is_ok_and(|text| text == token)
}
