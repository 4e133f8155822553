//! One request to Cosmos, with its time: retried only after a definite refusal.

use std::future::Future;
use std::time::Instant;

use azure_data_cosmos::CosmosError;
use futures_util::TryFutureExt as _;

use super::error::StoreError;
use super::meter::{self, Charged};

/// Waits for one answer until `deadline`; none by then is [`StoreError::Unknown`]. What it costs is counted.
pub fn once<T: Charged>(
    deadline: Instant,
    request: impl Future<Output = Result<T, CosmosError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    in_time(deadline, request.inspect_ok(|answer| meter::count(answer.headers())))
}

/// The same for several answers, which are counted one by one.
pub async fn in_time<T>(
    deadline: Instant,
    request: impl Future<Output = Result<T, CosmosError>>,
) -> Result<T, StoreError> {
    let sent = Instant::now();
    let answer = match tokio::time::timeout_at(deadline.into(), request).await {
        Ok(answer) => answer.inspect_err(meter::count_refusal).map_err(StoreError::from),
        Err(_) => Err(StoreError::Unknown("no answer in time".into())),
    };
    let (took, error) =
        (sent.elapsed().as_millis() as u64, answer.as_ref().err().map(tracing::field::display));
    tracing::debug!(event = "cosmos_request", tookMs = took, error);
    answer
}

/// Repeats a request while Cosmos throttles it and the wait fits before `deadline`.
pub async fn patiently<T, F>(deadline: Instant, mut request: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match request().await {
            Err(StoreError::Throttled { after }) if Instant::now() + after < deadline => {
                let wait = after.as_millis() as u64;
                tracing::debug!(event = "cosmos_retry", waitMs = wait, reason = "Azure Cosmos DB throttles");
                tokio::time::sleep(after).await
            }
            answer => return answer,
        }
    }
}
