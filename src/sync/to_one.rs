//! Relationships to one, such as a user's manager: a new link replaces the earlier link of the same source, on the same
//! page or in the copy.
//!
//! Graph may report a new manager without reporting the end of the old link
//! (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4500>); other responses report that end first. In
//! both cases one link remains: the one that Graph reported last.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::pin;

use futures_util::TryStreamExt as _;

use crate::catalogue::{Relationship, Resource};
use crate::mirror::Mirror;
use crate::protocol::change::LinkChange;
use crate::store::{StoreError, ends};

/// Sources in one query for their links.
const SOURCES: usize = 50;

/// The links of a page that are to be written. For a relationship to one, only the last reported link of each source
/// counts.
pub(super) fn last_told<'c, 'a>(
    resource: &Resource,
    links: &'c [LinkChange<'a>],
) -> Cow<'c, [LinkChange<'a>]> {
    let mut all = Cow::Borrowed(links);
    for linked in resource.relationships.iter().filter(|linked| !linked.many) {
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

/// The links of the copy that end because a page reported another link of their source. Call this after the page's
/// links are written: a read in this session then sees every earlier write in the same partition.
///
/// # Errors
/// If the copy cannot be read.
pub(super) async fn replaced(
    mirror: &Mirror,
    links: &[LinkChange<'_>],
) -> Result<Vec<LinkChange<'static>>, StoreError> {
    let (resource, mut ended) = (mirror.resource(), Vec::new());
    for linked in resource.relationships.iter().filter(|linked| !linked.many) {
        let last = last(linked, links);
        let sources: Vec<String> = last.keys().map(|&source| source.to_owned()).collect();
        for some in sources.chunks(SOURCES) {
            let mut stored =
                pin!(ends::links_from(mirror.store(), mirror.feed().scope(&linked.container), some).await?);
            while let Some(found) = stored.try_next().await? {
                let (Some(source), Some(target)) = (found.source_id, found.target_id) else { continue };
                if last.get(&*source) != Some(&&*target) {
                    let (property, target_type) = (linked.property.clone().into(), "".into());
                    let (source, target) = (source.into(), target.into());
                    ended.push(LinkChange { property, source, target, target_type, removed: true, said: 0 });
                }
            }
        }
    }
    Ok(ended)
}

/// For each source, the target of the last reported link that was not removed.
fn last<'l>(linked: &Relationship, links: &'l [LinkChange<'_>]) -> HashMap<&'l str, &'l str> {
    let mut living: Vec<_> =
        links.iter().filter(|link| link.property == linked.property && !link.removed).collect();
    living.sort_by_key(|link| link.said);
    living.into_iter().map(|link| (&*link.source, &*link.target)).collect()
}
