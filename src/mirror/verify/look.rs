//! The second look: each suspect is read again on both sides, by itself.

use std::collections::{HashMap, HashSet};
use std::future::ready;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Verifier;
use super::diff::{Suspects, link_hash};
use super::report::{Difference, NotCompared};
use crate::catalogue::Linked;
use crate::graph::GraphError;
use crate::mirror::error::SyncError;
use crate::mirror::progress::Stage;
use crate::protocol::change;
use crate::protocol::content::Content;
use crate::protocol::{Kept, Reason, document_id, parent_of};
use crate::store::StoreError;

/// Suspects that are looked at at a time.
const LOOKS: usize = 8;

/// What the second look found.
#[derive(Debug, Default)]
pub struct Looked {
    /// What still differs.
    pub differences: Vec<Difference>,
    /// Suspects of which Graph tells nothing: it refuses the request for that one.
    pub not_compared: Vec<NotCompared>,
}

impl Verifier<'_> {
    /// Looks at all suspects again, in the order of their names.
    pub(super) async fn look(&self, suspects: &Suspects) -> Result<Looked, SyncError> {
        let count = suspects.objects.len() + suspects.links.len();
        self.mirror.progress.begin(Stage::Looking, Some(count as u64));
        let objects =
            suspects.objects.iter().map(|id| async { decided(self.look_at_object(id).await, None, id) });
        let objects = stream::iter(objects).buffered(LOOKS);
        let mut looked = objects.try_fold(Looked::default(), together).await?;
        for linked in self.row.links {
            let of_container = suspects.links.iter().filter(|((name, _), _)| *name == linked.container);
            let links = of_container.map(|((_, source), hashes)| async {
                decided(self.look_at_links(linked, source, hashes).await, Some(linked.container), source)
            });
            let links = stream::iter(links).buffered(LOOKS);
            looked = links.try_fold(looked, together).await?;
        }
        Ok(looked)
    }

    async fn look_at_object(&self, id: &str) -> Result<Vec<Difference>, SyncError> {
        let object = self.object(id).await?;
        let kept = self.kept(self.row.container, id).await?;
        self.mirror.progress.add(1, 0);
        // Graph also finds a user by another name.
        let read =
            object.as_deref().map(change::of_response).filter(|change| change.id.as_deref() == Some(id));
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

    /// Only the suspects among the links of a source: whatever else changed meanwhile, the next turn brings.
    async fn look_at_links(
        &self,
        linked: &'static Linked,
        source: &str,
        suspects: &HashSet<u64>,
    ) -> Result<Vec<Difference>, SyncError> {
        self.mirror.progress.add(1, 0);
        let copy_of_source = self.kept(self.row.container, source).await?;
        if copy_of_source.as_ref().is_some_and(|kept| may_come_back(kept.removed)) {
            // Graph tells nothing of the links of what is soft-deleted, and brings them back with it.
            return Ok(Vec::new());
        }
        let in_graph = match self.targets(linked, source).await? {
            Some(targets) => targets,
            // A source that only the copy has is a difference by itself.
            None if copy_of_source.is_some_and(|kept| kept.removed.is_none())
                && self.object(source).await?.is_none() =>
            {
                return Ok(Vec::new());
            }
            None => HashMap::new(),
        };
        let in_copy = self.links_of(linked, source).await?;
        let mut differences = Vec::new();
        let (container, from) = (linked.container, source.to_owned());
        for (hash, target) in sorted(in_graph.iter()) {
            if suspects.contains(hash) && !in_copy.contains_key(hash) {
                let (source, target) = (from.clone(), target.clone());
                differences.push(Difference::LinkMissing { container, source, target });
            }
        }
        for (hash, target) in sorted(in_copy.iter()) {
            let is_extra = suspects.contains(hash) && !in_graph.contains_key(hash);
            if is_extra && !self.is_hidden(target).await? {
                let (source, target) = (from.clone(), target.clone());
                differences.push(Difference::LinkExtra { container, source, target });
            }
        }
        Ok(differences)
    }

    /// The living links of a source in the copy, by hash.
    async fn links_of(&self, linked: &Linked, source: &str) -> Result<HashMap<u64, String>, SyncError> {
        let found = self.mirror.store.living_under(linked.container, &parent_of(source)).await?;
        let targets = found.try_filter_map(|link| ready(Ok(link.target_id)));
        Ok(targets.map_ok(|target| (link_hash(source, &target), target)).try_collect().await?)
    }

    /// Whether Graph's lists leave a target out although the link is there: those of a soft-deleted one.
    async fn is_hidden(&self, target: &str) -> Result<bool, SyncError> {
        for container in self.row.targets {
            match self.kept(container, target).await {
                Ok(Some(kept)) if may_come_back(kept.removed) => return Ok(true),
                // What is not mirrored here has no container.
                Ok(_) => {}
                Err(SyncError::Store(StoreError::Container(unfit))) if unfit.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn kept(&self, container: &str, id: &str) -> Result<Option<Kept>, SyncError> {
        let id = document_id(id);
        Ok(self.mirror.store.kept(container, &id, &id).await?)
    }
}

/// A tombstone of what may be soft-deleted, and come back with its links.
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

/// One object that Graph refuses to show, or the links of one, must not hide what is found about all others. A 403 is about
/// the one too: a missing permission would have ended the enumeration before.
fn decided(
    looked: Result<Vec<Difference>, SyncError>,
    container: Option<&'static str>,
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
            let one = NotCompared { container, id: id.to_owned(), status: refusal.status };
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
