//! Writing documents of a resource: under the lease, with bounded concurrency, retried only after a
//! definite refusal.

use std::time::Instant;

use azure_data_cosmos::TransactionalBatch;
use azure_data_cosmos::models::BatchResponse;
use azure_data_cosmos::options::{BatchOptions, ItemWriteOptions, Precondition};

use super::connection::{Store, write_options};
use super::containers::blame;
use super::error::StoreError;
use super::lease::Lease;
use super::{attempt, batch};
use crate::protocol::{Etag, Stored};

/// Most documents of one batch: <https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch>.
pub const BATCH: usize = 100;

/// Writes one document whatever is there, or, with an etag, only over that version.
///
/// Waits and tries again while Cosmos throttles, until `give_up`; every try is within the lease.
///
/// # Errors
/// [`StoreError::Refused`] when Cosmos will never take the document, [`StoreError::Unknown`] when
/// nobody knows whether it was written, [`StoreError::LeaseLost`], and the others as they say.
pub async fn write(
    store: &Store,
    container: &str,
    document: &impl Stored,
    over: Option<&Etag>,
    lease: &Lease,
    give_up: Instant,
) -> Result<(), StoreError> {
    let (name, container) = (container, store.container(container).await?);
    let (partition, id) = (document.partition(), document.id());
    let written = attempt::patiently(give_up, || async {
        let _place = store.pacer.admit().await;
        let deadline = lease.guard().await?;
        let options = ItemWriteOptions::default().with_operation_options(write_options());
        let partition = partition.to_owned();
        let answer = match over {
            None => {
                let answer = container.upsert_item(partition, id, document, Some(options));
                attempt::once(deadline, answer).await.map_err(of_upsert)
            }
            Some(etag) => {
                let options = options.with_precondition(Precondition::IfMatch(etag.as_ref().into()));
                attempt::once(deadline, container.replace_item(partition, id, document, Some(options))).await
            }
        };
        followed(store, answer.map(drop))
    });
    blamed(store, name, written.await).await
}

/// Writes up to [`BATCH`] documents of one partition, all or none; one alone needs no transaction.
///
/// # Errors
/// As [`write`]; a refusal is that of the first operation that failed by itself.
pub async fn write_batch(
    store: &Store,
    container: &str,
    documents: &[impl Stored],
    lease: &Lease,
    give_up: Instant,
) -> Result<(), StoreError> {
    let Some(first) = documents.first() else { return Ok(()) };
    if let [only] = documents {
        return write(store, container, only, None, lease, give_up).await;
    }
    let (name, container) = (container, store.container(container).await?);
    let mut upserts = TransactionalBatch::new(first.partition().to_owned());
    for document in documents {
        upserts = upserts.upsert_item(document, None)?;
    }
    let written = attempt::patiently(give_up, || async {
        let _place = store.pacer.admit().await;
        let deadline = lease.guard().await?;
        let options = BatchOptions::default().with_operation_options(write_options());
        let sent = container.execute_transactional_batch(upserts.clone(), Some(options));
        followed(store, attempt::once(deadline, sent).await.and_then(judged))
    });
    blamed(store, name, written.await).await
}

async fn blamed(store: &Store, name: &str, answer: Result<(), StoreError>) -> Result<(), StoreError> {
    match answer {
        Ok(()) => Ok(()),
        Err(error) => Err(blame(store, name, error).await),
    }
}

/// Lets everybody follow a refusal, or the want of an answer.
fn followed(store: &Store, answer: Result<(), StoreError>) -> Result<(), StoreError> {
    match &answer {
        Err(StoreError::Throttled { after }) => store.pacer.throttled(*after),
        Err(StoreError::Unknown(_)) => store.pacer.unanswered(Instant::now()),
        _ => {}
    }
    answer
}

/// A failed batch answers without an error: only its operations say so.
fn judged(response: BatchResponse) -> Result<(), StoreError> {
    let body = response.into_body().single()?;
    batch::judged(&body)
}

/// Nothing can be there that an upsert would mind, but a unique key, and no document has to be.
fn of_upsert(error: StoreError) -> StoreError {
    match error {
        StoreError::Overtaken => StoreError::of_status(409, None, "", "status 409").unwrap_or(error),
        other => other.of_container(),
    }
}
