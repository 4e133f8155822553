//! Relationships to one, such as a user's manager: a new link takes the place of the one that was there, on the same page
//! or in the copy.
//!
//! Graph has been seen to tell a new manager without a word about the old one
//! (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4500>), and to end the old one first in other answers.
//! Either way one is left, the one that was told last.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::pin;

use futures_util::TryStreamExt as _;

use crate::catalogue::{Linked, Row};
use crate::protocol::change::LinkChange;
use crate::store::{Store, StoreError};

/// Sources of one query for their links.
const SOURCES: usize = 50;

/// The links of a page as they are to be written: of a relationship to one, the last link that was told of each source is
/// the only one.
pub(super) fn last_told<'c, 'a>(row: &Row, links: &'c [LinkChange<'a>]) -> Cow<'c, [LinkChange<'a>]> {
    let mut all = Cow::Borrowed(links);
    for linked in row.links.iter().filter(|linked| !linked.many) {
        let last = last(linked, links);
        if last.is_empty() {
            continue;
        }
        for link in all.to_mut().iter_mut().filter(|link| link.property == linked.property) {
            link.removed |= last.get(&*link.source).is_some_and(|target| *target != link.target);
        }
    }
    all
}

/// The links of the copy that ended because a page told another one of their source. To be asked once the page's links are
/// written: a read of this session then sees whatever was written before in the same partition.
///
/// # Errors
/// As the copy cannot be read.
pub(super) async fn replaced(
    store: &Store,
    row: &Row,
    links: &[LinkChange<'_>],
) -> Result<Vec<LinkChange<'static>>, StoreError> {
    let mut ended = Vec::new();
    for linked in row.links.iter().filter(|linked| !linked.many) {
        let last = last(linked, links);
        let sources: Vec<String> = last.keys().map(|&source| source.to_owned()).collect();
        for some in sources.chunks(SOURCES) {
            let mut stored = pin!(store.links_from(linked.container, some).await?);
            while let Some(found) = stored.try_next().await? {
                let (Some(source), Some(target)) = (found.source_id, found.target_id) else { continue };
                if last.get(&*source) != Some(&&*target) {
                    let (property, target_type) = (linked.property.into(), "".into());
                    let (source, target) = (source.into(), target.into());
                    ended.push(LinkChange { property, source, target, target_type, removed: true, said: 0 });
                }
            }
        }
    }
    Ok(ended)
}

/// The link of each source that was told last, of those that are there.
fn last<'l>(linked: &Linked, links: &'l [LinkChange<'_>]) -> HashMap<&'l str, &'l str> {
    let mut living: Vec<_> =
        links.iter().filter(|link| link.property == linked.property && !link.removed).collect();
    living.sort_by_key(|link| link.said);
    living.into_iter().map(|link| (&*link.source, &*link.target)).collect()
}
