//! Notifications of what lies below parents: to which feeds they lead.

use std::time::Instant;

use super::named::{self, Meant};
use super::notified::is_part;
use super::parts::Parts;
use super::{AppError, subscribed};
use crate::protocol::fan::Child;
use crate::protocol::{Counts, Ending, Feed};
use crate::report::Outcome;
use crate::store::children;

/// What a work item means: a feed, the feeds below a parent of theirs, or some objects, which are read then. What an old
/// hash stood for is not known any longer.
pub(super) async fn meant(parts: &Parts, feed: &Feed, ids: &[String]) -> Result<Meant, AppError> {
    if !ids.is_empty() {
        return named::look_at(parts, feed, ids).await;
    }
    let others = |outcome| Meant::Done { outcome: Box::new(outcome), may_lag: false };
    match subscribed::named(parts, feed).await? {
        Some(feed) if is_part(parts, &feed) => Ok(others(below(parts, &feed).await?)),
        Some(feed) => Ok(Meant::Feed(feed)),
        None => Ok(others(named::nothing(feed))),
    }
}

/// Most feeds below one parent that a notification leads to.
const MOST_BELOW: usize = 200;

/// Names the feeds below a parent that is not their direct one: a notification says no more than that. Those that have never
/// been read are left to the fan-out.
async fn below(parts: &Parts, part: &Feed) -> Result<Outcome, AppError> {
    let started = Instant::now();
    let children = children::of(parts.store(), &part.key()).await;
    let children = children.map_err(|source| parts.failed("sync", part, source.into()))?;
    let above = part.parent.as_deref().unwrap_or_default();
    let is_there = |(_, child): &(String, Child)| !child.ended && !child.left && child.refused.is_none();
    let mut paths: Vec<_> = children.into_iter().filter(is_there).map(|(path, _)| path).collect();
    paths.sort_unstable();
    let parents = paths.len();
    paths.truncate(MOST_BELOW);
    tracing::info!(event = "fan_out", resource = part.key(), parents, due = paths.len());
    let feed = |path| Feed { resource: part.resource.clone(), parent: Some(format!("{above}/{path}")) };
    let due = paths.into_iter().map(feed).collect();
    let outcome = Outcome::new(part, Ending::Complete, Counts::default(), 0.0, started.elapsed());
    Ok(Outcome { due, ..outcome })
}
