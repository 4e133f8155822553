//! Every turn that was killed is seen: by the run record that its successor leaves, by the count in the checkpoint, and in
//! `status`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::below::feeds;
use super::trouble::Trouble;
use crate::cosmos::{LeaseWrite, Write};

/// How the ids of run records begin; they end with the epoch of the turn that left them.
const RECORD: &str = "run-";

/// A turn that never gave its lease back was killed, or overtaken while it was frozen. A later turn, the next clean one
/// at the latest, has left a record of that, or counted it where a feed below a parent has no records.
///
/// # Errors
/// Names the killed turns without a record.
pub(super) async fn seen(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    let (writes, documents) = (world.cosmos.writes(), world.cosmos.documents("mirror").await);
    for found in feeds(world).await.iter().filter(|found| !found.has_ended()) {
        let feed = &*found.key;
        // The lost lease was the only trace of the turns before it.
        let known = &writes[trouble.lease_lost(feed).min(writes.len())..];
        // A turn that is killed before there is a checkpoint has written nothing, and has no place for a record.
        let is_first = |write: &Write| {
            write.succeeded() && write.id == "checkpoint" && write.feed.as_deref() == Some(feed)
        };
        let first = known.iter().position(is_first).unwrap_or(known.len());
        let last = last_words(known[first..].iter(), feed);
        let records = unclean(&documents, feed);
        // A turn that is killed between the save that counts it and its record is counted all the same.
        let counted = found.checkpoint["unclean"]["turns"].as_u64().unwrap_or_default();
        let is_counted = counted > records.len() as u64;
        for (epoch, _) in last.iter().filter(|(_, lease)| lease.held) {
            let clean = last.range(epoch + 1..).find(|(_, lease)| lease.clean);
            let by = clean.map_or(u64::MAX, |(epoch, _)| *epoch);
            let is_seen = records.iter().any(|record| (epoch + 1..=by).contains(record));
            ensure!(
                is_seen || is_counted,
                "turn {epoch} of {feed} never ended, and no record says so: {records:?}"
            );
        }
        if found.parent.is_some() {
            continue;
        }
        let status = trouble.awake().call("GET", &format!("/api/status/{feed}"), "").await?;
        let says = status.body.to_string().contains("\"unclean\":{");
        ensure!(
            says || counted == 0,
            "`status` of {feed} does not say that turns were killed: {}",
            status.body
        );
    }
    Ok(())
}

/// The last content of the lease in each epoch.
fn last_words<'a>(writes: impl Iterator<Item = &'a Write>, feed: &str) -> BTreeMap<u64, &'a LeaseWrite> {
    let written = writes.filter(|write| write.succeeded()).filter_map(|write| write.lease.as_ref());
    written.filter(|lease| lease.feed == feed).map(|lease| (lease.epoch, lease)).collect()
}

/// The epochs of the turns that left a record of one before that was killed.
fn unclean(documents: &[Value], feed: &str) -> Vec<u64> {
    let is_one = |document: &&Value| document["feed"] == feed && document["outcome"] == "unclean";
    let id = |document: &Value| document["id"].as_str().unwrap_or_default().to_owned();
    let ids = documents.iter().filter(is_one).map(id).filter(|id| id.starts_with(RECORD));
    ids.filter_map(|id| id.rsplit('-').next().and_then(|epoch| epoch.parse().ok())).collect()
}
