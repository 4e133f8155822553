//! Reads both sides, first Graph and then the copy.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;

use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::ask;
use super::diff::{Compared, Comparison, InGraph, Suspects};
use crate::graph::{GraphError, Guard, Page, Request};
use crate::mirror::Mirror;
use crate::protocol::change::{self, Change, Kind};
use crate::protocol::content::Content;
use crate::protocol::{Checkpoint, Mode, Next, Window};
use crate::report::SyncError;
use crate::store::documents;

/// Enumerations to try, since a token may expire during one.
const RESTARTS: u32 = 3;

/// Reads Graph's side with one complete enumeration.
pub(super) async fn in_graph(mirror: &Mirror, window: Option<Window>) -> Result<InGraph, SyncError> {
    for _ in 0..RESTARTS {
        match enumerate(mirror, window).await {
            Err(SyncError::Graph(GraphError::Gone { refusal, .. })) => {
                let (resource, status, code) = (&*mirror.resource().name, refusal.status, refusal.code);
                tracing::warn!(event = "token_dead", resource, status, code, located = false);
            }
            in_graph => return in_graph,
        }
    }
    Err(SyncError::Restarts(RESTARTS))
}

/// The range of time to read, of a feed that is read by time or shows a range: then it is the one of the copy.
pub(super) fn window(mirror: &Mirror, checkpoint: Option<&Checkpoint>) -> Option<Window> {
    let now = OffsetDateTime::now_utc();
    match mirror.resource().read_mode() {
        Mode::Window(reach) => Some(Window { from: now - reach.retention, to: now, last: true }),
        Mode::Rolling(rolling) => {
            let of_copy = checkpoint.and_then(|checkpoint| checkpoint.window);
            Some(of_copy.unwrap_or_else(|| rolling.range(now)))
        }
        Mode::Delta | Mode::Additions | Mode::List => None,
    }
}

async fn enumerate(mirror: &Mirror, window: Option<Window>) -> Result<InGraph, SyncError> {
    let mut in_graph = InGraph::default();
    each_page(mirror, window, |page| take(mirror, page, &mut in_graph)).await?;
    Ok(in_graph)
}

/// Objects as Graph shows them, by id.
pub(super) type Objects = HashMap<String, Box<RawValue>>;

/// Those of these objects that another enumeration shows.
pub(super) async fn objects(
    mirror: &Mirror,
    window: Option<Window>,
    ids: &BTreeSet<String>,
) -> Result<Objects, SyncError> {
    let mut found = Objects::new();
    each_page(mirror, window, |page| {
        let shown =
            page.objects.iter().filter_map(|object| Some((change::read(object).id?.into_owned(), object)));
        found.extend(shown.filter(|(id, _)| ids.contains(id)).map(|(id, object)| (id, object.clone())));
    })
    .await?;
    Ok(found)
}

async fn each_page(
    mirror: &Mirror,
    window: Option<Window>,
    mut take: impl FnMut(&Page),
) -> Result<(), SyncError> {
    let mut guard = Guard::default();
    let mut request = mirror.source().first(window);
    loop {
        let page = ask::page(mirror, &request).await?;
        guard.see(request.followed(), &page.objects, page.next.next_link())?;
        take(&page);
        match page.next {
            Next::NextLink(link) => request = Request::Follow(link),
            Next::DeltaLink(_) | Next::End | Next::Shards(_) => return Ok(()),
        }
    }
}

fn take(mirror: &Mirror, page: &Page, in_graph: &mut InGraph) {
    let changes = change::of(&page.objects, mirror.source().told());
    for change in &changes.objects {
        match (&change.id, &change.kind) {
            (Some(id), Kind::Remove(_)) => in_graph.remove(id),
            (_, Kind::Unclear) => {}
            (Some(id), _) => in_graph.put(id, digest(change)),
            // Without an id there is no document to find: the copy has set it aside.
            (None, _) => {}
        }
    }
    let mut links: Vec<_> = changes.links.iter().collect();
    links.sort_by_key(|link| link.said);
    for link in links {
        let Some(linked) = mirror.resource().relationship(&link.property) else { continue };
        match (link.removed, linked.many) {
            (true, _) => in_graph.unlink(&linked.container, &link.source, &link.target),
            (false, true) => in_graph.link(&linked.container, &link.source, &link.target),
            (false, false) => in_graph.link_to_one(&linked.container, &link.source, &link.target),
        }
    }
    changes.odd.iter().for_each(|odd| in_graph.unread(odd.count));
    mirror.progress().add(changes.objects.len(), changes.links.len());
}

/// Compares the current documents of the copy with Graph's side.
pub(super) async fn compared(mirror: &Mirror, in_graph: InGraph) -> Result<(Suspects, Compared), SyncError> {
    // Graph forgets what is read by time or only added, and the copy keeps it.
    let forgets = matches!(mirror.resource().read_mode(), Mode::Window(_) | Mode::Additions);
    let mut comparison = Comparison::with(in_graph);
    let mut living = pin!(documents::living(mirror.store(), mirror.objects()).await?);
    while let Some(kept) = living.try_next().await? {
        mirror.progress().add(1, 0);
        match (kept.marks.object_id(), Content::stored(&kept.text)) {
            (Some(id), _) if forgets && !comparison.knows(id) => {}
            (id, _) if kept.set_aside => comparison.set_aside(id),
            (Some(id), Some(content)) => comparison.object(id, content.digest()),
            // A current document without an object id: this program writes none.
            (id, _) => comparison.object(id.unwrap_or(&kept.marks.id), 0),
        }
    }
    for linked in &mirror.resource().relationships {
        let mut living =
            pin!(documents::living_marks(mirror.store(), mirror.feed().scope(&linked.container)).await?);
        while let Some(link) = living.try_next().await? {
            mirror.progress().add(0, 1);
            if let (Some(source), Some(target)) = (&link.source_id, &link.target_id) {
                comparison.link(&linked.container, source, target);
            }
        }
    }
    Ok(comparison.finish())
}

/// A hash of the content of an object.
fn digest(change: &Change<'_>) -> u64 {
    Content::of(change).map_or(0, |content| content.digest())
}
