//! Turns after the trouble: of every feed, until each is complete.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::below::{self, is_below};
use super::deed::Who;
use super::operator;
use super::trouble::{Trouble, in_words};

/// How long a feed may take until it is complete.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A host that is awake.
pub(super) fn awake_one(trouble: &Trouble) -> Who {
    if trouble.is_frozen(Who::A) { Who::B } else { Who::A }
}

/// Runs every feed on a host that is awake, until a turn of each is complete; returns whether a sweep is held.
pub(super) async fn complete(trouble: &Trouble) -> Result<bool> {
    let mut is_held = false;
    for feed in trouble.world().feeds() {
        is_held |= match is_below(feed) {
            true => complete_below(trouble, feed).await?,
            false => complete_feed(trouble, feed).await?,
        };
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

/// The same for the feeds of a resource below its parents. One that Graph refuses, because its parent is gone and the feed of
/// the parents does not tell it yet, waits for the next time.
async fn complete_below(trouble: &Trouble, resource: &str) -> Result<bool> {
    let who = awake_one(trouble);
    let (view, until) = (trouble.view(who), Instant::now() + PATIENCE);
    let mut last = Vec::new();
    while Instant::now() < until {
        below::ask_again(view, resource).await;
        let ended = below::run(view, resource).await.unwrap_or_else(|error| vec![Err(error)]);
        let said: Vec<_> = ended.iter().map(in_words).collect();
        if said != last {
            trouble.trace.note(format!("  quiet turns on {who:?}: {}", said.join(" | ")));
        }
        let is_over = |one: &String| [": complete", ": refused"].iter().any(|end| one.contains(end));
        if said.iter().all(is_over) {
            return Ok(said.iter().any(|one| one.contains(": complete, but")));
        }
        last = said;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{resource} do not become complete: {last:?}")
}

/// Accepts the removals that are held.
pub(super) async fn released(trouble: &Trouble) -> Result<()> {
    let world = trouble.world();
    for feed in world.feeds() {
        operator::accepted(world, feed, &trouble.trace, PATIENCE).await?;
    }
    Ok(())
}
