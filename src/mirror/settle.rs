//! Settling doubt (rule 11): documents that a turn wrote which did not end cleanly, or that were read by
//! id, are looked up once the replicas must agree, and written with what is found.
//!
//! Usually there are none: one indexed query a turn. What Graph throttles or the budget cuts short is
//! left for the next turn, but one is looked up however small the budget: else none ever would be. It is the
//! one that was written longest ago, since one that is still doubtful after its look must not starve the others.

use std::collections::HashSet;
use std::future::ready;

use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::drive::{Driver, by_id};
use super::error::SyncError;
use super::write::Wrote;
use crate::graph::GraphError;
use crate::protocol::change;
use crate::protocol::document::Stamp;
use crate::protocol::machine::Settled;
use crate::protocol::plan;
use crate::protocol::{Burnt, Candidate, Checkpoint};

impl Driver<'_> {
    /// Settles what has been doubtful for long enough.
    pub async fn settle(&mut self, checkpoint: &Checkpoint) -> Result<Settled, SyncError> {
        let cutoff = self.lease.now() - self.mirror.options.doubt;
        let (store, container) = (&self.mirror.store, self.row.container);
        let found = store.doubtful(container, checkpoint, cutoff).await?;
        let mut found: Vec<_> = found
            .try_filter(|one| ready(plan::may_settle(checkpoint, plan::marks(one))))
            .try_collect()
            .await?;
        found.sort_by_key(|candidate: &Candidate| candidate.written);
        let (mut settled, mut looked) = (Settled::default(), false);
        for candidate in found {
            let Some(id) = candidate.object_id() else { continue };
            if looked && self.is_spent() {
                break;
            }
            looked = true;
            let object = match self.mirror.graph.object(&by_id(self.row, id), self.deadline).await {
                Ok(object) => object,
                Err(GraphError::Throttled { .. } | GraphError::Failing { .. }) => break,
                // Left for the feed to tell; one odd object must not end every turn.
                Err(GraphError::Refused(refusal)) => {
                    tracing::warn!(event = "doubt_not_settled", resource = self.control.feed(), error = %refusal);
                    continue;
                }
                Err(error) => return Err(self.explain(error)),
            };
            let (marks, doubt) = (plan::marks(&candidate), self.mirror.options.doubt);
            settled.unseen |=
                object.is_some() && plan::is_unseen(checkpoint, marks, candidate.written, doubt);
            let wrote = self.settle_one(checkpoint, candidate, object.as_deref()).await?;
            settled.counts += wrote.counts;
            self.charge += wrote.charge;
        }
        Ok(settled)
    }

    /// Of the abandoned numbers that may be forgotten, those that no document carries. Asked once: they are forgotten then.
    pub async fn uncarried(&self, checkpoint: &Checkpoint) -> Result<Vec<Burnt>, SyncError> {
        let mut old = plan::forgettable(checkpoint, self.lease.now());
        for (container, _) in self.row.containers() {
            if old.is_empty() {
                break;
            }
            let carried = self.mirror.store.carried(container, &old).await?;
            let carried: HashSet<u64> = carried.try_collect().await?;
            old.retain(|burnt| !carried.iter().any(|save| (burnt.from..=burnt.to).contains(save)));
        }
        Ok(old)
    }

    async fn settle_one(
        &self,
        checkpoint: &Checkpoint,
        candidate: Candidate,
        object: Option<&RawValue>,
    ) -> Result<Wrote, SyncError> {
        let (generation, source) = plan::settle(checkpoint, plan::marks(&candidate), object.is_some());
        let stamp = Stamp { generation, source, ..self.stamp(checkpoint) };
        tracing::info!(event = "doubt_settled", resource = self.control.feed(), found = object.is_some());
        match object {
            Some(object) => {
                let change = change::of_response(object);
                self.write_change(&change, &stamp, Some(&candidate.etag), self.give_up()).await
            }
            None => self.remove(candidate, &stamp).await,
        }
    }
}
