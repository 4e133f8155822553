//! Turns with rests between them: doubtful documents and pending sweeps have to end.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::below::feeds;
use super::draw::DOUBT;
use super::plan::Plan;
use super::trouble::Trouble;
use super::turns::{complete, released};
use crate::graph::Relationship;

/// How long doubt has to rest: what `DOUBT_MINUTES` says, and the second to which Cosmos rounds.
pub(super) const AGE: Duration = DOUBT.saturating_add(Duration::from_secs(1));
/// Rests after which nothing may be left.
pub(super) const RESTS: usize = 3;

/// Runs turns with rests between them, until no document carries an abandoned number, no sweep is pending, and the copy
/// equals the tenant.
///
/// # Errors
/// When that takes too many turns.
pub(super) async fn settled(trouble: &Trouble, plan: &Plan) -> Result<()> {
    let mut left = doubtful(trouble).await.len();
    for _ in 0..RESTS {
        if left > 0 {
            tokio::time::sleep(AGE).await;
        }
        // A turn without budget settles one at a time.
        while left > 0 {
            // After a lost checkpoint, the removal limit can hold the same sweep again, once its links were read anew.
            if complete(trouble).await? {
                released(trouble).await?;
            }
            let now = doubtful(trouble).await.len();
            if now >= left {
                break;
            }
            left = now;
        }
    }
    let doubtful = doubtful(trouble).await;
    ensure!(doubtful.is_empty(), "still doubtful: {doubtful:?}");
    // Two things wait until they are old enough: the sweep of objects that a replica may not have known, and a
    // new reading of links to objects that an enumeration did not show.
    for _ in 0..RESTS {
        if trouble.world().differences().await.is_empty() && !is_pending(trouble).await {
            break;
        }
        tokio::time::sleep(AGE).await;
        if complete(trouble).await? || plan.removal_limit.is_some() {
            released(trouble).await?;
        }
    }
    ensure!(!is_pending(trouble).await, "a sweep is still pending");
    Ok(())
}

async fn is_pending(trouble: &Trouble) -> bool {
    feeds(trouble.world()).await.iter().any(|feed| !feed.checkpoint["pendingSweep"].is_null())
}

/// The documents that carry an abandoned number, or a number of a lost checkpoint. Where everything went with its parent, nobody
/// can ask for what the tombstones are of.
async fn doubtful(trouble: &Trouble) -> Vec<String> {
    let cosmos = &trouble.world().cosmos;
    let mut all = Vec::new();
    for feed in &feeds(trouble.world()).await {
        let (checkpoint, has_parents) = (&feed.checkpoint, feed.has_parents(trouble.world()));
        let abandoned = checkpoint["abandoned"].as_array().cloned().unwrap_or_default();
        let carries = |document: &Value| {
            let save = document["_mirror"]["save"].as_u64();
            let is_abandoned = abandoned
                .iter()
                .any(|abandoned| save >= abandoned["from"].as_u64() && save <= abandoned["to"].as_u64());
            // Documents that were written under a checkpoint that is lost.
            let carries = is_abandoned || save < checkpoint["firstSave"].as_u64();
            carries && (has_parents || document["_mirror"]["removed"].is_null())
        };
        let links = Relationship::tracked_by(feed.resource);
        for container in links.map(Relationship::container).chain([feed.resource]) {
            let documents = feed.documents(cosmos, container).await;
            all.extend(documents.iter().filter(|document| carries(document)).map(id));
        }
    }
    all
}

pub(super) fn id(document: &Value) -> String {
    document["id"].as_str().unwrap_or_default().to_owned()
}
