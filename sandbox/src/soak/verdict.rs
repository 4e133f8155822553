//! What must hold when everything is quiet, besides an equal copy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::below;
use super::deed::{Change, Who};
use super::plan::Plan;
use super::settled::{AGE, RESTS, id};
use super::trouble::{Trouble, in_words};
use super::turns::complete;
use crate::copy;
use crate::cosmos::{Match, Moment};
use crate::graph::{Collection, Event, Row, key};
use crate::world::{WORK_QUEUE, sentence};

/// Rests after which every feed has read its links anew. A generation of users that rewrites tombstones begins one of each feed
/// with links to users, users too, once doubt has rested; that one may do the same once more, and then each tombstone is a
/// day old before it is rewritten. On a busy machine these come one after the other: seed 16 took three and was cut there.
const CHAIN: usize = RESTS + 2;

/// Another turn writes no document, except those that were read by their id and that the feed has not reported since.
///
/// # Errors
/// Names the documents that it writes.
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
    for rest in 0..CHAIN {
        let (before, generations) = (world.document_writes().len(), generations(trouble).await);
        complete(trouble).await?;
        writes = world.document_writes().split_off(before);
        writes.retain(|write| !looked_up.contains(&write.id));
        // An enumeration that looks for unseen objects writes every document anew.
        let has_begun = generations != self::generations(trouble).await;
        let may_write = has_begun || world.feeds().len() > 1;
        if writes.is_empty() || !may_write || rest + 1 == CHAIN {
            break;
        }
        // Links may still have been read anew.
        tokio::time::sleep(AGE).await;
    }
    ensure!(writes.is_empty(), "a second run without changes writes: {writes:?}");
    world.ensure_equal().await.context("after the second run")
}

async fn generations(trouble: &Trouble) -> Vec<Option<u64>> {
    let feeds = below::feeds(trouble.world()).await;
    feeds.iter().map(|feed| feed.checkpoint["generation"].as_u64()).collect()
}

/// A change that is followed by a rerun request is in the copy when every started turn has ended: no further turn is
/// needed.
///
/// # Errors
/// When a rerun request was lost.
pub(super) async fn requests_are_kept(trouble: &mut Trouble, plan: &Plan) -> Result<()> {
    let world = trouble.world().clone();
    trouble.trace.note(format!("a rerun is requested, at request {}", plan.requested_at));
    world.graph.tenant(|tenant| Change::Few(2).happen(tenant, 1));
    let mut hold = match plan.requested_at {
        nth @ 1..3 => world.graph.hold(crate::graph::Match::any().nth(nth)),
        nth => world.cosmos.hold(Match::any().nth(nth - 2), Moment::After),
    };
    let first = trouble.view(Who::A).start_turn();
    let arrived = tokio::time::timeout(Duration::from_millis(700), hold.arrived()).await;
    world.graph.tenant(|tenant| Change::Few(3).happen(tenant, 2));
    let second = trouble.view(Who::B).start_turn();
    // Long enough for a rerun request, and shorter than the lease.
    tokio::time::sleep(Duration::from_millis(150)).await;
    hold.release();
    let mut attempts = vec![first.await?, second.await?];
    attempts.extend(world.host.pump(WORK_QUEUE).await?);
    let ends: Vec<_> = attempts.iter().map(sentence).collect();
    ends.iter().for_each(|end| trouble.trace.note(format!("  {}", in_words(end))));
    // The host tries a failed turn again, such as one on a machine that is too busy for its lease.
    if arrived.is_err() || ends.iter().any(Result::is_err) {
        return complete(trouble).await.map(drop);
    }
    world
        .ensure_equal()
        .await
        .context("a request for a rerun was lost: all turns have ended, and the copy is not the tenant")
}

/// No turn wrote a tombstone of an object that was always there. An exception: an object that was read by its id from a
/// replica that did not know it yet stays doubtful (rule 10 of docs/protocol.md).
///
/// # Errors
/// Names the tombstones.
pub(super) fn never_removed(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    let gone = |all: &Collection| -> BTreeSet<String> {
        let gone = |event: &Event| matches!(event, Event::Removed | Event::Purged | Event::PurgedInside);
        let log = all.changes(0, all.position()).iter().filter(|change| gone(&change.event));
        log.map(|change| change.id.clone()).collect()
    };
    let rows = world.feeds().iter().map(|feed| Row::of(feed));
    let rows: BTreeMap<_, _> =
        rows.flat_map(|row| row.parents().into_iter().chain([row])).map(|row| (&*row.name, row)).collect();
    let gone: BTreeMap<_, _> =
        world.graph.tenant(|tenant| rows.keys().map(|name| (*name, gone(tenant.collection(name)))).collect());
    let mut writes = world.document_writes();
    writes.retain(|write| {
        let Some(row) = rows.get(write.container.as_str()) else { return false };
        let key = copy::key(row, write.parent.as_deref(), &write.id);
        let asked_for = write.source.as_deref() == Some("by-id");
        write.removed.is_some()
            && !asked_for
            && !with_those_above(row, &key).iter().any(|(name, key)| gone[name].contains(key))
    });
    ensure!(writes.is_empty(), "tombstones of objects that were never removed: {writes:?}");
    Ok(())
}

/// The key of an object and those of all above it, each with its collection.
fn with_those_above(row: &'static Row, key: &str) -> Vec<(&'static str, String)> {
    let ids = key::above(row, key);
    let above = row.parents().into_iter().enumerate().map(|(depth, parent)| match depth {
        0 => (&*parent.name, ids[0].clone()),
        _ => (&*parent.name, key::chain(ids[..=depth].iter().map(String::as_str))),
    });
    above.chain([(&*row.name, key.to_owned())]).collect()
}
