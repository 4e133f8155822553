//! Request units, counted where Cosmos DB answers: queries, refusals and the lease included.
//!
//! What is charged counts for the work that asked for it, however deep below: work runs within a meter, as a task of tokio
//! runs within its locals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use azure_data_cosmos::CosmosError;
use azure_data_cosmos::feed::{QueryFeedPage, QueryItemIterator};
use azure_data_cosmos::models::{BatchResponse, ItemResponse, ResourceResponse, ResponseHeaders};
use futures_util::{Stream, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;

tokio::task_local! {
    static METER: Meter;
}

/// What some work has been charged. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

/// Parts of a request unit that are told apart: Cosmos DB charges hundredths.
const PARTS: f64 = 1000.0;

impl Meter {
    /// Request units so far.
    pub fn units(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / PARTS
    }

    /// Does work that counts here.
    pub async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        METER.scope(self.clone(), work).await
    }

    /// The meter of the work under way: a task of its own does not inherit it.
    pub(super) fn of_work() -> Self {
        METER.try_with(Self::clone).unwrap_or_default()
    }
}

/// An answer that says what it has cost.
pub(super) trait Charged {
    /// Its headers.
    fn headers(&self) -> &ResponseHeaders;
}

impl Charged for ItemResponse {
    fn headers(&self) -> &ResponseHeaders {
        self.headers()
    }
}

impl Charged for BatchResponse {
    fn headers(&self) -> &ResponseHeaders {
        self.headers()
    }
}

impl<T> Charged for ResourceResponse<T> {
    fn headers(&self) -> &ResponseHeaders {
        self.headers()
    }
}

/// Counts an answer.
pub(super) fn count(headers: &ResponseHeaders) {
    add(headers.request_charge().map_or(0.0, |charge| charge.value()));
}

/// The rows of a query, each page of which is counted.
pub(super) fn rows<T: Send + DeserializeOwned + 'static>(
    found: QueryItemIterator<T>,
) -> impl Stream<Item = Result<T, CosmosError>> + Send {
    let page = |page: QueryFeedPage<T>| {
        count(page.headers());
        stream::iter(page.into_items().into_iter().map(Ok))
    };
    found.into_pages().inspect_err(count_refusal).map_ok(page).try_flatten()
}

/// Counts a refusal, which costs something too.
pub(super) fn count_refusal(error: &CosmosError) {
    add(error.diagnostics().map_or(0.0, |diagnostics| diagnostics.total_request_charge().value()));
}

fn add(units: f64) {
    // What does not belong to a turn is not counted.
    let _ = METER.try_with(|meter| meter.0.fetch_add((units * PARTS).round() as u64, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_charged_counts_for_the_work_that_asked() {
        let (one, other) = (Meter::default(), Meter::default());
        add(5.0);
        let work = one.over(async {
            add(1.5);
            let inherited = Meter::of_work();
            tokio::spawn(async move { inherited.over(async { add(0.25) }).await }).await.unwrap();
        });
        tokio::join!(work, other.over(async { add(7.0) }));
        assert_eq!((one.units(), other.units()), (1.75, 7.0));
    }
}
