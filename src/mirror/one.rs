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

use super::change::LinkChange;
use crate::catalogue::{Linked, Row};
use crate::store::{Store, StoreError};

/// Sources of one query for their links.
const SOURCES: usize = 50;

/// The links of a page with what follows from them: of a relationship to one, the last link that was told of each source
/// is the only one, and whichever the copy has beside it ends.
///
/// # Errors
/// As the copy cannot be read.
pub(super) async fn settled<'c, 'a>(
    store: &Store,
    row: &Row,
    links: &'c [LinkChange<'a>],
) -> Result<Cow<'c, [LinkChange<'a>]>, StoreError> {
    let mut all = Cow::Borrowed(links);
    for linked in row.links.iter().filter(|linked| !linked.many) {
        let last = last(linked, links);
        if last.is_empty() {
            continue;
        }
        let told = all.to_mut();
        for link in told.iter_mut().filter(|link| link.property == linked.property) {
            link.removed |= last.get(&*link.source).is_some_and(|target| *target != link.target);
        }
        let sources: Vec<String> = last.keys().map(|&source| source.to_owned()).collect();
        for some in sources.chunks(SOURCES) {
            let mut stored = pin!(store.links_from(linked.container, some).await?);
            while let Some(found) = stored.try_next().await? {
                let (Some(source), Some(target)) = (found.source_id, found.target_id) else { continue };
                let is_told = links.iter().any(|link| {
                    link.property == linked.property && link.source == source && link.target == target
                });
                if !is_told {
                    let property = linked.property.into();
                    let (source, target) = (source.into(), target.into());
                    let target_type = "".into();
                    told.push(LinkChange {
                        property,
                        source,
                        target,
                        target_type,
                        removed: true,
                        said: usize::MAX,
                    });
                }
            }
        }
    }
    Ok(all)
}

/// The link of each source that was told last, of those that are there.
fn last<'l>(linked: &Linked, links: &'l [LinkChange<'_>]) -> HashMap<&'l str, &'l str> {
    let mut living: Vec<_> =
        links.iter().filter(|link| link.property == linked.property && !link.removed).collect();
    living.sort_by_key(|link| link.said);
    living.into_iter().map(|link| (&*link.source, &*link.target)).collect()
}
