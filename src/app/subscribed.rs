//! The verbs for subscriptions to change notifications, and the types of their results.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde::Serialize;
use time::OffsetDateTime;

use super::AppError;
use super::notifications::Notifications;
use super::parts::Parts;
use crate::protocol::Feed;
use crate::report::{Service, Status};
use crate::store::StoreError;
use crate::subscriptions::{self, KeepError, Record, Renewal, Tallies};
use crate::{catalogue, graph};

/// The status of the copy of a resource, and of its subscription.
#[derive(Debug, Serialize)]
pub struct ResourceStatus {
    /// The status of the copy.
    #[serde(flatten)]
    pub status: Status,
    /// The status of the subscription, if notifications are on.
    pub subscription: Option<Subscription>,
}

/// The status of the subscription to a feed.
#[derive(Debug, Serialize)]
pub struct Subscription {
    /// The id of the subscription in Graph, if there is one.
    pub id: Option<String>,
    /// Whether the subscription exists and has not expired.
    pub alive: bool,
    /// The time at which it expires unless it is renewed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// The last error of its creation or renewal.
    pub problem: Option<String>,
    /// The stored counts of notifications, for all feeds together.
    pub notifications: Option<Tallies>,
}

/// A subscription as Graph returns it.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The id of the subscription.
    pub id: String,
    /// The resource path that it watches.
    pub resource: String,
    /// The time at which it expires.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Whether its notifications come to this deployment.
    pub here: bool,
}

/// Longest wait for an answer of Graph.
const PATIENCE: Duration = Duration::from_secs(60);

/// Creates and renews the subscriptions, or ends them if notifications are off.
pub(super) async fn keep(
    parts: &Parts,
    notifications: Option<&Notifications>,
    urgent: bool,
) -> Result<Renewal, AppError> {
    let failed = |source| failed(parts, source);
    let Some(on) = notifications else {
        let ended = subscriptions::end(parts.graph(), parts.store(), catalogue::resources()).await;
        return ended.map_err(failed);
    };
    on.write_down(parts).await;
    let reader = parts.tokens().reader().await?;
    let keeper = on.keeper(parts, &reader.tenant_id);
    subscriptions::keep(&keeper, parts.resources(), urgent).await.map_err(failed)
}

/// Creates or renews the subscription below one parent.
pub(super) async fn keep_one(
    parts: &Parts,
    notifications: Option<&Notifications>,
    feed: &Feed,
) -> Result<Renewal, AppError> {
    let (Some(on), Some(feed)) = (notifications, named(parts, feed).await?) else {
        return Ok(Renewal::default());
    };
    let reader = parts.tokens().reader().await?;
    let keeper = on.keeper(parts, &reader.tenant_id);
    let kept = subscriptions::keep_one(&keeper, parts.resources(), &feed).await;
    kept.map_err(|source| failed(parts, source))
}

/// The feed, or the part of a resource, to which a work item leads: its parent may be a hash. None if nobody knows it.
pub(super) async fn named(parts: &Parts, feed: &Feed) -> Result<Option<Feed>, AppError> {
    let named = subscriptions::key_of(parts.store(), feed).await;
    named.map_err(|source| failed(parts, source.into()))
}

/// Reports what [`keep`] would do.
pub(super) async fn preview(
    parts: &Parts,
    notifications: Option<&Notifications>,
) -> Result<Renewal, AppError> {
    let failed = |source| failed(parts, source);
    let Some(on) = notifications else {
        let ended = subscriptions::would_end(parts.store(), catalogue::resources()).await;
        return ended.map_err(failed);
    };
    let reader = parts.tokens().reader().await?;
    let keeper = on.keeper(parts, &reader.tenant_id);
    subscriptions::preview(&keeper, parts.resources(), Instant::now() + PATIENCE).await.map_err(failed)
}

/// Lists the subscriptions of this app in this tenant, as Graph returns them.
pub(super) async fn list(
    parts: &Parts,
    notifications: Option<&Notifications>,
) -> Result<Vec<Listed>, AppError> {
    parts.tokens().reader().await?;
    let all = graph::subscription::all(parts.graph(), Instant::now() + PATIENCE).await;
    let here = notifications.map(|on| on.url().as_str());
    let listed = |one: graph::Subscription| Listed {
        here: here == Some(&one.notification_url),
        id: one.id,
        resource: one.resource,
        expires: one.expires,
    };
    let all = all.map_err(|source| failed(parts, source.into()))?;
    Ok(all.into_iter().map(listed).collect())
}

/// Ends a subscription, whichever deployment created it. It succeeds if there was none.
pub(super) async fn delete(parts: &Parts, id: &str) -> Result<(), AppError> {
    parts.tokens().reader().await?;
    let ended = graph::subscription::delete(parts.graph(), id, Instant::now() + PATIENCE).await;
    ended.map_err(|source| failed(parts, source.into()))
}

/// The status of each copy with that of its subscription, if notifications are on.
pub(super) async fn beside(
    parts: &Parts,
    all: Vec<Status>,
    is_on: bool,
) -> Result<Vec<ResourceStatus>, AppError> {
    let all = all.into_iter().map(|status| async move {
        let subscription =
            if is_on { Some(Box::pin(subscription(parts, &status.resource)).await?) } else { None };
        Ok(ResourceStatus { status, subscription })
    });
    try_join_all(all).await
}

/// Reads the status of the subscription to a resource.
async fn subscription(parts: &Parts, resource: &str) -> Result<Subscription, AppError> {
    let store = parts.store();
    let found = tokio::try_join!(subscriptions::record(store, resource), subscriptions::tallies(store));
    let (record, tallies) = found.map_err(|source| failed(parts, source.into()))?;
    Ok(subscription_of(record, tallies, OffsetDateTime::now_utc()))
}

/// Creates the error of a verb; forgets the token if a service refused it.
fn failed(parts: &Parts, source: KeepError) -> AppError {
    let refused_by = match &source {
        KeepError::Graph(error) if error.refuses_token() => Some(Service::Graph),
        KeepError::Store(StoreError::Forbidden(_) | StoreError::Unauthorized(_)) => Some(Service::Cosmos),
        KeepError::Graph(_) | KeepError::Store(_) => None,
    };
    refused_by.into_iter().for_each(|service| parts.forget(service));
    AppError::Subscriptions { source }
}

fn subscription_of(
    record: Option<Record>,
    notifications: Option<Tallies>,
    now: OffsetDateTime,
) -> Subscription {
    let (id, expires, problem) = match record {
        Some(record) => (record.subscription_id, record.expires, record.problem),
        None => (None, None, None),
    };
    let alive = id.is_some() && expires.is_some_and(|expires| expires > now);
    Subscription { id, alive, expires, problem, notifications }
}
