//! Requests about subscriptions: created after a handshake, listed, extended, deleted.

use std::time::Duration;

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

use super::{
    super::{
        answer::Answer,
        inner::Inner,
        key,
        request::Record,
        route::{Named, segments},
        row::Row,
    },
    subscription::Subscription,
};
use crate::script::lock;

/// How long the handshake waits for an answer.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Whether a request is about subscriptions: of which one, if of one.
pub(in super::super) fn path(record: &Record) -> Option<Option<&str>> {
    let path = record.path.split('?').next().unwrap_or_default().strip_prefix("/v1.0/subscriptions")?;
    match path.strip_prefix('/') {
        Some(id) => Some(Some(id)),
        None => path.is_empty().then_some(None),
    }
}

/// The roles and scopes of which one is needed: those of what the subscription is to; for a list, any.
/// Source: <https://learn.microsoft.com/graph/api/subscription-post-subscriptions#permissions>.
pub(in super::super) fn readers(inner: &Inner, id: Option<&str>, body: &[u8]) -> Vec<&'static str> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let known = id.and_then(|id| lock(&inner.subscriptions).all.get(id).map(|one| one.feed));
    let wanted = body["resource"].as_str().map(|resource| resource.trim_start_matches('/'));
    let feed = known.and_then(Row::named).or_else(|| Some(subscribed(wanted?)?.0));
    match feed {
        Some(feed) => {
            let other = feed.subscription.as_ref().and_then(|subscription| subscription.permission.as_ref());
            other
                .map_or_else(|| feed.readers.iter().collect(), |other| vec![other])
                .into_iter()
                .map(String::as_str)
                .collect()
        }
        None => Row::all().flat_map(|feed| &feed.readers).map(String::as_str).collect(),
    }
}

/// The collection to which a resource leads, and the objects above that it names.
fn subscribed(resource: &str) -> Option<(&'static Row, Vec<Named>)> {
    let resource = resource.trim_start_matches('/');
    let all = segments(resource);
    let found = Row::all().find_map(|row| {
        let route = &row.subscription.as_ref()?.route;
        let named = route.matched(&all).filter(|_| route.length() == all.len())?;
        Some((row, named))
    });
    let directory = || Row::named(resource).filter(|row| row.delta && !row.is_below());
    found.or_else(|| directory().map(|row| (row, Vec::new())))
}

/// What the keys of the objects below the last of these begin with.
fn under(inner: &Inner, named: &[Named]) -> Result<String, Answer> {
    let Some((parent, name)) = named.last() else { return Ok(String::new()) };
    let (world, row) = (lock(&inner.world), Row::of(parent));
    let key = if row.is_below() { world.tenant.key(parent, name) } else { world.found(row, name) };
    let lives = world.tenant.collection(parent).get(&key).is_some();
    lives.then(|| key::prefix(row, &key)).ok_or_else(|| Answer::not_found(name))
}

/// What a request about subscriptions is answered.
pub(in super::super) async fn answer(
    inner: &Inner,
    record: &Record,
    id: Option<&str>,
    body: &[u8],
) -> Answer {
    let method = record.method.as_str();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let answer = match (method, id) {
        ("POST", None) => subscribe(inner, record, &body).await,
        ("GET", None) => {
            let subscriptions = lock(&inner.subscriptions);
            let shown = subscriptions.all.values().filter(|_| !subscriptions.hidden);
            let all: Vec<_> = shown.map(Subscription::json).collect();
            Ok(Answer::json(json!({ "value": all })))
        }
        ("PATCH", Some(id)) => extend(inner, id, &body),
        ("GET", Some(id)) => found(inner, id, |one, _| Ok(Answer::json(one.json()))),
        ("DELETE", Some(id)) => {
            let gone = lock(&inner.subscriptions).all.remove(id);
            gone.map(|_| Answer::text(204, "application/json", "")).ok_or_else(not_found)
        }
        _ => Err(Answer::error(405, "MethodNotAllowed", "The method is not allowed.")),
    };
    answer.unwrap_or_else(|refused| refused)
}

async fn subscribe(inner: &Inner, record: &Record, body: &Value) -> Result<Answer, Answer> {
    let mut new = wanted(inner, record, body)?;
    let client = {
        let subscriptions = lock(&inner.subscriptions);
        if let Some((status, code)) = &subscriptions.refusal {
            return Err(Answer::error(*status, code, "Refused."));
        }
        let is_same = |one: &&Subscription| {
            one.feed == new.feed && one.under == new.under && one.changes == new.changes
        };
        if let Some(same) = subscriptions.all.values().find(is_same) {
            let message = format!("Subscription Id {} already exists for the requested combination", same.id);
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
    new.notified = position(inner, new.feed);
    let answer = Answer { status: 201, ..Answer::json(new.json()) };
    lock(&inner.subscriptions).all.insert(new.id.clone(), new);
    Ok(answer)
}

fn wanted(inner: &Inner, record: &Record, body: &Value) -> Result<Subscription, Answer> {
    let bad = |message: &str| Answer::error(400, "InvalidRequest", message);
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let url = |name: &str| text(name).and_then(|text| Url::parse(&text).ok());
    let resource = text("resource").ok_or_else(|| bad("resource is missing"))?;
    let (row, named) = subscribed(&resource).ok_or_else(|| bad("unknown resource"))?;
    let (feed, under) = (&row.name, under(inner, &named)?);
    let changes = text("changeType").ok_or_else(|| bad("changeType is missing"))?;
    // Of users and groups `updated` covers the creation.
    let is_known = |change: &str| row.change_types().any(|known| known == change);
    if changes.split(',').any(|change| !is_known(change.trim())) {
        return Err(bad("changeType is not supported for this resource"));
    }
    let mut subscriptions = lock(&inner.subscriptions);
    let longest = row.subscription.as_ref().map_or(u32::MAX, |subscription| subscription.longest);
    let expires = expires(body, subscriptions.longest.min(longest))?;
    let needs_lifecycle = row.subscription.as_ref().is_some_and(|subscription| subscription.lifecycle);
    let is_long = expires > OffsetDateTime::now_utc() + time::Duration::HOUR;
    if needs_lifecycle && is_long && text("lifecycleNotificationUrl").is_none() {
        return Err(bad(
            "lifecycleNotificationUrl is a required property for subscription creation when the \
                        expirationDateTime value is set to greater than 1 hour.",
        ));
    }
    Ok(Subscription {
        id: uuid::Builder::from_random_bytes(subscriptions.random.u128(..).to_be_bytes())
            .into_uuid()
            .to_string(),
        feed,
        changes,
        client_state: text("clientState"),
        expires,
        extended: 0,
        under,
        immutable: record.preferred("IdType") == Some("ImmutableId"),
        resource,
        url: url("notificationUrl").ok_or_else(|| bad("notificationUrl is missing"))?,
        lifecycle_url: url("lifecycleNotificationUrl"),
        notified: 0,
    })
}

fn extend(inner: &Inner, id: &str, body: &Value) -> Result<Answer, Answer> {
    found(inner, id, |one, longest| {
        let own =
            Row::of(one.feed).subscription.as_ref().map_or(u32::MAX, |subscription| subscription.longest);
        one.expires = expires(body, longest.min(own))?;
        one.extended += 1;
        Ok(Answer::json(one.json()))
    })
}

fn found(
    inner: &Inner,
    id: &str,
    then: impl FnOnce(&mut Subscription, u32) -> Result<Answer, Answer>,
) -> Result<Answer, Answer> {
    let subscriptions = &mut *lock(&inner.subscriptions);
    then(subscriptions.all.get_mut(id).ok_or_else(not_found)?, subscriptions.longest)
}

/// How far the log of a feed is.
fn position(inner: &Inner, feed: &str) -> usize {
    let world = lock(&inner.world);
    Row::named(feed).map_or(0, |feed| world.tenant.collection(&feed.name).position())
}

fn expires(body: &Value, longest: u32) -> Result<OffsetDateTime, Answer> {
    let bad = |message: &str| Answer::error(400, "ExtensionError", message);
    let asked =
        body["expirationDateTime"].as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let asked = asked.ok_or_else(|| bad("expirationDateTime is missing"))?;
    let now = OffsetDateTime::now_utc();
    if asked > now + time::Duration::minutes(longest.into()) {
        return Err(bad("Subscription expiration can only be so many minutes in the future."));
    }
    // Silently raised, as documented.
    Ok(asked.max(now + time::Duration::minutes(45)))
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
