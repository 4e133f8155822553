//! Reading both sides, the copy after Graph.

use std::pin::pin;

use futures_util::TryStreamExt as _;

use super::Verifier;
use super::diff::{Compared, Comparison, Suspects, Told};
use crate::graph::{GraphError, Guard, Next, Page, Request};
use crate::mirror::error::SyncError;
use crate::protocol::change::{self, Change, Kind};
use crate::protocol::content::Content;

/// Enumerations that may die half-way.
const RESTARTS: u32 = 3;

impl Verifier<'_> {
    /// What Graph tells in one enumeration.
    pub(super) async fn told(&self) -> Result<Told, SyncError> {
        for _ in 0..RESTARTS {
            match self.enumerate().await {
                Err(SyncError::Graph(GraphError::Gone { refusal, .. })) => {
                    let (resource, status, code) = (self.row.resource, refusal.status, refusal.code);
                    tracing::warn!(event = "token_dead", resource, status, code, located = false);
                }
                told => return told,
            }
        }
        Err(SyncError::Restarts(RESTARTS))
    }

    async fn enumerate(&self) -> Result<Told, SyncError> {
        let (mut told, mut guard) = (Told::default(), Guard::default());
        let mut request = Request::Initial { path: self.row.path.to_owned(), select: self.row.select() };
        loop {
            let page = self.page(&request).await?;
            guard.see(request.followed(), &page.objects, page.next_link())?;
            self.take(&page, &mut told);
            match page.next {
                Next::Page(link) => request = Request::Follow(link),
                Next::Round(_) => return Ok(told),
            }
        }
    }

    fn take(&self, page: &Page, told: &mut Told) {
        let changes = change::of(&page.objects);
        for change in &changes.objects {
            match (&change.id, &change.kind) {
                (Some(id), Kind::Remove(_)) => told.remove(id),
                (_, Kind::Unclear) => {}
                (Some(id), _) => told.put(id, digest(change)),
                // Nothing to find it by: the copy has set it aside.
                (None, _) => {}
            }
        }
        let mut links: Vec<_> = changes.links.iter().collect();
        links.sort_by_key(|link| link.said);
        for link in links {
            let linked = self.row.links.iter().find(|linked| linked.property == link.property);
            let Some(linked) = linked else { continue };
            match (link.removed, linked.many) {
                (true, _) => told.unlink(linked.container, &link.source, &link.target),
                (false, true) => told.link(linked.container, &link.source, &link.target),
                (false, false) => told.link_to_one(linked.container, &link.source, &link.target),
            }
        }
        changes.odd.iter().for_each(|odd| told.unread(odd.count));
        self.mirror.progress.add(changes.objects.len(), changes.links.len());
    }

    /// Holds the living documents of the copy against that.
    pub(super) async fn compared(&self, told: Told) -> Result<(Suspects, Compared), SyncError> {
        let mut comparison = Comparison::with(told);
        let mut living = pin!(self.mirror.store.living(self.row.container).await?);
        while let Some(kept) = living.try_next().await? {
            self.mirror.progress.add(1, 0);
            match (kept.marks.object_id(), Content::stored(&kept.text)) {
                (id, _) if kept.set_aside => comparison.set_aside(id),
                (Some(id), Some(content)) => comparison.object(id, content.digest()),
                // A living document that stands for no object: nothing of ours is like that.
                (id, _) => comparison.object(id.unwrap_or(&kept.marks.id), 0),
            }
        }
        for linked in self.row.links {
            let mut living = pin!(self.mirror.store.living_marks(linked.container).await?);
            while let Some(link) = living.try_next().await? {
                self.mirror.progress.add(0, 1);
                if let (Some(source), Some(target)) = (&link.source_id, &link.target_id) {
                    comparison.link(linked.container, source, target);
                }
            }
        }
        Ok(comparison.finish())
    }
}

/// What stands for what an object says.
fn digest(change: &Change<'_>) -> u64 {
    Content::of(change).map_or(0, |content| content.digest())
}
