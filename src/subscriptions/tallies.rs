//! The numbers of notifications of all processes, written down in `mirror`.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::FEED;
use crate::notify::Tallied;
use crate::store::{Control, Saved, Store, StoreError};

const ID: &str = "notifications";
/// Tries while others write too.
const TRIES: usize = 5;
/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The numbers, as they lie there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    feed: String,
    /// Since when they are counted.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The numbers.
    #[serde(flatten)]
    pub tallied: Tallied,
}

/// The numbers so far; none where nothing was ever counted.
///
/// # Errors
/// [`StoreError`].
pub async fn tallies(store: &Store) -> Result<Option<Tallies>, StoreError> {
    let found: Option<Saved<Tallies>> = Control::open(store, FEED).await?.read(ID).await?;
    Ok(found.map(|found| Tallies { id: String::new(), feed: String::new(), ..found.document }))
}

/// Adds to them.
///
/// # Errors
/// [`StoreError`]; nothing was added then, or, after [`StoreError::Unknown`], perhaps.
pub async fn add(store: &Store, some: Tallied) -> Result<(), StoreError> {
    let control = Control::open(store, FEED).await?;
    for _ in 0..TRIES {
        let found: Option<Saved<Tallies>> = control.read(ID).await?;
        let (found, etag) = found.map(|found| (found.document, found.etag)).unzip();
        let mut tallies = found.unwrap_or_else(|| Tallies {
            id: ID.to_owned(),
            feed: FEED.to_owned(),
            since: OffsetDateTime::now_utc(),
            tallied: Tallied::default(),
        });
        tallies.tallied += some;
        match control.write(ID, tallies, etag.as_ref(), Instant::now() + PATIENCE).await {
            Err(StoreError::Overtaken) => {}
            answer => return answer.map(drop),
        }
    }
    Err(StoreError::Overtaken)
}
