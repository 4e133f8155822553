//! Turns in the quiet after the trouble: of every feed, until each is complete.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::deed::Who;
use super::operator;
use super::trouble::{Trouble, in_words};

/// How long a feed may take until it is complete.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A host that is awake.
pub(super) fn awake_one(trouble: &Trouble) -> Who {
    if trouble.is_frozen(Who::A) { Who::B } else { Who::A }
}

/// Turns of every feed on a host that is awake, until one of each is complete; whether the sweep of one is held.
pub(super) async fn complete(trouble: &Trouble) -> Result<bool> {
    let mut is_held = false;
    for feed in trouble.world().feeds() {
        is_held |= complete_feed(trouble, feed).await?;
    }
    Ok(is_held)
}

async fn complete_feed(trouble: &Trouble, feed: &str) -> Result<bool> {
    let who = awake_one(trouble);
    let (view, until) = (trouble.view(who), Instant::now() + PATIENCE);
    let mut last = String::new();
    while Instant::now() < until {
        let sentence = in_words(&view.turn_feed(feed).await);
        if sentence != last {
            trouble.trace.note(format!("  quiet turn on {who:?}: {sentence}"));
        }
        if sentence.contains(": complete;") {
            return Ok(false);
        }
        if sentence.contains(": complete, but") {
            return Ok(true);
        }
        last = sentence;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{feed} do not become complete: {last}")
}

/// What the brake holds goes.
pub(super) async fn released(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    for feed in world.feeds() {
        operator::accepted(world, feed, &trouble.trace, PATIENCE).await?;
    }
    Ok(())
}
