//! Change notifications: what arrives, and the subscriptions for it.

use serde::Serialize;
use time::OffsetDateTime;

use super::{App, AppError};
use crate::catalogue;
use crate::mirror::Status;
use crate::notify::{self, Delivery, NotADelivery};
use crate::subscriptions::{self, Keeper, Kept, Record};

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
}

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
        match &self.notifications {
            Some((keys, _)) => notify::judge(body, keys, |feed| catalogue::row(feed).is_some()),
            None => Ok(Delivery::default()),
        }
    }

    /// Looks after the subscriptions; nothing where notifications are off. `urgent`: Graph says that some
    /// subscription needs it.
    ///
    /// # Errors
    /// [`AppError`] when that is not possible at all.
    pub async fn keep_subscriptions(&self, urgent: bool) -> Result<Option<Kept>, AppError> {
        let Some((keys, url)) = &self.notifications else { return Ok(None) };
        let reader = self.tokens.reader().await?;
        let keeper = Keeper {
            graph: &self.mirror.graph,
            store: &self.mirror.store,
            keys,
            url,
            tenant_id: &reader.tenant_id,
            lease: self.mirror.options.lease,
        };
        let kept = subscriptions::keep(&keeper, catalogue::rows(), urgent).await;
        kept.map(Some).map_err(|source| AppError::Subscriptions { source })
    }

    /// How the subscription to a feed is, where notifications are on.
    pub(super) async fn subscription(&self, feed: &'static str) -> Result<Option<Subscription>, AppError> {
        if !self.is_notified() {
            return Ok(None);
        }
        let record = subscriptions::record(&self.mirror.store, feed).await;
        let record = record.map_err(|source| AppError::Subscriptions { source: source.into() })?;
        Ok(Some(told(record, OffsetDateTime::now_utc())))
    }
}

fn told(record: Option<Record>, now: OffsetDateTime) -> Subscription {
    match record {
        Some(Record { subscription_id, expires, problem, .. }) => Subscription {
            alive: subscription_id.is_some() && expires.is_some_and(|expires| expires > now),
            id: subscription_id,
            expires,
            problem,
        },
        None => Subscription { id: None, alive: false, expires: None, problem: None },
    }
}
