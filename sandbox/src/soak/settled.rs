//! Turns with rests between them: doubt and what is owed have to end.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::plan::{DOUBT, Plan};
use super::trouble::Trouble;
use super::turns::{complete, released};
use crate::graph::Relationship;

/// How long doubt has to rest: what `DOUBT_MINUTES` says, and the second to which Cosmos rounds.
pub(super) const AGE: Duration = DOUBT.saturating_add(Duration::from_secs(1));
/// Rests after which nothing may be left.
pub(super) const RESTS: usize = 3;

/// Turns with rests between them, until nothing carries a burnt number any more, nothing is owed, and the copy is the
/// tenant.
///
/// # Errors
/// When that takes too many.
pub(super) async fn settled(trouble: &Trouble, plan: &Plan) -> Result<()> {
    let mut left = doubtful(trouble).await.len();
    for _ in 0..RESTS {
        if left > 0 {
            tokio::time::sleep(AGE).await;
        }
        // A turn without budget settles one at a time.
        while left > 0 {
            // What a lost checkpoint covered can be held again, after links that hung on it were read anew.
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
    // What a replica may not have known is swept, and links to whom a walk did not show are read anew, once that
    // is old enough.
    for _ in 0..RESTS {
        if trouble.world().differences().await.is_empty() && !is_owed(trouble).await {
            break;
        }
        tokio::time::sleep(AGE).await;
        if complete(trouble).await? || plan.brake.is_some() {
            released(trouble).await?;
        }
    }
    ensure!(!is_owed(trouble).await, "a sweep is still owed");
    Ok(())
}

async fn is_owed(trouble: &Trouble) -> bool {
    let cosmos = &trouble.world().cosmos;
    for feed in trouble.world().feeds() {
        let checkpoint = cosmos.document("mirror", feed, "checkpoint").await.unwrap_or_default();
        if !checkpoint["owed"].is_null() {
            return true;
        }
    }
    false
}

/// The documents that carry a burnt number, or one of a lost checkpoint.
async fn doubtful(trouble: &Trouble) -> Vec<String> {
    let cosmos = &trouble.world().cosmos;
    let mut all = Vec::new();
    for feed in trouble.world().feeds() {
        let checkpoint = cosmos.document("mirror", feed, "checkpoint").await.unwrap_or_default();
        let burnt = checkpoint["burnt"].as_array().cloned().unwrap_or_default();
        let carries = |document: &Value| {
            let save = document["_mirror"]["save"].as_u64();
            let is_burnt =
                burnt.iter().any(|burnt| save >= burnt["from"].as_u64() && save <= burnt["to"].as_u64());
            // What was written under a checkpoint that is lost.
            is_burnt || save < checkpoint["firstSave"].as_u64()
        };
        let links = Relationship::told_by(feed);
        for container in links.map(Relationship::container).chain([*feed]) {
            let documents = cosmos.documents(container).await;
            all.extend(documents.iter().filter(|document| carries(document)).map(id));
        }
    }
    all
}

pub(super) fn id(document: &Value) -> String {
    document["id"].as_str().unwrap_or_default().to_owned()
}
