//! What is known of the subscription to one feed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::FEED;
use super::target::record_of;
use crate::protocol::Feed;
use crate::store::{Control, Store, StoreError};

/// What is known of the subscription to one feed, as it lies in `mirror`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The feed it is to.
    pub id: String,
    /// The partition.
    pub feed: String,
    /// Graph's id of it; none while there is none.
    pub subscription_id: Option<String>,
    /// A hash of the client state, by which a rotated secret shows.
    pub state_hash: String,
    /// When it was last created or extended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// The longest life that Graph grants, in minutes, where it refused what is documented.
    pub minutes: Option<u32>,
    /// Why it could not be created or extended, the last time.
    pub problem: Option<String>,
    /// The key of the feed, or of the feeds, where that is no id of a document: below a parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When Graph refused it, the last time, where that was not a passing trouble.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<OffsetDateTime>,
}

impl Record {
    /// The record of a feed that has no subscription yet.
    pub(super) fn blank(feed: &str) -> Self {
        Self {
            id: feed.to_owned(),
            feed: FEED.to_owned(),
            subscription_id: None,
            state_hash: String::new(),
            since: None,
            expires: None,
            minutes: None,
            problem: None,
            key: None,
            refused_at: None,
        }
    }
}

/// The key to which the hash in a client state leads: that of a feed, or of several; itself if it has no hash.
///
/// # Errors
/// [`StoreError`].
pub async fn key_of(store: &Store, feed: &Feed) -> Result<Option<Feed>, StoreError> {
    let Some(id) = record_of(feed) else { return Ok(Some(feed.clone())) };
    let key = record(store, &id).await?.and_then(|record| record.key);
    Ok(key.map(|key| Feed::named(&key)))
}

/// The record of a feed's subscription, if there ever was one.
///
/// # Errors
/// [`StoreError`].
pub async fn record(store: &Store, feed: &str) -> Result<Option<Record>, StoreError> {
    let control = Control::open(store, FEED).await?;
    Ok(control.read::<Record>(feed).await?.map(|found| found.document))
}
