//! Reads that see the newest version, for whoever decides by one to write nothing.
//!
//! With the consistency of a session, a read of another session than the writer's may be behind. Most decisions are
//! checked by an If-Match when they are written; one that ends in no write is not. So a write that can never succeed goes
//! first: its refusal tells this session how far Cosmos is, changes nothing, and costs less than a write that does.

use std::time::Instant;

use azure_core::http::Etag;
use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::options::{ItemWriteOptions, Precondition};
use serde::Serialize;

use super::attempt;
use super::connection::write_options;
use super::error::StoreError;

/// No version has this etag.
const NEVER: &str = "\"never\"";

/// Has the next read of this session see the newest version of a document. `document` is not written.
///
/// # Errors
/// [`StoreError`], when Cosmos could not be asked.
pub(super) async fn reach(
    container: &ContainerClient,
    partition: &str,
    id: &str,
    document: &(impl Serialize + Sync),
    deadline: Instant,
) -> Result<(), StoreError> {
    let refused = attempt::patiently(deadline, || {
        let never = Precondition::IfMatch(Etag::from(NEVER));
        let options =
            ItemWriteOptions::default().with_operation_options(write_options()).with_precondition(never);
        attempt::once(deadline, container.replace_item(partition.to_owned(), id, document, Some(options)))
    });
    match refused.await {
        Err(StoreError::Overtaken | StoreError::Missing(_)) => Ok(()),
        Ok(_) => Err(StoreError::Unknown("a write over a version that cannot be".into())),
        Err(error) => Err(error),
    }
}
