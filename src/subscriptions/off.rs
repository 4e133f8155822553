//! Notifications are off: what was created while they were on is ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::below::MOST_RECORDS;
use super::record::Record;
use super::target::BELOW;
use super::{FEED, KeepError, Renewal};
use crate::catalogue::Resource;
use crate::graph;
use crate::store::{Control, Saved, Store};

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What [`end`] would do.
///
/// # Errors
/// [`KeepError`].
pub async fn would_end(store: &Store, resources: &[Arc<Resource>]) -> Result<Renewal, KeepError> {
    let control = Control::open(store, FEED).await?;
    let mut kept = Renewal { off: true, ..Renewal::default() };
    for id in ids(&control, resources).await? {
        let found: Option<Saved<Record>> = control.read(&id).await?;
        let id = found.and_then(|found| found.document.subscription_id);
        kept.ended += usize::from(id.is_some());
    }
    Ok(kept)
}

/// Ends the subscriptions that the records name; asks nothing of Graph where there are none. Needs no lease: that
/// of which somebody else has written in between is looked at the next time.
///
/// # Errors
/// [`KeepError`]; the next look goes on.
pub async fn end(
    graph: &graph::Client,
    store: &Store,
    resources: &[Arc<Resource>],
) -> Result<Renewal, KeepError> {
    let control = Control::open(store, FEED).await?;
    let mut kept = Renewal { off: true, ..Renewal::default() };
    for record in ids(&control, resources).await? {
        let found: Option<Saved<Record>> = control.read(&record).await?;
        let Some(Saved { document, etag, .. }) = found else { continue };
        let Some(id) = document.subscription_id else { continue };
        let deadline = Instant::now() + PATIENCE;
        graph::subscription::delete(graph, &id, deadline).await?;
        control
            .write(&record, Record { key: document.key, ..Record::blank(&record) }, Some(&etag), deadline)
            .await?;
        kept.ended += 1;
    }
    Ok(kept)
}

/// The ids of the records that may name a subscription.
async fn ids(control: &Control, resources: &[Arc<Resource>]) -> Result<Vec<String>, KeepError> {
    let below = control.last::<Record>(BELOW, MOST_RECORDS).await?;
    let below = below.into_iter().filter(|record| record.subscription_id.is_some()).map(|record| record.id);
    Ok(resources.iter().map(|row| row.name.clone()).chain(below).collect())
}
