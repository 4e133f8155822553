//! The second reading: each suspect is read again on both sides, one by one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::ready;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::ask;
use super::diff::{Suspects, link_hash};
use super::report::{Difference, NotCompared};
use super::walk::{self, Objects};
use crate::catalogue::Relationship;
use crate::graph::GraphError;
use crate::mirror::{Mirror, Stage};
use crate::protocol::change;
use crate::protocol::content::Content;
use crate::protocol::{Existing, Reason, Scope, Window, document_id, parent_of};
use crate::report::SyncError;
use crate::store::{StoreError, documents};

/// Suspects that are read in parallel.
const LOOKS: usize = 8;

/// The result of the second reading.
#[derive(Debug, Default)]
pub struct Looked {
    /// Differences that remain.
    pub differences: Vec<Difference>,
    /// Suspects that could not be compared, because Graph refuses the request for them.
    pub not_compared: Vec<NotCompared>,
}

/// Reads all suspects again, in the order of their names.
pub(super) async fn look(
    mirror: &Mirror,
    suspects: &Suspects,
    window: Option<Window>,
) -> Result<Looked, SyncError> {
    let count = suspects.objects.len() + suspects.links.len();
    mirror.progress().begin(Stage::Looking, Some(count as u64));
    let listed = &listed(mirror, window, &suspects.objects).await?;
    let objects = suspects
        .objects
        .iter()
        .map(|id| async { decided(look_at_object(mirror, id, window, listed.as_ref()).await, None, id) });
    let objects = stream::iter(objects).buffered(LOOKS);
    let mut looked = objects.try_fold(Looked::default(), together).await?;
    for linked in &mirror.resource().relationships {
        let of_container = suspects.links.iter().filter(|((name, _), _)| **name == *linked.container);
        let links = of_container.map(|((_, source), hashes)| async {
            decided(look_at_links(mirror, linked, source, hashes).await, Some(&linked.container), source)
        });
        let links = stream::iter(links).buffered(LOOKS);
        looked = links.try_fold(looked, together).await?;
    }
    Ok(looked)
}

/// Where Graph shows no object by its id, the objects with these ids, from another enumeration.
async fn listed(
    mirror: &Mirror,
    window: Option<Window>,
    ids: &BTreeSet<String>,
) -> Result<Option<Objects>, SyncError> {
    match ids.is_empty() || mirror.source().reads_by_id() {
        true => Ok(None),
        false => Ok(Some(walk::objects(mirror, window, ids).await?)),
    }
}

async fn look_at_object(
    mirror: &Mirror,
    id: &str,
    window: Option<Window>,
    listed: Option<&Objects>,
) -> Result<Vec<Difference>, SyncError> {
    let object = match listed {
        Some(listed) => listed.get(id).cloned(),
        None => ask::object(mirror, id, window).await?,
    };
    let kept = kept(mirror, mirror.objects(), id).await?;
    mirror.progress().add(1, 0);
    // Graph also finds a user by user principal name; only an object with exactly this id counts.
    let read = object.as_deref().map(change::of_response).filter(|change| change.id.as_deref() == Some(id));
    let graph = read.as_ref().and_then(Content::of);
    let id = id.to_owned();
    let living = kept.filter(|kept| kept.removed.is_none());
    let difference = match (graph, living) {
        (_, Some(kept)) if kept.set_aside => None,
        (None, None) => None,
        (Some(_), None) => Some(Difference::Missing { id }),
        (None, Some(_)) => Some(Difference::Extra { id }),
        (Some(graph), Some(kept)) => {
            let differing = Content::stored(&kept.text).map(|copy| names(graph.differing(&copy)));
            let properties = differing.unwrap_or_default();
            (!properties.is_empty()).then_some(Difference::Changed { id, properties })
        }
    };
    Ok(difference.into_iter().collect())
}

/// Compares only the suspects among the links of a source: the next turn writes other changes made in the meantime.
async fn look_at_links(
    mirror: &Mirror,
    linked: &Relationship,
    source: &str,
    suspects: &HashSet<u64>,
) -> Result<Vec<Difference>, SyncError> {
    mirror.progress().add(1, 0);
    let copy_of_source = kept(mirror, mirror.objects(), source).await?;
    if copy_of_source.as_ref().is_some_and(|kept| may_come_back(kept.removed)) {
        // Graph does not list the links of a soft-deleted object, and restores them with it.
        return Ok(Vec::new());
    }
    let in_graph = match ask::targets(mirror, linked, source).await? {
        Some(targets) => targets,
        // If only the copy has the source, that is a difference of its own.
        None if copy_of_source.is_some_and(|kept| kept.removed.is_none())
            && ask::object(mirror, source, None).await?.is_none() =>
        {
            return Ok(Vec::new());
        }
        None => HashMap::new(),
    };
    let in_copy = links_of(mirror, linked, source).await?;
    let mut differences = Vec::new();
    let (container, from) = (&linked.container, source.to_owned());
    for (hash, target) in sorted(in_graph.iter()) {
        if suspects.contains(hash) && !in_copy.contains_key(hash) {
            let (source, target) = (from.clone(), target.clone());
            differences.push(Difference::LinkMissing { container: container.to_string(), source, target });
        }
    }
    for (hash, target) in sorted(in_copy.iter()) {
        let is_extra = suspects.contains(hash) && !in_graph.contains_key(hash);
        if is_extra && !is_hidden(mirror, target).await? {
            let (source, target) = (from.clone(), target.clone());
            differences.push(Difference::LinkExtra { container: container.to_string(), source, target });
        }
    }
    Ok(differences)
}

/// The current links of a source in the copy, as hashes.
async fn links_of(
    mirror: &Mirror,
    linked: &Relationship,
    source: &str,
) -> Result<HashMap<u64, String>, SyncError> {
    let parent = parent_of(source);
    let scope = Scope { container: &linked.container, parent: Some(&parent) };
    let found = documents::living_marks(mirror.store(), scope).await?;
    let targets = found.try_filter_map(|link| ready(Ok(link.target_id)));
    Ok(targets.map_ok(|target| (link_hash(source, &target), target)).try_collect().await?)
}

/// Whether Graph's lists omit a target although the link exists: they omit soft-deleted targets.
async fn is_hidden(mirror: &Mirror, target: &str) -> Result<bool, SyncError> {
    for container in &mirror.resource().targets {
        match kept(mirror, Scope::whole(container), target).await {
            Ok(Some(kept)) if may_come_back(kept.removed) => return Ok(true),
            // A target that is not mirrored here has no container.
            Ok(_) => {}
            Err(SyncError::Store(StoreError::Container(unfit))) if unfit.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

async fn kept(mirror: &Mirror, scope: Scope<'_>, id: &str) -> Result<Option<Existing>, SyncError> {
    Ok(documents::read(mirror.store(), scope, &document_id(id)).await?)
}

/// Whether the tombstone is of an object that may be soft-deleted, and may be restored with its links.
fn may_come_back(removed: Option<Reason>) -> bool {
    matches!(removed, Some(Reason::Changed | Reason::Missing))
}

fn names(mut names: Vec<&str>) -> Vec<String> {
    names.sort_unstable();
    names.into_iter().map(str::to_owned).collect()
}

fn sorted<'a>(links: impl Iterator<Item = (&'a u64, &'a String)>) -> Vec<(&'a u64, &'a String)> {
    let mut links: Vec<_> = links.collect();
    links.sort_by_key(|(_, target)| *target);
    links
}

/// Turns a refusal of one object or its links into a suspect that was not compared, so that it does not hide the
/// results for all others. This includes a 403: a missing permission would have ended the enumeration before.
fn decided(
    looked: Result<Vec<Difference>, SyncError>,
    container: Option<&str>,
    id: &str,
) -> Result<Looked, SyncError> {
    let error = match looked {
        Ok(differences) => return Ok(Looked { differences, ..Looked::default() }),
        Err(error) => error,
    };
    let refusal = match &error {
        SyncError::Graph(GraphError::Refused(refusal) | GraphError::Gone { refusal, .. }) => Some(refusal),
        SyncError::Forbidden(forbidden) => Some(forbidden.refusal()),
        _ => None,
    };
    match refusal {
        Some(refusal) => {
            tracing::warn!(event = "look_refused", error = %refusal);
            let one = NotCompared {
                container: container.map(str::to_owned),
                id: id.to_owned(),
                status: refusal.status,
            };
            Ok(Looked { not_compared: vec![one], ..Looked::default() })
        }
        None => Err(error),
    }
}

async fn together(mut all: Looked, one: Looked) -> Result<Looked, SyncError> {
    all.differences.extend(one.differences);
    all.not_compared.extend(one.not_compared);
    Ok(all)
}
