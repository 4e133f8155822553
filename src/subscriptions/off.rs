//! Notifications are off: what was created while they were on is ended.

use std::time::{Duration, Instant};

use super::record::Record;
use super::{FEED, KeepError, Kept};
use crate::catalogue::Row;
use crate::graph;
use crate::store::{Saved, Store};

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What [`end`] would do.
///
/// # Errors
/// [`KeepError`].
pub async fn would_end(store: &Store, rows: &[Row]) -> Result<Kept, KeepError> {
    let control = store.control(FEED).await?;
    let mut kept = Kept { off: true, ..Kept::default() };
    for row in rows {
        let found: Option<Saved<Record>> = control.read(row.resource).await?;
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
pub async fn end(graph: &graph::Client, store: &Store, rows: &[Row]) -> Result<Kept, KeepError> {
    let control = store.control(FEED).await?;
    let mut kept = Kept { off: true, ..Kept::default() };
    for row in rows {
        let found: Option<Saved<Record>> = control.read(row.resource).await?;
        let Some(Saved { document, etag, .. }) = found else { continue };
        let Some(id) = document.subscription_id else { continue };
        let deadline = Instant::now() + PATIENCE;
        graph.unsubscribe(&id, deadline).await?;
        control.write(row.resource, Record::blank(row.resource), Some(&etag), deadline).await?;
        kept.ended += 1;
    }
    Ok(kept)
}
