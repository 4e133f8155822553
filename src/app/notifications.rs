//! Change notifications, if they are on: checks and counts deliveries, and schedules the second sync of a feed.

use std::time::{Duration, Instant};

use url::Url;

use super::notified::meant;
use super::parts::Parts;
use super::relooks::Relooks;
use crate::notify::{self, About, Delivery, Digest, Dropped, Keys, NotADelivery, Tallied, Tally};
use crate::protocol::Feed;
use crate::settings;
use crate::subscriptions::{self, Keeper};

/// Change notifications.
#[derive(Debug)]
pub(super) struct Notifications {
    /// The keys that identify our subscriptions.
    keys: Keys,
    /// The URL that Graph sends notifications to.
    url: Url,
    /// The period of the timer that renews subscriptions.
    renewal: time::Duration,
    /// The delay between a sync that found no change and the second sync.
    relook: Duration,
    relooks: Relooks,
    tally: Tally,
    /// Counts of notifications that are not genuine and are not logged yet.
    dropped: Digest<Tallied>,
    validations: Digest<u64>,
}

impl Notifications {
    /// Creates it from the settings; `renewal` is the period of the timer.
    pub fn new(on: &settings::Notifications, renewal: time::Duration, relook: Duration) -> Self {
        Self {
            keys: Keys::new(&on.secrets),
            url: on.url.clone(),
            renewal,
            relook,
            relooks: Relooks::default(),
            tally: Tally::default(),
            dropped: Digest::default(),
            validations: Digest::default(),
        }
    }

    /// The URL that Graph sends notifications to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the second sync of a feed, after one that found no change. Returns whether the caller has to run it: not if
    /// another one waits for it, or if there is no time for it before `give_up`.
    pub async fn wait_for_relook(&self, feed: &Feed, give_up: Instant) -> bool {
        let (key, now) = (feed.key(), Instant::now());
        if now + self.relook >= give_up || !self.relooks.put_off(&key, self.relook, now) {
            return false;
        }
        while let Some(left) = self.relooks.left(&key, Instant::now(), give_up) {
            tokio::time::sleep(left).await;
        }
        true
    }

    /// Decides what to do with the body of a notification request. It sends no request.
    ///
    /// # Errors
    /// [`NotADelivery`] says why the body is not a delivery.
    pub fn judge(&self, parts: &Parts, body: &str) -> Result<Delivery, NotADelivery> {
        let meant = |key: &str, about: About<'_>| meant(parts, &Feed::named(key), about);
        let delivery = notify::judge(body, &self.keys, parts.tokens().stated_tenant(), meant)?;
        let Dropped { foreign, odd } = delivery.dropped;
        let genuine = u64::from(!delivery.feeds.is_empty());
        self.count(Tallied { genuine, foreign, odd, ..Tallied::default() });
        Ok(delivery)
    }

    /// Counts the notifications of a request. Logs the numbers of those that are not genuine at most once a minute.
    pub fn count(&self, some: Tallied) {
        self.tally.add(some);
        let dropped = Tallied { genuine: 0, ..some };
        self.dropped.add(dropped, Instant::now()).into_iter().for_each(log_dropped);
    }

    /// Counts a validation request for the notification URL; the sender may or may not be Graph.
    pub fn count_validation(&self) {
        if let Some(count) = self.validations.add(1, Instant::now()) {
            tracing::info!(event = "validation", count);
        }
    }

    /// Stores the counts. Called from authenticated invocations only, so that anonymous callers cannot cause writes.
    /// Counts that cannot be stored are kept for the next call.
    pub async fn write_down(&self, parts: &Parts) {
        self.dropped.rest().into_iter().for_each(log_dropped);
        let Some(some) = self.tally.take() else { return };
        if let Err(error) = subscriptions::add(parts.store(), some).await {
            tracing::warn!(event = "notifications_not_counted", %error);
            self.tally.add(some);
        }
    }

    /// Creates the keeper of a tenant's subscriptions.
    pub fn keeper<'a>(&'a self, parts: &'a Parts, tenant_id: &'a str) -> Keeper<'a> {
        let (graph, store, lease) = (parts.graph(), parts.store(), parts.options().lease);
        Keeper { graph, store, keys: &self.keys, url: &self.url, tenant_id, lease, period: self.renewal }
    }
}

fn log_dropped(dropped: Tallied) {
    let Tallied { foreign, odd, refused, withheld, genuine: _ } = dropped;
    tracing::warn!(event = "notifications_dropped", foreign, odd, refused, withheld);
}
