//! What must hold when everything is quiet, besides an equal copy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::deed::{Change, Who};
use super::plan::Plan;
use super::settled::{AGE, RESTS, id};
use super::trouble::{Trouble, in_words};
use super::turns::complete;
use crate::cosmos::{Match, Moment};
use crate::graph::{Collection, Event};
use crate::world::{WORK_QUEUE, told};

/// Another turn writes no document, but for those that were looked up and that the feed has not told since.
///
/// # Errors
/// What it writes.
pub(super) async fn unchanged(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    world.graph.quirks(|quirks| quirks.replays = false);
    let mut looked_up = BTreeSet::new();
    for feed in world.feeds() {
        let mut documents = world.cosmos.documents(feed).await;
        documents.retain(|document| document["_mirror"]["source"] == "by-id");
        looked_up.extend(documents.iter().map(id));
    }
    let mut writes = Vec::new();
    for rest in 0..RESTS {
        let (before, generations) = (world.document_writes().len(), generations(trouble).await);
        complete(trouble).await?;
        writes = world.document_writes().split_off(before);
        writes.retain(|write| !looked_up.contains(&write.id));
        // A walk for the sake of what lives unseen writes everything anew.
        let has_begun = generations != self::generations(trouble).await;
        let may_write = has_begun || world.feeds().len() > 1;
        if writes.is_empty() || !may_write || rest + 1 == RESTS {
            break;
        }
        // Links may still have been read anew.
        tokio::time::sleep(AGE).await;
    }
    ensure!(writes.is_empty(), "a second run without changes writes: {writes:?}");
    world.ensure_equal().await.context("after the second run")
}

async fn generations(trouble: &Trouble) -> Vec<Option<u64>> {
    let mut all = Vec::new();
    for feed in trouble.world().feeds() {
        let checkpoint = trouble.world().cosmos.document("mirror", feed, "checkpoint").await;
        all.push(checkpoint.and_then(|checkpoint| checkpoint["generation"].as_u64()));
    }
    all
}

/// A change that is followed by a ring is in the copy when everybody who was started has ended: nobody has
/// to come again.
///
/// # Errors
/// When a ring was lost.
pub(super) async fn rung(trouble: &mut Trouble, plan: &Plan) -> Result<()> {
    let world = trouble.world().clone();
    trouble.trace.note(format!("the doorbell, at request {}", plan.bell));
    world.graph.tenant(|tenant| Change::Few(2).happen(tenant, 1));
    let mut hold = match plan.bell {
        nth @ 1..3 => world.graph.hold(crate::graph::Match::any().nth(nth)),
        nth => world.cosmos.hold(Match::any().nth(nth - 2), Moment::After),
    };
    let first = trouble.view(Who::A).start_turn();
    let arrived = tokio::time::timeout(Duration::from_millis(700), hold.arrived()).await;
    world.graph.tenant(|tenant| Change::Few(3).happen(tenant, 2));
    let second = trouble.view(Who::B).start_turn();
    // Long enough to ring, and short enough for the lease.
    tokio::time::sleep(Duration::from_millis(150)).await;
    hold.release();
    let mut attempts = vec![first.await?, second.await?];
    attempts.extend(world.host.pump(WORK_QUEUE).await?);
    let ends: Vec<_> = attempts.iter().map(told).collect();
    ends.iter().for_each(|end| trouble.trace.note(format!("  {}", in_words(end))));
    // A turn that fails, as on a machine that is too busy for its lease, is for the host to try again.
    if arrived.is_err() || ends.iter().any(Result::is_err) {
        return complete(trouble).await.map(drop);
    }
    world
        .ensure_equal()
        .await
        .context("a ring was lost: all turns have ended, and the copy is not the tenant")
}

/// Nobody ever wrote a tombstone about an object that was always there; but who was asked for by id may have been
/// looked up where that was not known yet, and stays doubtful (rule 10 of docs/protocol.md).
///
/// # Errors
/// Names the tombstones.
pub(super) fn never_removed(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    let gone = |all: &Collection| -> BTreeSet<String> {
        let gone = |event: &Event| matches!(event, Event::Removed | Event::Purged);
        let log = all.changes(0, all.position()).iter().filter(|change| gone(&change.event));
        log.map(|change| change.id.clone()).collect()
    };
    let feeds = world.feeds().iter().copied();
    let gone: BTreeMap<_, _> =
        world.graph.tenant(|tenant| feeds.map(|feed| (feed, gone(tenant.collection(feed)))).collect());
    let mut writes = world.document_writes();
    writes.retain(|write| {
        let Some(gone) = gone.get(write.container.as_str()) else { return false };
        let asked_for = write.source.as_deref() == Some("by-id");
        write.removed.is_some() && !asked_for && !gone.contains(&write.id)
    });
    ensure!(writes.is_empty(), "tombstones of objects that were never removed: {writes:?}");
    Ok(())
}
