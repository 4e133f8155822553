//! Objects that change notifications named: they are read by their ids.

use std::time::Duration;

use super::parts::Parts;
use super::{AppError, verbs};
use crate::catalogue::Resource;
use crate::protocol::{Counts, Ending, Feed, document_id};
use crate::report::{Outcome, SyncError};
use crate::source::members_by_user;
use crate::store::{children, documents};
use crate::sync::Refreshed;

/// What a work item means.
pub(super) enum Meant {
    /// This feed.
    Feed(Feed),
    /// It is done, or others are: those that the outcome names as due.
    Done {
        /// The outcome.
        outcome: Box<Outcome>,
        /// A replica of Graph may have answered that does not know of a change yet.
        may_lag: bool,
    },
}

/// Reads the objects with these ids, or means the feed where Graph does not show them by their ids. Where a notification names
/// no parent, it names the feeds that are due instead. Nothing of a feed that no fan-out has named: its parent may not be
/// chosen.
pub(super) async fn look_at(parts: &Parts, feed: &Feed, ids: &[String]) -> Result<Meant, AppError> {
    let row = parts.resource(feed)?;
    let done = |outcome, may_lag| Ok(Meant::Done { outcome: Box::new(outcome), may_lag });
    let members = row.notified().and_then(|to| to.members.as_deref()).filter(|_| feed.parent.is_none());
    if let Some(list) = members {
        let due = of_members(parts, row, list, ids).await?;
        return done(Outcome { due, ..nothing(feed) }, false);
    }
    if feed.parent.is_some() && !is_known(parts, feed).await? {
        return done(nothing(feed), false);
    }
    if !row.is_read_singly() {
        return Ok(Meant::Feed(feed.clone()));
    }
    let Refreshed { outcome, not_found } = verbs::refresh(parts, feed, ids, parts.priority()).await?;
    // A notification says that something changed: what did not, or is not there, may be told by a replica that lags.
    let may_lag = outcome.counts.unchanged > 0 || !not_found.is_empty();
    done(outcome, may_lag)
}

async fn is_known(parts: &Parts, feed: &Feed) -> Result<bool, AppError> {
    let child = children::one(parts.store(), &feed.key()).await;
    let child = child.map_err(|source| parts.failed("notifications", feed, source.into()))?;
    Ok(child.is_some_and(|child| !child.ended && !child.left))
}

/// The feeds of the members of these objects, and those that have a copy of them, as far as they are followed.
async fn of_members(
    parts: &Parts,
    row: &Resource,
    list: &str,
    ids: &[String],
) -> Result<Vec<Feed>, AppError> {
    let whole = Feed::of(&row.name);
    let failed = |source: SyncError| parts.failed("notifications", &whole, source);
    let mirror = parts.mirror(&whole, parts.tokens().reader().await?, parts.priority())?;
    let mut feeds = Vec::new();
    for id in ids {
        let members = members_by_user(mirror.source(), list, id, parts.budget()).await;
        let members = members.map_err(|error| failed(error.into()))?;
        feeds.extend(members.iter().map(|user| Feed::under(&row.name, &[user])));
        let holders = documents::parents_of(parts.store(), &row.container, &document_id(id)).await;
        let holders = holders.map_err(|error| failed(error.into()))?;
        feeds.extend(
            holders.into_iter().map(|parent| Feed { resource: row.name.clone(), parent: Some(parent) }),
        );
    }
    feeds.sort_by_key(Feed::key);
    feeds.dedup();
    let mut due = Vec::new();
    for feed in feeds {
        if is_known(parts, &feed).await? {
            due.push(feed);
        }
    }
    Ok(due)
}

/// The outcome where there is nothing to be done.
pub(super) fn nothing(feed: &Feed) -> Outcome {
    Outcome::new(feed, Ending::Complete, Counts::default(), 0.0, Duration::ZERO)
}
