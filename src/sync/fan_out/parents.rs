//! The parents of a resource: from their copy where they are mirrored, else from Graph, and of them those that the
//! deployment chooses.
//!
//! Promises: a parent leaves only by a complete list. One that Graph does not list, that left the copy without a tombstone,
//! or that the chosen group does not show, is noted first. It leaves when no replica can be behind that note any more: the
//! group still does not show it, or Graph does not show it by its id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use time::OffsetDateTime;

use crate::catalogue::{self, Chosen, Resource, Who};
use crate::graph::GraphError;
use crate::mirror::Mirror;
use crate::protocol::fan::{self, Child, Parent, Standing};
use crate::protocol::{Feed, Source as ReadFrom, parent_of};
use crate::report::SyncError;
use crate::source::Source;
use crate::store::{self, children};

/// Most parents that Graph is asked for by their ids in one turn.
const MOST_ASKED: usize = 20;
/// Notes that are written at a time.
const WIDTH: usize = 16;

/// Where the parents of a resource come from.
#[derive(Debug)]
pub enum FanOut {
    /// From the copy of this resource.
    Copy(Arc<Resource>),
    /// From Graph.
    Graph(Box<Source>),
}

/// All parents that matter: those that are there and chosen, and those that went and have a feed.
pub(super) async fn parents(
    mirror: &Mirror,
    from: &FanOut,
    children: &HashMap<String, Child>,
    deadline: Instant,
) -> Result<Vec<Parent>, SyncError> {
    let now = second(mirror, children).await?;
    let (mut parents, row) = match from {
        FanOut::Graph(source) => {
            let ids = source.ids(deadline).await.map_err(|error| source.explain(error))?;
            let living = |id: &String| Parent { path: parent_of(id), standing: Standing::Living };
            (ids.iter().map(living).collect(), row_above(mirror.resource()).map(|row| (&**source, row)))
        }
        FanOut::Copy(resource) => (copied(mirror, resource).await?, Some((mirror.source(), resource))),
    };
    let listed: HashSet<_> = parents.iter().map(|parent| parent.path.clone()).collect();
    if let Some(row) = row {
        parents.extend(lost(mirror, row, &listed, children, (now, deadline)).await?);
    }
    let chosen = mirror.resource().chosen.as_ref();
    if let Some(chosen) = chosen {
        choose(mirror, chosen, &mut parents, deadline).await?;
    }
    let is_there = |parent: &&Parent| parent.standing == Standing::Living && listed.contains(&parent.path);
    for parent in parents.iter().filter(is_there) {
        if children.get(&parent.path).is_some_and(|child| child.missing.is_some()) {
            found_again(mirror, &parent.path).await?;
        }
    }
    if chosen.is_some_and(|chosen| matches!(chosen.who, Who::Group { .. })) {
        keep_undecided(mirror, &mut parents, children, now).await?;
    }
    Ok(parents)
}

/// The second by the clock of Cosmos DB, before anything is asked: what is asked now is no earlier. None: no note waits for
/// its time, or another one wrote it too.
async fn second(mirror: &Mirror, children: &HashMap<String, Child>) -> Result<Option<i64>, SyncError> {
    let waits = |(_, child): &(&String, &Child)| child.missing.is_some() && !child.ended && !child.left;
    match children.iter().find(waits) {
        Some((path, child)) => note_missing(mirror, path, child.missing).await,
        None => Ok(None),
    }
}

/// Whether what a note says since long ago may be believed when it is seen at the second `now`.
fn is_settled(mirror: &Mirror, child: &Child, now: Option<i64>) -> bool {
    let is_settled = |(since, now)| fan::is_settled(since, now, mirror.options().doubt);
    child.missing.zip(now).is_some_and(is_settled)
}

async fn copied(mirror: &Mirror, resource: &Resource) -> Result<Vec<Parent>, SyncError> {
    let found = store::placed(mirror.store(), &resource.container).await?;
    let path = |above: Option<&str>, id: &str| match above {
        Some(above) => format!("{above}/{}", parent_of(id)),
        None => parent_of(id),
    };
    let parents = found.try_filter_map(|one| async move {
        let gone = one.removed && one.source != ReadFrom::ById;
        let standing = if gone { Standing::Gone } else { Standing::Living };
        let path = one.object_id.as_deref().map(|id| path(one.parent.as_deref(), id));
        Ok(path.map(|path| Parent { path, standing }))
    });
    Ok(parents.try_collect().await?)
}

/// The feeds of a resource that has none yet, or whose container `mirror` was lost, as its documents show them: their
/// parents may be gone.
pub(super) async fn known_by_documents(
    mirror: &Mirror,
    children: &mut HashMap<String, Child>,
) -> Result<(), SyncError> {
    let found = store::placed(mirror.store(), mirror.objects().container).await?;
    let living = found.try_filter_map(|one| async move { Ok(one.parent.filter(|_| !one.removed)) });
    for path in living.try_collect::<HashSet<String>>().await? {
        children.entry(path).or_default();
    }
    Ok(())
}

/// Parents that have a feed and are not listed. `row`: where Graph shows them by their ids, and their resource.
async fn lost(
    mirror: &Mirror,
    row: (&Source, &Arc<Resource>),
    listed: &HashSet<String>,
    children: &HashMap<String, Child>,
    (now, deadline): (Option<i64>, Instant),
) -> Result<Vec<Parent>, SyncError> {
    let is_missing = |(path, child): &(&String, &Child)| !child.ended && !listed.contains(*path);
    let mut missing: Vec<_> = children.iter().filter(is_missing).collect();
    missing.sort_unstable_by_key(|(path, child)| (child.left, *path));
    let mut lost = Vec::new();
    for (path, child) in missing.into_iter().take(MOST_ASKED) {
        let has_left = child.left || has_left(mirror, row, (path, child), (now, deadline)).await?;
        let standing = if has_left { Standing::Left } else { Standing::Living };
        lost.push(Parent { path: path.clone(), standing });
    }
    Ok(lost)
}

/// Whether a parent that is not listed has left: it was not listed long ago, and now Graph does not show it by its id.
async fn has_left(
    mirror: &Mirror,
    (source, resource): (&Source, &Arc<Resource>),
    (path, child): (&str, &Child),
    (now, deadline): (Option<i64>, Instant),
) -> Result<bool, SyncError> {
    if child.missing.is_none() {
        note_missing(mirror, path, None).await?;
    }
    if !is_settled(mirror, child, now) {
        return Ok(false);
    }
    let is_gone = is_gone(source, resource, path, deadline).await?;
    if !is_gone {
        found_again(mirror, path).await?;
    }
    Ok(is_gone)
}

/// Of the parents below which something is copied and that the chosen group does not show, those stay of which this was not
/// noted long ago: a replica may not know yet that they were added.
async fn keep_undecided(
    mirror: &Mirror,
    parents: &mut [Parent],
    children: &HashMap<String, Child>,
    now: Option<i64>,
) -> Result<(), SyncError> {
    let mut unnoted = Vec::new();
    for parent in parents.iter_mut().filter(|parent| parent.standing == Standing::Left) {
        let Some(child) = children.get(&parent.path).filter(|child| !child.ended && !child.left) else {
            continue;
        };
        if !is_settled(mirror, child, now) {
            parent.standing = Standing::Living;
            unnoted.extend(child.missing.is_none().then(|| parent.path.clone()));
        }
    }
    let note = |path: String| Box::pin(async move { note_missing(mirror, &path, None).await });
    stream::iter(unnoted).map(note).buffer_unordered(WIDTH).try_for_each(async |_| Ok(())).await
}

/// Notes that a parent is not shown, since this second if it was noted before. Returns the second of this write; none if
/// another one wrote too.
async fn note_missing(mirror: &Mirror, path: &str, since: Option<i64>) -> Result<Option<i64>, SyncError> {
    Ok(children::note_missing(mirror.store(), &key(mirror, path), since, OffsetDateTime::now_utc()).await?)
}

/// A parent that was not shown is there.
async fn found_again(mirror: &Mirror, path: &str) -> Result<(), SyncError> {
    Ok(children::note(mirror.store(), &key(mirror, path), false, OffsetDateTime::now_utc()).await?)
}

/// The key of the feed below a parent.
fn key(mirror: &Mirror, path: &str) -> String {
    Feed { resource: mirror.resource().name.clone(), parent: Some(path.to_owned()) }.key()
}

/// Whether Graph has no parent with this path of ids. Where it refuses to show one, what that one lies under may be gone;
/// else it is not known to be.
async fn is_gone(
    source: &Source,
    resource: &Arc<Resource>,
    path: &str,
    deadline: Instant,
) -> Result<bool, SyncError> {
    let (mut resource, mut path) = (resource, path);
    loop {
        let (above, id) = path.rsplit_once('/').map_or((None, path), |(above, id)| (Some(above), id));
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        let source = source.beside(resource, above);
        if !source.reads_by_id() {
            return Ok(false);
        }
        match source.object(&id, None, deadline).await {
            Ok(found) => return Ok(found.is_none()),
            Err(GraphError::Refused(_) | GraphError::Forbidden(_)) => {}
            Err(error) => return Err(source.explain(error).into()),
        }
        let (Some(row), Some(above)) = (row_above(resource), above) else { return Ok(false) };
        (resource, path) = (row, above);
    }
}

/// The row of the direct parent.
fn row_above(resource: &Resource) -> Option<&'static Arc<Resource>> {
    let parent = resource.parents().last();
    catalogue::resources().iter().find(|row| Some(&row.name) == parent)
}

/// Marks those that are not chosen.
async fn choose(
    mirror: &Mirror,
    chosen: &Chosen,
    parents: &mut [Parent],
    deadline: Instant,
) -> Result<(), SyncError> {
    let resource = mirror.resource();
    let nobody = |what: String| SyncError::NobodyChosen { file: resource.file.clone(), what };
    let (ids, what) = match &chosen.who {
        Who::All => return Ok(()),
        Who::Ids(ids) => {
            (ids.clone(), format!("none of its ids is one of the {} that there are so far", chosen.resource))
        }
        Who::Group { id, permission } => {
            let members = mirror.source().members(id, permission, deadline).await?;
            let members = members.ok_or_else(|| nobody(format!("there is no group {id}")))?;
            (
                members,
                format!(
                    "no member of the group {id} is one of the {} that there are so far",
                    chosen.resource
                ),
            )
        }
    };
    let ids: HashSet<_> = ids.iter().map(|id| id.to_ascii_lowercase()).collect();
    let level = resource.parents().iter().position(|parent| *parent == chosen.resource).unwrap_or_default();
    let mut somebody = parents.is_empty();
    for parent in parents.iter_mut() {
        let id = parent.path.split('/').nth(level).unwrap_or_default();
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        match ids.contains(&id.to_ascii_lowercase()) {
            true => somebody |= parent.standing == Standing::Living,
            false if parent.standing == Standing::Living => parent.standing = Standing::Left,
            false => {}
        }
    }
    if somebody { Ok(()) } else { Err(nobody(what)) }
}
