//! The verbs for the copy of one feed, or of all feeds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tracing::Instrument as _;

use super::callers::Presented;
use super::parts::Parts;
use super::{AppError, ids};
use crate::catalogue::Resource;
use crate::credentials::{OfPerson, claims};
use crate::graph::Priority;
use crate::protocol::Feed;
use crate::report::{self, Outcome, Shown, Status, run};
use crate::source::Reader;
use crate::sync::{self, Preview, Refreshed};
use crate::verify::{self, Difference, NotCompared, Verified};

/// Longest refresh: the caller waits for the answer, and the platform's front end closes a silent request after 230 s
/// (<https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout>).
pub(super) const REFRESH_BUDGET: Duration = Duration::from_secs(100);

/// Syncs a feed; for a resource with parents and no parent named, names the feeds below its parents that are due. A turn
/// without a token leaves a run record too.
pub(super) async fn sync(
    parts: &Parts,
    feed: &Feed,
    budget: Duration,
    priority: Priority,
) -> Result<Outcome, AppError> {
    let started = Instant::now();
    parts.resource(feed)?;
    let reader = match parts.tokens().reader().await {
        Ok(reader) => reader,
        Err(error) => {
            run::record_failure(parts.store(), feed, &error, started.elapsed()).await;
            return Err(error);
        }
    };
    let feed = &parts.feed(feed, &reader)?;
    let mirror = parts.mirror(feed, reader, priority)?;
    let synced = match parts.fan_out(&mirror)? {
        Some(from) => {
            // Somebody asked: a round begins even if one has just ended.
            let at_once = priority != Priority::Low;
            Box::pin(sync::fan_out(&mirror, &from, budget, at_once)).await
        }
        None => {
            let resource = mirror.resource();
            let gone = Box::pin(sync::is_gone(parts.store(), resource, feed, parts.parent(resource))).await;
            let gone = gone.map_err(|source| parts.failed("sync", feed, source))?;
            if !gone {
                is_chosen(resource, feed)?;
            }
            Box::pin(sync::sync(&mirror.orphaned(gone), budget)).await
        }
    };
    synced.map_err(|source| parts.failed("sync", feed, source))
}

/// A parent that the row lists is copied, and no other one. Who the members of a group are, a fan-out finds out.
fn is_chosen(resource: &Resource, feed: &Feed) -> Result<(), AppError> {
    match resource.lists(feed.parent.as_deref().unwrap_or_default()) {
        Some(false) => Err(AppError::NotChosen { file: resource.file.clone() }),
        _ => Ok(()),
    }
}

pub(super) async fn refresh(
    parts: &Parts,
    feed: &Feed,
    ids: &[String],
    priority: Priority,
) -> Result<Refreshed, AppError> {
    let ids = ids::checked(ids)?;
    let mirror = parts.own_mirror(feed, priority).await?;
    is_chosen(mirror.resource(), feed)?;
    if mirror.resource().object_path.is_none() {
        return Err(AppError::NotById { resource: feed.resource.clone() });
    }
    let refreshed = sync::refresh(&mirror, &ids, parts.budget().min(REFRESH_BUDGET)).await;
    refreshed.map_err(|source| parts.failed("refresh", feed, source))
}

/// Updates the copy of what the caller sees, or single objects of it, as [`refresh`] and [`sync`] do.
pub(super) async fn refresh_as(
    parts: &Parts,
    presented: &Presented,
    feed: &Feed,
    ids: &[String],
) -> Result<Refreshed, AppError> {
    let resource = parts.resource(feed)?;
    let ids = ids::checked(ids)?;
    if !ids.is_empty() && resource.object_path.is_none() {
        return Err(AppError::NotById { resource: resource.name.clone() });
    }
    let caller = parts.callers().admit(&resource.name, presented).await?;
    parts.tokens().cosmos_ready().await?;
    let claims = claims(caller.token.token.secret());
    let granted = claims.scopes().into_iter().map(str::to_owned).collect();
    let (tenant_id, person) = (caller.tenant_id, Some(caller.object_id.clone()));
    let reader = Reader { tenant_id, principal_id: claims.oid, granted, person };
    let feed = &parts.feed(feed, &reader)?;
    let credential = OfPerson::new(caller.credential.clone(), &caller.object_id);
    let graph = parts.graph().reading_as(Arc::new(credential));
    let mirror = parts.mirror_from(&graph, feed, reader, Priority::High)?;
    let budget = parts.budget().min(REFRESH_BUDGET);
    let refreshed = match ids.is_empty() {
        true => Box::pin(sync::sync(&mirror, budget))
            .await
            .map(|outcome| Refreshed { outcome, not_found: Vec::new() }),
        false => sync::refresh(&mirror, &ids, budget).await,
    };
    refreshed.map_err(|source| match parts.callers().not_acting(&caller.credential) {
        Some(refused) => refused,
        None => AppError::Turn { verb: "refresh", feed: feed.key(), source: Box::new(source) },
    })
}

pub(super) async fn reset(parts: &Parts, feed: &Feed) -> Result<Outcome, AppError> {
    let reset = sync::reset(&parts.own_mirror(feed, parts.priority()).await?).await;
    reset.map_err(|source| parts.failed("reset", feed, source))
}

pub(super) async fn checkpoint(parts: &Parts, feed: &Feed) -> Result<Option<Shown>, AppError> {
    let feed = &match parts.resource(feed)?.is_delegated() {
        true => parts.feed(feed, &parts.tokens().reader().await?)?,
        false => feed.clone(),
    };
    let found = report::checkpoint(parts.store(), feed).await;
    found.map_err(|source| parts.failed("checkpoint show", feed, source))
}

pub(super) async fn status(parts: &Parts, feed: Option<&Feed>, runs: u32) -> Result<Vec<Status>, AppError> {
    let feeds = match feed {
        Some(feed) => {
            parts.resource(feed)?;
            vec![feed.clone()]
        }
        None => parts.resources().iter().map(|resource| Feed::of(&resource.name)).collect(),
    };
    let all = feeds.iter().map(|feed| async move {
        let is_below =
            feed.parent.is_none() && parts.resource(feed).is_ok_and(|row| !row.parents().is_empty());
        let status = match is_below {
            true => report::status_below(parts.store(), feed).await,
            false => report::status(parts.store(), feed, runs).await,
        };
        status.map_err(|source| parts.failed("status", feed, source.into()))
    });
    try_join_all(all).await
}

pub(super) async fn preview(parts: &Parts, feed: &Feed) -> Result<Preview, AppError> {
    let preview =
        Box::pin(sync::preview(&parts.own_mirror(feed, parts.priority()).await?, parts.budget())).await;
    preview.map_err(|source| parts.failed("dry run of sync", feed, source))
}

pub(super) async fn verify(parts: &Parts, feed: &Feed) -> Result<Verified, AppError> {
    let mirror = parts.own_mirror(feed, parts.priority()).await?;
    let span = tracing::info_span!("verify", resource = feed.key());
    let verified = verify::verify(&mirror).instrument(span).await;
    verified.map_err(|source| parts.failed("verify", feed, source))
}

pub(super) async fn verify_again(
    parts: &Parts,
    feed: &Feed,
    differences: &[Difference],
) -> Result<(Vec<Difference>, Vec<NotCompared>), AppError> {
    let left = verify::verify_again(&parts.own_mirror(feed, parts.priority()).await?, differences).await;
    left.map_err(|source| parts.failed("verify", feed, source))
}
