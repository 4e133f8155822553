//! The verb `erase`: deletes everything that this deployment has about one object.
//!
//! Promises: it asks nothing of Graph, and deletes the documents of a feed only while it holds the lease of that feed. A
//! document that is gone is no contradiction to the protocol: sweeps and doubt start from the documents that there are,
//! and the feed writes an object anew when Graph shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

use super::AppError;
use super::parts::Parts;
use crate::catalogue::Resource;
use crate::protocol::{Purpose, parent_of};
use crate::report::run;
use crate::store::erase::{self, Trace};
use crate::store::{self, Acquired, CONTROL, Control, Lease, Store, StoreError};

/// The longest wait for another run that holds the lease of a feed.
const PATIENCE: Duration = Duration::from_secs(120);
/// The wait between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// The id of a lease, which is the last document of a feed that goes.
const LEASE: &str = "lease";

/// How many documents were deleted from one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The container.
    pub container: String,
    /// Documents that were deleted.
    pub documents: u64,
}

/// What is to be deleted of one feed.
type Found = BTreeMap<String, Vec<(String, Trace)>>;

/// Deletes everything about the object with this id. Returns the containers from which something was deleted.
pub(super) async fn erase(parts: &Parts, resource: &str, id: &str) -> Result<Vec<Erased>, AppError> {
    let (store, mut counts) = (parts.store(), BTreeMap::new());
    let failed = |source| AppError::Erase { source };
    for (feed, traces) in find(parts, resource, id).await.map_err(failed)? {
        let (lease, clean) = hold(parts, &feed).await?;
        // A feed below the object ends with it, and its lease goes last.
        let ends = feed.split('/').skip(1).any(|segment| segment == parent_of(id)).then_some(&*feed);
        let deleted = lease.while_renewing(Box::pin(delete(store, &traces, ends, &lease, &mut counts))).await;
        if deleted.is_err() || ends.is_none() {
            // As it was found: a turn that was killed before is the next turn's business. A failure only lets it expire.
            let _ = lease.give_back(clean, true, Some(false)).await;
        }
        deleted.map_err(failed)?;
    }
    for trace in erase::of_runs(store, CONTROL.0, run::PREFIX, id).await.map_err(failed)? {
        count(&mut counts, CONTROL.0, erase::delete(store, CONTROL.0, &trace, None).await.map_err(failed)?);
    }
    Ok(counts.into_iter().map(|(container, documents)| Erased { container, documents }).collect())
}

/// The documents about an object, by the feeds that they belong to.
async fn find(parts: &Parts, resource: &str, id: &str) -> Result<Found, StoreError> {
    let (store, mut all) = (parts.store(), Found::new());
    for row in parts.resources().iter().copied().chain(parts.named(resource)) {
        for (container, key) in row.containers() {
            let is_own = container == row.container;
            let mut found = Vec::new();
            if is_own && row.name == resource {
                found.extend(there(erase::of_object(store, container, id).await)?);
            }
            if !is_own {
                found.extend(there(erase::of_links(store, container, id).await)?);
            }
            for place in places(row, resource).filter(|_| is_own && key != "/id") {
                found.extend(there(erase::of_children(store, container, id, place).await)?);
            }
            for trace in found {
                let feed = match (row.parents().is_empty(), &trace.below) {
                    (false, Some(parent)) => format!("{}/{parent}", row.name),
                    _ => row.name.clone(),
                };
                add(&mut all, feed, container, trace);
            }
        }
        for place in places(row, resource) {
            for trace in erase::of_feeds(store, CONTROL.0, &row.name, id, place).await? {
                add(&mut all, trace.below.clone().unwrap_or_default(), CONTROL.0, trace);
            }
        }
    }
    Ok(all)
}

/// Where ids of this resource stand in the paths of parents of a row.
fn places<'r>(row: &'r Arc<Resource>, resource: &'r str) -> impl Iterator<Item = usize> + use<'r> {
    row.parents().iter().enumerate().filter(move |(_, parent)| *parent == resource).map(|(place, _)| place)
}

/// Each document once: a resource may be looked at twice.
fn add(all: &mut Found, feed: String, container: &str, trace: Trace) {
    let traces = all.entry(feed).or_default();
    if !traces.iter().any(|(known, other)| known == container && *other == trace) {
        traces.push((container.to_owned(), trace));
    }
}

/// A container that is not there has no documents.
fn there(found: Result<Vec<Trace>, StoreError>) -> Result<Vec<Trace>, StoreError> {
    match found {
        Err(StoreError::Container(unfit)) if unfit.is_missing() => Ok(Vec::new()),
        found => found,
    }
}

/// Deletes the documents of a feed; of one that ends, its lease too.
async fn delete(
    store: &Store,
    traces: &[(String, Trace)],
    ends: Option<&str>,
    lease: &Lease,
    counts: &mut BTreeMap<String, u64>,
) -> Result<(), StoreError> {
    for (container, trace) in traces.iter().filter(|(_, trace)| trace.id != LEASE) {
        count(counts, container, erase::delete(store, container, trace, Some(lease)).await?);
    }
    if let Some(feed) = ends {
        let trace = Trace { id: LEASE.to_owned(), below: Some(feed.to_owned()) };
        count(counts, CONTROL.0, erase::delete(store, CONTROL.0, &trace, Some(lease)).await?);
    }
    Ok(())
}

fn count(counts: &mut BTreeMap<String, u64>, container: &str, is_deleted: bool) {
    if is_deleted {
        *counts.entry(container.to_owned()).or_default() += 1;
    }
}

/// Takes the lease of a feed, and waits for a run that holds it. Says whether that run ended cleanly.
async fn hold(parts: &Parts, feed: &str) -> Result<(Arc<Lease>, bool), AppError> {
    let failed = |source| AppError::Erase { source };
    let control = Control::open(parts.store(), feed).await.map_err(failed)?;
    let (holder, give_up) = (Uuid::new_v4().to_string(), Instant::now() + PATIENCE);
    loop {
        let acquired = store::acquire(&control, &holder, Purpose::LookUp, parts.options().lease).await;
        match acquired.map_err(failed)? {
            Acquired::Held { lease, clean } => return Ok((lease, clean)),
            Acquired::Busy { until } if Instant::now() > give_up => {
                return Err(AppError::Busy { feed: feed.to_owned(), until });
            }
            Acquired::Busy { .. } => tokio::time::sleep(PAUSE).await,
        }
    }
}
