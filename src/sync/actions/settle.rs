//! Settles doubt (rule 11): once the replicas must agree, looks up the documents that an unclean turn wrote or that
//! were read by id, and writes the result.
//!
//! Usually there are none, and the cost is one indexed query per turn. If Graph throttles or the budget runs out, the
//! next turn continues. One object is looked up however small the budget is; otherwise doubt would never be settled. It
//! is the object with the oldest write, since an object that is still doubtful after its look-up must not starve the
//! others.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use serde_json::value::RawValue;

use super::write::{remove, write_change};
use crate::graph::GraphError;
use crate::protocol::change;
use crate::protocol::document::Stamp;
use crate::protocol::machine::Settled;
use crate::protocol::plan;
use crate::protocol::{Abandoned, Candidate, Checkpoint, Counts, doubt};
use crate::report::SyncError;
use crate::store::{find, numbers};
use crate::sync::turn::Turn;

/// Settles the objects that have been doubtful for long enough.
pub async fn settle(turn: &Turn<'_>, checkpoint: &Checkpoint) -> Result<Settled, SyncError> {
    if !turn.source().reads_by_id() {
        return Ok(Settled::default());
    }
    let cutoff = (turn.lease().now() - turn.options().doubt).unix_timestamp();
    let found = find::doubtful(turn.store(), turn.objects(), checkpoint).await?;
    let mut found: Vec<Candidate> = found.try_collect().await?;
    let (mut settled, mut looked) = (Settled { doubts: !found.is_empty(), ..Settled::default() }, false);
    let is_due = |one: &Candidate| one.written < cutoff && doubt::may_settle(checkpoint, doubt::marks(one));
    found.retain(is_due);
    found.sort_by_key(|candidate| candidate.written);
    for candidate in found {
        let Some(id) = candidate.object_id() else { continue };
        if looked && turn.is_spent() {
            break;
        }
        looked = true;
        let range = doubt::range(checkpoint, Some(doubt::marks(&candidate)));
        let object = match turn.source().object(id, range, turn.deadline()).await {
            Ok(object) => object,
            Err(GraphError::Throttled { .. } | GraphError::Failing { .. }) => break,
            // The feed settles this object later; one refused object must not end every turn.
            Err(GraphError::Refused(refusal)) => {
                tracing::warn!(event = "doubt_not_settled", resource = turn.key(), error = %refusal);
                continue;
            }
            Err(error) => return Err(turn.explain(error)),
        };
        let (marks, doubt) = (doubt::marks(&candidate), turn.options().doubt);
        settled.unseen |= object.is_some() && doubt::is_unseen(checkpoint, marks, candidate.written, doubt);
        settled.counts += settle_one(turn, checkpoint, candidate, object.as_deref()).await?;
    }
    Ok(settled)
}

/// Those abandoned numbers, among the ones old enough to forget, that no document carries.
pub async fn uncarried(turn: &Turn<'_>, checkpoint: &Checkpoint) -> Result<Vec<Abandoned>, SyncError> {
    let mut old = plan::forgettable(checkpoint, turn.lease().now());
    for (container, _) in turn.mirror().resource().containers() {
        if old.is_empty() {
            break;
        }
        let carried = numbers::carried(turn.store(), turn.scope(container), &old).await?;
        let carried: HashSet<u64> = carried.try_collect().await?;
        old.retain(|abandoned| !carried.iter().any(|save| (abandoned.from..=abandoned.to).contains(save)));
    }
    Ok(old)
}

async fn settle_one(
    turn: &Turn<'_>,
    checkpoint: &Checkpoint,
    candidate: Candidate,
    object: Option<&RawValue>,
) -> Result<Counts, SyncError> {
    let mode = turn.mirror().resource().read_mode();
    let (generation, source) = doubt::settle(mode, checkpoint, doubt::marks(&candidate), object.is_some());
    let stamp = Stamp { generation, source, ..turn.stamp(checkpoint) };
    tracing::info!(event = "doubt_settled", resource = turn.key(), found = object.is_some());
    match object {
        Some(object) => {
            let change = change::of_response(object);
            write_change(turn, &change, &stamp, Some(&candidate.etag), turn.give_up()).await
        }
        None => remove(turn, candidate, &stamp).await,
    }
}
