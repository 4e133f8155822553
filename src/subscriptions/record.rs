//! What is known of the subscription to one feed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::FEED;
use crate::store::{Store, StoreError};

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
        }
    }
}

/// The record of a feed's subscription, if there ever was one.
///
/// # Errors
/// [`StoreError`].
pub async fn record(store: &Store, feed: &str) -> Result<Option<Record>, StoreError> {
    let control = store.control(FEED).await?;
    Ok(control.read::<Record>(feed).await?.map(|found| found.document))
}
