//! Whether the parent of a feed is gone, or not meant any more.

use crate::catalogue::{Resource, Who};
use crate::protocol::{Feed, Scope, Source as ReadFrom, document_id};
use crate::report::SyncError;
use crate::store::{Store, children, documents};

/// Whether the copy says that the parent of a feed is gone, or a fan-out noted that it left. `parent`: the resource of the
/// parent, if it is mirrored.
///
/// # Errors
/// [`SyncError`].
pub async fn is_gone(
    store: &Store,
    resource: &Resource,
    feed: &Feed,
    parent: Option<&Resource>,
) -> Result<bool, SyncError> {
    let Some(path) = &feed.parent else { return Ok(false) };
    let is_chosen = resource.chosen.as_ref().is_some_and(|chosen| chosen.who != Who::All);
    if (is_chosen || parent.is_none()) && children::has_left(store, &feed.key()).await? {
        return Ok(true);
    }
    let Some(parent) = parent else { return Ok(false) };
    let (above, id) = path.rsplit_once('/').map_or((None, &**path), |(above, id)| (Some(above), id));
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let scope = Scope { container: &parent.container, parent: above };
    let kept = documents::read_ours(store, scope, &document_id(&id)).await?;
    match kept {
        Some(kept) => Ok(kept.marks.removed && kept.marks.source != ReadFrom::ById),
        // Its container was lost, or its tombstone has expired: a fan-out has asked Graph.
        None => Ok(children::has_left(store, &feed.key()).await?),
    }
}
