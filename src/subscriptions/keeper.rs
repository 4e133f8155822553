//! The keeper: looks after all subscriptions, one after the other, under its lease.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use uuid::Uuid;

use super::below::{Below, MOST};
use super::plan::{self, Step, Wanted};
use super::record::Record;
use super::renewal::Renewal;
use super::step::{Case, Did};
use super::target::{Target, state};
use super::{FEED, KeepError, Keeper};
use crate::catalogue::Resource;
use crate::graph::{GraphError, Subscription, subscription};
use crate::protocol::{Etag, Purpose, Released};
use crate::store::{Acquired, Control, Lease, Saved, acquire};

/// How long one look after all of them may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// One look after all of them.
pub(super) struct Look<'a> {
    pub keeper: &'a Keeper<'a>,
    pub lease: &'a Lease,
    pub control: &'a Control,
    pub urgent: bool,
    pub deadline: Instant,
}

impl Look<'_> {
    async fn all(&self, resources: &[&'static Arc<Resource>]) -> Result<Renewal, KeepError> {
        let graph = self.keeper.graph;
        let actual = subscription::all(graph, self.deadline).await?;
        let mut kept = Renewal::default();
        let wanted: Vec<_> = resources.iter().filter_map(|&row| Target::whole(row)).collect();
        for target in &wanted {
            match self.one(target, &actual, self.urgent).await? {
                Did::Created => kept.created.push(target.feed.key()),
                Did::Extended => kept.extended.push(target.feed.key()),
                Did::Nothing => {}
                Did::Failed => kept.failed.push(target.feed.key()),
            }
        }
        let below = Below::read(self.keeper, self.control, resources).await?;
        let ended = self.below(&below, &actual, &mut kept).await?;
        let paths = paths(&wanted, &below);
        let unwanted = plan::unwanted(&paths, self.keeper.url.as_str(), &actual);
        for id in unwanted.filter(|id| !ended.contains(*id)) {
            subscription::delete(graph, id, self.deadline).await?;
            kept.ended += 1;
        }
        Ok(kept)
    }

    /// Looks after one; a refusal is written down, and does not keep the others from being looked after.
    pub(super) async fn one(
        &self,
        target: &Target<'_>,
        actual: &[Subscription],
        urgent: bool,
    ) -> Result<Did, KeepError> {
        let (keeper, record_id) = (self.keeper, target.record_id());
        let due = due(keeper, self.control, target, actual, urgent, self.deadline).await?;
        let Some(Due { step, client_state, state_hash, doubt, found, etag }) = due else {
            return Ok(Did::Nothing);
        };
        let before = found.clone();
        let record = found.unwrap_or_else(|| Record::blank(&record_id));
        let mut case = Case { keeper, target, client_state, deadline: self.deadline, record };
        let did = match doubt {
            Some(error) => Err(error),
            None => case.perform(step).await,
        };
        let mut record = case.record;
        // The hash is that of the subscription that there is.
        if did.is_ok() {
            record.state_hash = state_hash;
        }
        let now = OffsetDateTime::now_utc();
        record.key = target.feed.parent.as_ref().map(|_| target.feed.key());
        record.problem = did.as_ref().err().map(|error| explained(target, error));
        record.refused_at = did.as_ref().err().filter(|error| is_refused(error)).map(|_| now);
        if let Err(error) = &did {
            tracing::error!(event = "subscription_failed", resource = target.feed.key(), %error);
        }
        if target.feed.parent.is_none() {
            // An alert asks for this line by the names of its fields (`infra/app/queries`).
            let left = record.expires.map_or(0, |end| (end - now).whole_hours());
            tracing::info!(event = "subscription", resource = target.feed.key(), hoursLeft = left);
        }
        if before.as_ref() != Some(&record) {
            let deadline = self.lease.guard().await?;
            self.control.write(&record_id, record, etag.as_ref(), deadline).await?;
        }
        Ok(did.unwrap_or(Did::Failed))
    }

    /// Looks after a slice of those below parents; returns the ids of those that it ended.
    async fn below(
        &self,
        below: &Below<'_>,
        actual: &[Subscription],
        kept: &mut Renewal,
    ) -> Result<HashSet<String>, KeepError> {
        kept.failed.extend(below.refused.iter().cloned());
        let due = below.due(self.keeper, actual, OffsetDateTime::now_utc());
        let left = below.left();
        kept.more = due.len().max(left.len()) > MOST;
        for (target, _) in due.into_iter().take(MOST) {
            match self.one(target, actual, false).await? {
                Did::Created => kept.created.push(target.feed.key()),
                Did::Extended => kept.extended.push(target.feed.key()),
                Did::Nothing => {}
                Did::Failed => kept.failed.push(target.feed.key()),
            }
        }
        let mut ended = HashSet::new();
        for record in left.into_iter().take(MOST) {
            let id = record.subscription_id.as_deref().unwrap_or_default();
            subscription::delete(self.keeper.graph, id, self.deadline).await?;
            self.forget(&record.id).await?;
            ended.insert(id.to_owned());
        }
        kept.ended += ended.len();
        Ok(ended)
    }

    /// Nobody wants the subscription of a record any more.
    async fn forget(&self, id: &str) -> Result<(), KeepError> {
        let found: Option<Saved<Record>> = self.control.read(id).await?;
        let Some(Saved { document, etag, .. }) = found else { return Ok(()) };
        let record = Record { key: document.key, ..Record::blank(id) };
        let deadline = self.lease.guard().await?;
        self.control.write(id, record, Some(&etag), deadline).await?;
        Ok(())
    }
}

/// The paths that are wanted.
fn paths(wanted: &[Target<'_>], below: &Below<'_>) -> HashSet<String> {
    wanted.iter().chain(&below.targets).map(|target| plan::path(&target.to.resource)).collect()
}

/// A definite refusal, which another try does not change soon.
fn is_refused(error: &GraphError) -> bool {
    matches!(error, GraphError::Refused(_) | GraphError::Forbidden(_))
}

/// What an error says, and what a subscription needs that reading does not.
fn explained(target: &Target<'_>, error: &GraphError) -> String {
    let other = target.to.permission.as_ref().filter(|_| matches!(error, GraphError::Forbidden(_)));
    other.map_or_else(
        || error.to_string(),
        |one| format!("{error}; a subscription needs {} (app role {})", one.name, one.app_role_id),
    )
}

/// What is due about the subscription to one feed, and what that follows from.
struct Due {
    step: Step,
    client_state: String,
    state_hash: String,
    /// Why nobody knows whether the recorded one lives.
    doubt: Option<GraphError>,
    found: Option<Record>,
    etag: Option<Etag>,
}

/// Decides; none where no client state can be made.
async fn due(
    keeper: &Keeper<'_>,
    control: &Control,
    target: &Target<'_>,
    listed: &[Subscription],
    urgent: bool,
    deadline: Instant,
) -> Result<Option<Due>, KeepError> {
    let Some((client_state, state_hash)) = state(keeper, target) else { return Ok(None) };
    let found: Option<Saved<Record>> = control.read(&target.record_id()).await?;
    let (found, etag) = found.map(|found| (found.document, found.etag)).unzip();
    let url = keeper.url.as_str();
    let resource = &*target.to.resource;
    let wanted = Wanted { resource, url, state_hash: &state_hash, period: keeper.period };
    let (mut actual, mut doubt) = (listed.to_vec(), None);
    if let Some(id) = unlisted(found.as_ref(), listed) {
        match subscription::get(keeper.graph, id, deadline).await {
            Ok(there) => actual.extend(there),
            Err(error @ (GraphError::NoToken(_) | GraphError::Unauthorized(_))) => return Err(error.into()),
            Err(error) => doubt = Some(error),
        }
    }
    let now = OffsetDateTime::now_utc();
    let step = plan::next(wanted, found.as_ref(), &actual, doubt.is_some(), urgent, now);
    Ok(Some(Due { step, client_state, state_hash, doubt, found, etag }))
}

/// The subscription that is recorded, when a list does not show it. That is no proof that it is gone: lists have been empty
/// while subscriptions lived (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4644>).
fn unlisted<'a>(record: Option<&'a Record>, listed: &[Subscription]) -> Option<&'a str> {
    let id = record?.subscription_id.as_deref()?;
    (!listed.iter().any(|one| one.id == id)).then_some(id)
}

/// What [`keep`] would do now, if Graph refused nothing. Writes nothing and takes no lease.
///
/// # Errors
/// As [`keep`].
pub async fn preview(
    keeper: &Keeper<'_>,
    resources: &[&'static Arc<Resource>],
    deadline: Instant,
) -> Result<Renewal, KeepError> {
    let control = Control::open(keeper.store, FEED).await?;
    let actual = subscription::all(keeper.graph, deadline).await?;
    let mut kept = Renewal::default();
    let wanted: Vec<_> = resources.iter().filter_map(|&row| Target::whole(row)).collect();
    let below = Below::read(keeper, &control, resources).await?;
    let mut steps = Vec::new();
    for target in &wanted {
        let due = due(keeper, &control, target, &actual, true, deadline).await?;
        steps.extend(due.map(|due| (target, due.step)));
    }
    steps.extend(below.due(keeper, &actual, OffsetDateTime::now_utc()));
    for (target, step) in steps {
        match step {
            Step::Create { instead_of } => {
                kept.created.push(target.feed.key());
                kept.ended += instead_of.len();
            }
            Step::Extend(_) => kept.extended.push(target.feed.key()),
            Step::Doubt => kept.failed.push(target.feed.key()),
            Step::Keep => {}
        }
    }
    kept.failed.extend(below.refused.iter().cloned());
    kept.ended += plan::unwanted(&paths(&wanted, &below), keeper.url.as_str(), &actual).count();
    Ok(kept)
}

/// Looks after the subscriptions of all rows that have one.
///
/// # Errors
/// [`KeepError`] when that is not possible at all; what concerns one subscription is in [`Renewal::failed`].
pub async fn keep(
    keeper: &Keeper<'_>,
    resources: &[&'static Arc<Resource>],
    mut urgent: bool,
) -> Result<Renewal, KeepError> {
    let control = Control::open(keeper.store, FEED).await?;
    let holder = Uuid::new_v4().to_string();
    let lease = match acquire(&control, &holder, Purpose::Sync, keeper.lease).await? {
        Acquired::Held { lease, .. } => lease,
        Acquired::Busy { .. } => return Ok(Renewal { busy: true, ..Renewal::default() }),
    };
    let mut all = Renewal::default();
    loop {
        let deadline = Instant::now() + PATIENCE;
        let look = Look { keeper, lease: &lease, control: &control, urgent, deadline };
        let kept = match lease.while_renewing(Box::pin(look.all(resources))).await {
            Ok(kept) => kept,
            Err(error) => {
                lease.give_back(true, true, None).await.ok();
                return Err(error);
            }
        };
        all.created.extend(kept.created);
        all.extended.extend(kept.extended);
        all.ended += kept.ended;
        all.failed = kept.failed;
        all.more = kept.more;
        match lease.give_back(true, false, None).await {
            // Whoever requested a rerun meanwhile wants a look that began after that, and may have had it from Graph.
            Ok(Released::RerunRequested) => urgent = true,
            Ok(Released::Done) => return Ok(all),
            // No loss: the lease ends by itself, and what is new is to be looked at all the same.
            Err(error) => {
                tracing::warn!(event = "lease_not_returned", resource = FEED, %error);
                return Ok(all);
            }
        }
    }
}
