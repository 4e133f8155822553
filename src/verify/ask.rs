//! Requests to Graph without a time limit: a verification waits as long and as often as Graph asks it to.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::diff::link_hash;
use crate::catalogue::Relationship;
use crate::graph::{GraphError, Page, Request};
use crate::mirror::Mirror;
use crate::protocol::Window;
use crate::report::SyncError;

/// Longest wait within one request; longer waits that Graph asks for happen here.
const PATIENCE: Duration = Duration::from_secs(600);
/// Longest list in pages: a million links of one object.
const MOST_PAGES: usize = 1000;

/// Fetches a page of the feed.
pub(super) async fn page(mirror: &Mirror, request: &Request) -> Result<Page, SyncError> {
    let page = patiently(|| mirror.source().page(request, Instant::now() + PATIENCE)).await;
    page.map_err(|error| explain(mirror, error))
}

/// Reads one object with the properties of the row; none if Graph has no such object.
pub(super) async fn object(
    mirror: &Mirror,
    id: &str,
    range: Option<Window>,
) -> Result<Option<Box<RawValue>>, SyncError> {
    let object = patiently(|| mirror.source().object(id, range, Instant::now() + PATIENCE)).await;
    object.map_err(|error| explain(mirror, error))
}

/// Reads the links of an object, as hashes. None if Graph has no such object, or if a property that holds one object is
/// not set.
pub(super) async fn targets(
    mirror: &Mirror,
    linked: &Relationship,
    source: &str,
) -> Result<Option<HashMap<u64, String>>, SyncError> {
    let mut request = mirror.source().targets(linked, source);
    let mut all = HashMap::new();
    for _ in 0..MOST_PAGES {
        let from = mirror.source();
        let page = patiently(|| from.page_of_targets(&request, Instant::now() + PATIENCE)).await;
        let Some(page) = page.map_err(|error| explain(mirror, error))? else { return Ok(None) };
        all.extend(page.ids.into_iter().map(|target| (link_hash(source, &target), target)));
        match page.next {
            Some(link) => request = Request::Follow(link),
            None => return Ok(Some(all)),
        }
    }
    Err(SyncError::Graph(GraphError::Nonsense(format!("a list of more than {MOST_PAGES} pages"))))
}

/// Adds the likely cause to an error of Graph, for example the missing permission.
fn explain(mirror: &Mirror, error: GraphError) -> SyncError {
    mirror.source().explain(error).into()
}

/// Repeats a request until Graph no longer throttles it.
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
