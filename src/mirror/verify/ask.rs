//! Asking Graph with all the time there is: whoever verifies waits as Graph asks, however often.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::Verifier;
use super::diff::link_hash;
use crate::catalogue::Linked;
use crate::graph::{GraphError, Page, Request};
use crate::mirror::error::SyncError;

/// Longest wait within one request; what Graph asks for beyond it is waited for here.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most pages of one list: a million links of one object.
const MOST_PAGES: usize = 1000;

impl Verifier<'_> {
    /// A page of the feed.
    pub(super) async fn page(&self, request: &Request) -> Result<Page, SyncError> {
        let graph = &self.mirror.graph;
        patiently(|| graph.page(request, Instant::now() + PATIENCE))
            .await
            .map_err(|error| self.explain(error))
    }

    /// One object with the properties of the row; none when Graph has no such object.
    pub(super) async fn object(&self, id: &str) -> Result<Option<Box<RawValue>>, SyncError> {
        let request = Request::Object {
            path: self.row.object_path.to_owned(),
            id: id.to_owned(),
            select: self.row.object_select(),
        };
        let graph = &self.mirror.graph;
        let object = patiently(|| graph.object(&request, Instant::now() + PATIENCE)).await;
        object.map_err(|error| self.explain(error))
    }

    /// What an object is linked to, by hash; none when Graph has no such object, or, of a property that is
    /// one object, when it is not set.
    pub(super) async fn targets(
        &self,
        linked: &Linked,
        source: &str,
    ) -> Result<Option<HashMap<u64, String>>, SyncError> {
        let (path, id) = (self.row.object_path.to_owned(), source.to_owned());
        let mut request = Request::Targets { path, id, property: linked.property, many: linked.many };
        let mut all = HashMap::new();
        for _ in 0..MOST_PAGES {
            let graph = &self.mirror.graph;
            let page = patiently(|| graph.targets(&request, Instant::now() + PATIENCE)).await;
            let Some(page) = page.map_err(|error| self.explain(error))? else { return Ok(None) };
            all.extend(page.ids.into_iter().map(|target| (link_hash(source, &target), target)));
            match page.next {
                Some(link) => request = Request::Follow(link),
                None => return Ok(Some(all)),
            }
        }
        Err(SyncError::Graph(GraphError::Nonsense(format!("a list of more than {MOST_PAGES} pages"))))
    }

    /// Names what a refusal of Graph's is about.
    fn explain(&self, error: GraphError) -> SyncError {
        SyncError::explained(error, &self.row.permission, self.reader)
    }
}

/// Repeats a request for as long as Graph asks to be left alone.
async fn patiently<T>(mut request: impl AsyncFnMut() -> Result<T, GraphError>) -> Result<T, GraphError> {
    loop {
        match request().await {
            Err(GraphError::Throttled { after }) => {
                let (wait, reason) = (after.as_millis() as u64, "Microsoft Graph throttles");
                tracing::info!(event = "graph_waits", waitMs = wait, reason);
                tokio::time::sleep(after).await;
            }
            answer => return answer,
        }
    }
}
