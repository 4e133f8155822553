//! One request to Cosmos, with its time: retried only after a definite refusal.

use std::future::Future;
use std::time::Instant;

use azure_data_cosmos::CosmosError;
use azure_data_cosmos::models::ItemResponse;

use super::error::StoreError;

/// Waits for one answer until `deadline`; none by then is [`StoreError::Unknown`].
pub async fn once<T>(
    deadline: Instant,
    request: impl Future<Output = Result<T, CosmosError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout_at(deadline.into(), request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Unknown("no answer in time".into())),
    }
}

/// Repeats a request while Cosmos throttles it and the wait fits before `deadline`.
pub async fn patiently<T, F>(deadline: Instant, mut request: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match request().await {
            Err(StoreError::Throttled { after }) if Instant::now() + after < deadline => {
                tokio::time::sleep(after).await
            }
            answer => return answer,
        }
    }
}

/// Request units of an answer.
pub(super) fn charge(response: &ItemResponse) -> f64 {
    response.headers().request_charge().map_or(0.0, |charge| charge.value())
}
