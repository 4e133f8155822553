//! Change notifications: what arrives, and the subscriptions for it.

use std::time::{Duration, Instant};

use serde::Serialize;
use time::OffsetDateTime;
use url::Url;

use super::{App, AppError};
use crate::mirror::{Service, Status};
use crate::notify::{self, Delivery, Dropped, Keys, NotADelivery, Tallied};
use crate::store::StoreError;
use crate::subscriptions::{self, KeepError, Keeper, Kept, Record, Tallies};
use crate::{catalogue, graph};

/// How the copy of a resource is, and how soon it hears of changes.
#[derive(Debug, Serialize)]
pub struct Known {
    /// The copy.
    #[serde(flatten)]
    pub status: Status,
    /// The subscription, where notifications are on.
    pub subscription: Option<Subscription>,
}

/// How the subscription to a feed is.
#[derive(Debug, Serialize)]
pub struct Subscription {
    /// Graph's id of it, if there is one.
    pub id: Option<String>,
    /// There is one, and it has not ended.
    pub alive: bool,
    /// When it ends, if nobody extends it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// Why it could not be created or extended, the last time.
    pub problem: Option<String>,
    /// What became of the notifications of all feeds together, as far as it is written down.
    pub notifications: Option<Tallies>,
}

/// A subscription as Graph has it.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// What it is to.
    pub resource: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// Its notifications come here.
    pub here: bool,
}

/// How long somebody waits for an answer of Graph's.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

impl App {
    /// Whether change notifications are on.
    pub fn is_notified(&self) -> bool {
        self.notifications.is_some()
    }

    /// What a body of notifications has us do. Asks nobody.
    ///
    /// # Errors
    /// [`NotADelivery`].
    pub fn judge(&self, body: &str) -> Result<Delivery, NotADelivery> {
        let Some((keys, _)) = &self.notifications else { return Ok(Delivery::default()) };
        let delivery = notify::judge(body, keys, self.tokens.stated_tenant(), |feed| self.row(feed).is_ok())?;
        let Dropped { foreign, odd } = delivery.dropped;
        let rung = u64::from(!delivery.rung.is_empty());
        self.count(Tallied { rung, foreign, odd, ..Tallied::default() });
        Ok(delivery)
    }

    /// Counts what somebody posted. What is not genuine is said with its numbers, at most once a minute.
    pub fn count(&self, some: Tallied) {
        self.tally.add(some);
        let dropped = Tallied { rung: 0, ..some };
        self.dropped.add(dropped, Instant::now()).into_iter().for_each(log_dropped);
    }

    /// Graph, or somebody else, validated the address.
    pub fn count_validation(&self) {
        if let Some(count) = self.validations.add(1, Instant::now()) {
            tracing::info!(event = "validation", count);
        }
    }

    /// Writes down what was counted, with an invocation that somebody may cause whom we know. What cannot be
    /// written is kept for the next one.
    pub(super) async fn write_down(&self) {
        self.dropped.rest().into_iter().for_each(log_dropped);
        let Some(some) = self.tally.take() else { return };
        if let Err(error) = subscriptions::add(&self.mirror.store, some).await {
            tracing::warn!(event = "notifications_not_counted", %error);
            self.tally.add(some);
        }
    }

    /// Looks after the subscriptions, or ends them where notifications are off. `urgent`: Graph says that some
    /// subscription needs it.
    ///
    /// # Errors
    /// [`AppError`] when that is not possible at all.
    pub async fn keep_subscriptions(&self, urgent: bool) -> Result<Kept, AppError> {
        let failed = |source| self.subscriptions_failed(source);
        let Some((keys, url)) = &self.notifications else {
            let ended = subscriptions::end(&self.mirror.graph, &self.mirror.store, catalogue::rows()).await;
            return ended.map_err(failed);
        };
        self.write_down().await;
        let reader = self.tokens.reader().await?;
        let keeper = self.keeper(keys, url, &reader.tenant_id);
        subscriptions::keep(&keeper, &self.rows, urgent).await.map_err(failed)
    }

    /// What looks after the subscriptions of a tenant.
    pub(super) fn keeper<'a>(&'a self, keys: &'a Keys, url: &'a Url, tenant_id: &'a str) -> Keeper<'a> {
        let (graph, store) = (&self.mirror.graph, &self.mirror.store);
        let (lease, period) = (self.mirror.options.lease, self.renewal);
        Keeper { graph, store, keys, url, tenant_id, lease, period }
    }

    /// The subscriptions of this app in this tenant, as Graph has them.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn list_subscriptions(&self) -> Result<Vec<Listed>, AppError> {
        self.tokens.reader().await?;
        let all = self.mirror.graph.subscriptions(Instant::now() + PATIENCE).await;
        let here = self.notifications.as_ref().map(|(_, url)| url.as_str());
        let listed = |one: graph::Subscription| Listed {
            here: here == Some(&one.notification_url),
            id: one.id,
            resource: one.resource,
            expires: one.expires,
        };
        let all = all.map_err(|source| self.subscriptions_failed(source.into()))?;
        Ok(all.into_iter().map(listed).collect())
    }

    /// Ends a subscription, whosever it is; it is well if there was none.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn delete_subscription(&self, id: &str) -> Result<(), AppError> {
        self.tokens.reader().await?;
        let ended = self.mirror.graph.unsubscribe(id, Instant::now() + PATIENCE).await;
        ended.map_err(|source| self.subscriptions_failed(source.into()))
    }

    /// How the subscription to a feed is, where notifications are on.
    pub(super) async fn subscription(&self, feed: &'static str) -> Result<Option<Subscription>, AppError> {
        if !self.is_notified() {
            return Ok(None);
        }
        let store = &self.mirror.store;
        let found = tokio::try_join!(subscriptions::record(store, feed), subscriptions::tallies(store));
        let (record, tallies) = found.map_err(|source| self.subscriptions_failed(source.into()))?;
        Ok(Some(told(record, tallies, OffsetDateTime::now_utc())))
    }

    /// The error; a token that a service refused is forgotten.
    pub(super) fn subscriptions_failed(&self, source: KeepError) -> AppError {
        let refused_by = match &source {
            KeepError::Graph(error) if error.refuses_token() => Some(Service::Graph),
            KeepError::Store(StoreError::Forbidden(_) | StoreError::Unauthorized(_)) => Some(Service::Cosmos),
            KeepError::Graph(_) | KeepError::Store(_) => None,
        };
        refused_by.into_iter().for_each(|service| self.tokens.forget(service));
        AppError::Subscriptions { source }
    }
}

fn log_dropped(dropped: Tallied) {
    let Tallied { foreign, odd, refused, withheld, rung: _ } = dropped;
    tracing::warn!(event = "notifications_dropped", foreign, odd, refused, withheld);
}

fn told(record: Option<Record>, notifications: Option<Tallies>, now: OffsetDateTime) -> Subscription {
    let (id, expires, problem) = match record {
        Some(record) => (record.subscription_id, record.expires, record.problem),
        None => (None, None, None),
    };
    let alive = id.is_some() && expires.is_some_and(|expires| expires > now);
    Subscription { id, alive, expires, problem, notifications }
}
