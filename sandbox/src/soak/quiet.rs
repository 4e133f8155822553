//! After the trouble: faults are over, and the copy has to become the tenant.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::deed::{Change, Who};
use super::plan::{Fate, Plan};
use super::trouble::{Trouble, hangs, in_words};
use crate::cosmos::{Match, Moment};
use crate::graph::{Event, Relationship};
use crate::world::{WORK_QUEUE, told};

/// How long doubt has to rest: what `DOUBT_MINUTES` says, and the second to which Cosmos rounds.
const DOUBT: Duration = Duration::from_millis(1_200 + 1_000);
/// How long a feed may take until it is complete.
const PATIENCE: Duration = Duration::from_secs(40);
/// Rests after which no doubt may be left.
const RESTS: usize = 3;

/// Ends a history: quiet, complete turns, and everything that must hold then.
///
/// # Errors
/// What does not hold.
pub(super) async fn quiet(trouble: &mut Trouble, plan: &Plan) -> Result<()> {
    trouble.disarm().await;
    let disarmed = Instant::now();
    trouble.trace.note("--- quiet");
    trouble.world().graph.quirks(|quirks| quirks.lag = 0);
    awake(trouble, plan, Fate::Wakes).await?;
    awake(trouble, plan, Fate::Killed).await?;
    if Who::BOTH.iter().all(|who| trouble.is_frozen(*who)) {
        trouble.thaw(Who::A).await?;
    }
    complete(trouble).await?;
    awake(trouble, plan, Fate::WakesLate).await?;
    // A write that is on its way arrives.
    tokio::time::sleep_until((disarmed + plan.latest()).into()).await;
    ensure!(trouble.ended(PATIENCE).await, "an invocation does not end");
    complete(trouble).await?;
    settled(trouble).await?;
    trouble.world().ensure_equal().await.context("after quiet turns the copy is not the tenant")?;
    unchanged(trouble).await?;
    if plan.budget >= 2.0 && plan.groups == 0 {
        rung(trouble, plan).await?;
    }
    never_removed(trouble)?;
    for view in &trouble.views {
        ensure!(hangs(view).is_empty(), "the real host would hang: {:?}", hangs(view));
    }
    Ok(())
}

/// What becomes of the frozen ones that have this fate.
async fn awake(trouble: &Trouble, plan: &Plan, fate: Fate) -> Result<()> {
    for who in Who::BOTH {
        if trouble.is_frozen(who) && plan.frozen[who.index()] == fate {
            trouble.trace.note(format!("{who:?}: {fate:?}"));
            match fate {
                Fate::Killed => trouble.kill(who).await,
                Fate::Wakes | Fate::WakesLate => trouble.thaw(who).await?,
            }
        }
    }
    Ok(())
}

/// Turns of every feed on a host that is awake, until one of each is complete.
async fn complete(trouble: &Trouble) -> Result<()> {
    for feed in trouble.world().feeds() {
        complete_feed(trouble, feed).await?;
    }
    Ok(())
}

async fn complete_feed(trouble: &Trouble, feed: &str) -> Result<()> {
    let who = if trouble.is_frozen(Who::A) { Who::B } else { Who::A };
    let (view, until) = (trouble.view(who), Instant::now() + PATIENCE);
    let mut last = String::new();
    while Instant::now() < until {
        let sentence = in_words(&view.turn_feed(feed).await);
        if sentence != last {
            trouble.trace.note(format!("  quiet turn on {who:?}: {sentence}"));
        }
        if sentence.contains(": complete;") {
            return Ok(());
        }
        last = sentence;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{feed} do not become complete: {last}")
}

/// Turns with rests between them, until nothing carries a burnt number any more.
async fn settled(trouble: &Trouble) -> Result<()> {
    let mut left = doubtful(trouble).await.len();
    for _ in 0..RESTS {
        if left > 0 {
            tokio::time::sleep(DOUBT).await;
        }
        // A turn without budget settles one at a time.
        while left > 0 {
            complete(trouble).await?;
            let now = doubtful(trouble).await.len();
            if now >= left {
                break;
            }
            left = now;
        }
    }
    let doubtful = doubtful(trouble).await;
    ensure!(doubtful.is_empty(), "still doubtful: {doubtful:?}");
    // Links to whom a walk did not show are read anew once that is old enough.
    for _ in 0..RESTS {
        if trouble.world().differences().await.is_empty() {
            break;
        }
        tokio::time::sleep(DOUBT).await;
        complete(trouble).await?;
    }
    Ok(())
}

/// The documents that carry a burnt number.
async fn doubtful(trouble: &Trouble) -> Vec<String> {
    let cosmos = &trouble.world().cosmos;
    let mut all = Vec::new();
    for feed in trouble.world().feeds() {
        let checkpoint = cosmos.document("mirror", feed, "checkpoint").await.unwrap_or_default();
        let burnt = checkpoint["burnt"].as_array().cloned().unwrap_or_default();
        let carries = |document: &Value| {
            let save = document["_mirror"]["save"].as_u64();
            burnt.iter().any(|burnt| save >= burnt["from"].as_u64() && save <= burnt["to"].as_u64())
        };
        let links = Relationship::ALL.into_iter().filter(|links| links.feed() == *feed);
        for container in links.map(Relationship::container).chain([*feed]) {
            let documents = cosmos.documents(container).await;
            all.extend(documents.iter().filter(|document| carries(document)).map(id));
        }
    }
    all
}

fn id(document: &Value) -> String {
    document["id"].as_str().unwrap_or_default().to_owned()
}

/// Another turn writes no document, but for those that were looked up and that the feed has not told since.
async fn unchanged(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    world.graph.quirks(|quirks| quirks.replays = false);
    let looked_up: BTreeSet<_> = world
        .cosmos
        .documents("users")
        .await
        .iter()
        .filter(|document| document["_mirror"]["source"] == "by-id")
        .map(id)
        .collect();
    let mut writes = Vec::new();
    for rest in 0..RESTS {
        let before = world.document_writes().len();
        complete(trouble).await?;
        writes = world.document_writes().split_off(before);
        writes.retain(|write| !looked_up.contains(&write.id));
        if writes.is_empty() || world.feeds().len() == 1 || rest + 1 == RESTS {
            break;
        }
        // Links may still have been read anew.
        tokio::time::sleep(DOUBT).await;
    }
    ensure!(writes.is_empty(), "a second run without changes writes: {writes:?}");
    world.ensure_equal().await.context("after the second run")
}

/// A change that is followed by a ring is in the copy when everybody who was started has ended: nobody has
/// to come again.
async fn rung(trouble: &mut Trouble, plan: &Plan) -> Result<()> {
    let world = trouble.world().clone();
    trouble.trace.note(format!("the doorbell, at request {}", plan.bell));
    world.graph.tenant(|tenant| Change::Few(2).happen(tenant, 1));
    let mut hold = match plan.bell {
        nth @ 1..3 => world.graph.hold(crate::graph::Match::any().nth(nth)),
        nth => world.cosmos.hold(Match::any().nth(nth - 2), Moment::After),
    };
    let first = tokio::spawn({
        let view = trouble.view(Who::A).clone();
        async move { view.fire().await }
    });
    let arrived = tokio::time::timeout(Duration::from_millis(700), hold.arrived()).await;
    world.graph.tenant(|tenant| Change::Few(3).happen(tenant, 2));
    let second = tokio::spawn({
        let view = trouble.view(Who::B).clone();
        async move { view.fire().await }
    });
    // Long enough to ring, and short enough for the lease.
    tokio::time::sleep(Duration::from_millis(150)).await;
    hold.release();
    let mut attempts = vec![first.await??, second.await??];
    attempts.extend(world.host.pump(WORK_QUEUE).await?);
    let ends: Vec<_> = attempts.iter().map(told).collect();
    ends.iter().for_each(|end| trouble.trace.note(format!("  {}", in_words(end))));
    // A turn that fails, as on a machine that is too busy for its lease, is for the host to try again.
    if arrived.is_err() || ends.iter().any(Result::is_err) {
        return complete(trouble).await;
    }
    world
        .ensure_equal()
        .await
        .context("a ring was lost: all turns have ended, and the copy is not the tenant")
}

/// Nobody ever wrote a tombstone about an object that was always there.
fn never_removed(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    let removed: BTreeSet<_> = world.graph.tenant(|tenant| {
        let log = tenant.users.changes(0, tenant.users.position());
        let gone = log.iter().filter(|change| matches!(change.event, Event::Removed | Event::Purged));
        gone.map(|change| change.id.clone()).collect()
    });
    let mut writes = world.document_writes();
    writes.retain(|write| {
        write.container == "users" && write.removed.is_some() && !removed.contains(&write.id)
    });
    ensure!(writes.is_empty(), "tombstones of users that were never removed: {writes:?}");
    Ok(())
}
