//! Writing documents of a resource: under the lease, with bounded concurrency, retried only after a
//! definite refusal.

use std::time::Instant;

use azure_core::http::Etag;
use azure_data_cosmos::options::{ItemWriteOptions, Precondition};

use super::attempt;
use super::connection::{Store, write_options};
use super::control::charge;
use super::documents::Document;
use super::error::StoreError;
use super::lease::Lease;

/// A write that Cosmos answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// Request units it cost.
    pub charge: f64,
}

impl Store {
    /// Writes one document whatever is there, or, with an etag, only over that version.
    ///
    /// Waits and tries again while Cosmos throttles, until `give_up`; every try is within the lease.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when Cosmos will never take the document, [`StoreError::Unknown`] when
    /// nobody knows whether it was written, [`StoreError::LeaseLost`], and the others as they say.
    pub async fn write(
        &self,
        container: &str,
        document: &Document<'_>,
        over: Option<&Etag>,
        lease: &Lease,
        give_up: Instant,
    ) -> Result<Written, StoreError> {
        let container = self.container(container).await?;
        attempt::patiently(give_up, || async {
            let _place = self.pacer.admit().await;
            let deadline = lease.guard().await?;
            let options = ItemWriteOptions::default().with_operation_options(write_options());
            let (partition, id) = (document.id.clone(), document.id.as_str());
            let answer = match over {
                None => {
                    attempt::once(deadline, container.upsert_item(partition, id, document, Some(options)))
                        .await
                }
                Some(etag) => {
                    let options = options.with_precondition(Precondition::IfMatch(etag.clone()));
                    attempt::once(deadline, container.replace_item(partition, id, document, Some(options)))
                        .await
                }
            };
            if let Err(StoreError::Throttled { after }) = &answer {
                self.pacer.throttled(*after);
            }
            answer.map(|response| Written { charge: charge(&response) })
        })
        .await
    }
}
