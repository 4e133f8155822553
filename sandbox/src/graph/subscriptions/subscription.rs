//! One subscription, and how Graph shows it.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

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
    /// What the keys of the objects begin with.
    pub(super) under: String,
    /// Ids of objects are immutable in its notifications.
    pub(super) immutable: bool,
    pub(super) resource: String,
    pub(super) url: Url,
    pub(super) lifecycle_url: Option<Url>,
    /// The position in the feed's log up to which it was notified.
    pub(super) notified: usize,
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
