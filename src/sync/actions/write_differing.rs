//! Writes what a page of an enumeration shows and the copy does not have: only what is not as it is stored (rule 13).

use std::collections::HashMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::shown::Shown;
use super::write_objects::write_object;
use crate::mirror::Mirror;
use crate::protocol::change::{Change, Changes, Kind, LinkChange};
use crate::protocol::compare::{self, Summary};
use crate::protocol::document::{self, Stamp};
use crate::protocol::{Checkpoint, Counts, Seen, link_id, merge};
use crate::report::SyncError;
use crate::store::documents;
use crate::sync::turn::Turn;

/// Links in one query for their documents.
const LINKS: usize = 1000;

/// Writes the objects of a page that differ from their documents.
pub async fn write_differing(
    turn: &Turn<'_>,
    changes: &[Change<'_>],
    shown: &Shown,
    checkpoint: &Checkpoint,
    stamp: &Stamp<'_>,
) -> Result<Counts, SyncError> {
    let ids: Vec<String> = changes.iter().map(document::id_of).collect();
    let stored = documents::summaries(turn.store(), turn.objects(), &ids);
    // Made while Cosmos DB looks the documents up.
    let hashes = async { changes.iter().map(|change| compare::hash(change, false)).collect::<Vec<_>>() };
    let (stored, hashes) = tokio::join!(stored, hashes);
    let (stored, ids, hashes) = (&stored?, &ids, &hashes);
    // By index, since a closure over borrowed changes would not be general enough for `Send`.
    let writes = (0..changes.len()).map(|place| async move {
        let (change, id) = (&changes[place], &ids[place]);
        if is_known(turn, change, hashes[place].as_deref(), id, stored, checkpoint).await? {
            return Ok(unchanged(stored.get(id)));
        }
        write_object(turn, change, shown, checkpoint, stamp).await
    });
    let written = stream::iter(writes).buffer_unordered(turn.store().concurrency());
    written.try_fold(Counts::default(), |all, one| async move { Ok(all + one) }).await
}

async fn is_known(
    turn: &Turn<'_>,
    change: &Change<'_>,
    own: Option<&str>,
    id: &str,
    stored: &HashMap<String, Summary>,
    checkpoint: &Checkpoint,
) -> Result<bool, SyncError> {
    let known = |stored: &HashMap<String, Summary>| {
        stored.get(id).is_some_and(|document| compare::is_known(change, own, document, checkpoint))
    };
    if !known(stored) || !may_be_behind(turn, checkpoint) {
        return Ok(known(stored));
    }
    // An older version may have the same content: only the newest one may decide that nothing is written.
    let (store, objects) = (turn.store(), turn.objects());
    let Some(kept) = documents::read_ours(store, objects, id).await? else { return Ok(false) };
    documents::reach_newest(store, objects, &kept).await?;
    Ok(known(&documents::summaries(store, objects, &[id.to_owned()]).await?))
}

/// Whether a query may not show yet what was written before this enumeration.
pub fn may_be_behind(turn: &Turn<'_>, checkpoint: &Checkpoint) -> bool {
    let others = turn.store().saves().others_wrote(turn.key());
    compare::may_be_behind(checkpoint, others, turn.lease().now(), turn.options().doubt)
}

fn unchanged(document: Option<&Summary>) -> Counts {
    let set_aside = document.is_some_and(|document| document.set_aside);
    match set_aside {
        true => Counts { set_aside: 1, ..Counts::default() },
        false => Counts { unchanged: 1, ..Counts::default() },
    }
}

/// The links of a page that are not as they are stored, or may not be.
pub async fn differing<'l, 'p>(
    mirror: &Mirror,
    links: &'l [LinkChange<'p>],
    checkpoint: &Checkpoint,
) -> Result<Vec<&'l LinkChange<'p>>, SyncError> {
    if links.is_empty() || !compare::compares(checkpoint) {
        return Ok(links.iter().collect());
    }
    let mut differing = Vec::new();
    for relationship in &mirror.resource().relationships {
        let scope = mirror.feed().scope(&relationship.container);
        let links: Vec<_> = links.iter().filter(|link| link.property == relationship.property).collect();
        // A page may have very many links: what is known of their documents is not kept.
        for some in links.chunks(LINKS) {
            let ids: Vec<_> = some.iter().map(|link| link_id(&link.source, &link.target)).collect();
            let stored = documents::summaries(mirror.store(), scope, &ids).await?;
            let is_known = |link: &LinkChange<'_>, id: &String| {
                stored.get(id).is_some_and(|document| compare::is_known_link(link, document, checkpoint))
            };
            let differs = some.iter().zip(&ids).filter(|(link, id)| !is_known(link, id));
            differing.extend(differs.map(|(link, _)| *link));
        }
    }
    Ok(differing)
}

/// What a page shows. An entry that only says that an object is there does not say what the object is.
pub fn shows(turn: &Turn<'_>, changes: &Changes<'_>, checkpoint: &Checkpoint) -> Seen {
    let resource = turn.mirror().resource();
    if !compare::compares(checkpoint) {
        return Seen::default();
    }
    let is_delta = resource.read_mode().is_delta();
    let is_told = |change: &&Change<'_>| match change.kind {
        Kind::Put { .. } => !(is_delta && merge::needs_document(change, checkpoint)),
        Kind::SetAside(_) => true,
        Kind::Remove(_) | Kind::Unclear => false,
    };
    let objects: Vec<_> = changes.objects.iter().filter(is_told).map(document::id_of).collect();
    let told = changes.links.iter().filter(|link| !link.removed);
    let told = told.filter_map(|link| Some((resource.relationship(&link.property)?, link)));
    let links: Vec<_> = told
        .map(|(relationship, link)| (&*relationship.container, link_id(&link.source, &link.target)))
        .collect();
    Seen::of(objects.iter().map(|id| &**id), links.iter().map(|(container, id)| (*container, &**id)))
}
