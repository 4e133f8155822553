//! The keeper: looks after all subscriptions, one after the other, under its lease.

use std::fmt;
use std::time::{Duration, Instant};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use uuid::Uuid;

use super::plan::{self, Step, Wanted};
use super::record::Record;
use super::step::{Case, Did};
use super::{FEED, KeepError, Keeper};
use crate::catalogue::{Row, Subscribed};
use crate::graph::{GraphError, Subscription};
use crate::protocol::{Etag, Purpose, Released, hashed};
use crate::store::{Acquired, Control, Lease, Saved};

/// How long one look after all of them may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the keeper did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Notifications are off.
    pub off: bool,
    /// Another one is at it.
    pub busy: bool,
    /// Feeds whose subscription is new: what happened before it did ring at no door.
    pub created: Vec<&'static str>,
    /// Feeds whose subscription was extended.
    pub extended: Vec<&'static str>,
    /// Subscriptions that nobody wanted any more.
    pub ended: usize,
    /// Feeds without a subscription, or with one that could not be extended.
    pub failed: Vec<&'static str>,
}

impl Kept {
    /// How the look ended, in the words of a turn.
    pub fn outcome(&self) -> &'static str {
        match (self.busy, self.failed.is_empty()) {
            (true, _) => "busy",
            (false, true) => "complete",
            (false, false) => "failed",
        }
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { off, created, extended, ended, failed, .. } = self;
        let mut kept = serializer.serialize_struct("Kept", 6)?;
        kept.serialize_field("outcome", self.outcome())?;
        kept.serialize_field("off", off)?;
        kept.serialize_field("created", created)?;
        kept.serialize_field("extended", extended)?;
        kept.serialize_field("ended", ended)?;
        kept.serialize_field("failed", failed)?;
        kept.end()
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.off {
            return write!(f, "subscriptions: notifications are off; {} ended", self.ended);
        }
        if self.busy {
            return f.write_str("subscriptions: busy, somebody else looks after them");
        }
        let named = |feeds: &[&str]| if feeds.is_empty() { "none".to_owned() } else { feeds.join(", ") };
        let [created, extended, failed] =
            [&self.created, &self.extended, &self.failed].map(|feeds| named(feeds));
        let ended = self.ended;
        write!(f, "subscriptions: created {created}; extended {extended}; {ended} ended; failed {failed}")
    }
}

/// One look after all of them.
struct Look<'a> {
    keeper: &'a Keeper<'a>,
    lease: &'a Lease,
    control: &'a Control,
    urgent: bool,
    deadline: Instant,
}

impl Look<'_> {
    async fn all(&self, rows: &[&'static Row]) -> Result<Kept, KeepError> {
        let graph = self.keeper.graph;
        let actual = graph.subscriptions(self.deadline).await?;
        let mut kept = Kept::default();
        let wanted = rows.iter().filter_map(|&row| Some((row, row.subscription.as_ref()?)));
        let wanted: Vec<_> = wanted.collect();
        for &(row, to) in &wanted {
            match self.one(row, to, &actual).await? {
                Did::Created => kept.created.push(row.resource),
                Did::Extended => kept.extended.push(row.resource),
                Did::Nothing => {}
                Did::Failed => kept.failed.push(row.resource),
            }
        }
        let resources: Vec<_> = wanted.iter().map(|(_, to)| to.resource).collect();
        for id in plan::unwanted(&resources, self.keeper.url.as_str(), &actual) {
            graph.unsubscribe(id, self.deadline).await?;
            kept.ended += 1;
        }
        Ok(kept)
    }

    /// Looks after one; a refusal is written down, and does not keep the others from being looked after.
    async fn one(
        &self,
        row: &'static Row,
        to: &'static Subscribed,
        actual: &[Subscription],
    ) -> Result<Did, KeepError> {
        let keeper = self.keeper;
        let due = due(keeper, self.control, row, to, actual, self.urgent, self.deadline).await?;
        let Some(Due { step, client_state, state_hash, doubt, found, etag }) = due else {
            return Ok(Did::Nothing);
        };
        let before = found.clone();
        let record = found.unwrap_or_else(|| Record::blank(row.resource));
        let mut case = Case { keeper, to, client_state, deadline: self.deadline, record };
        let did = match doubt {
            Some(error) => Err(error),
            None => case.perform(step).await,
        };
        let mut record = case.record;
        // The hash is that of the subscription that there is.
        if did.is_ok() {
            record.state_hash = state_hash;
        }
        record.problem = did.as_ref().err().map(ToString::to_string);
        if let Err(error) = &did {
            tracing::error!(event = "subscription_failed", resource = row.resource, %error);
        }
        // An alert asks for this line by the names of its fields (`infra/app/queries`).
        let left = record.expires.map_or(0, |end| (end - OffsetDateTime::now_utc()).whole_hours());
        tracing::info!(event = "subscription", resource = row.resource, hoursLeft = left);
        if before.as_ref() != Some(&record) {
            let deadline = self.lease.guard().await?;
            self.control.write(row.resource, record, etag.as_ref(), deadline).await?;
        }
        Ok(did.unwrap_or(Did::Failed))
    }
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
    row: &Row,
    to: &Subscribed,
    listed: &[Subscription],
    urgent: bool,
    deadline: Instant,
) -> Result<Option<Due>, KeepError> {
    let Some(client_state) = keeper.keys.sign(keeper.tenant_id, row.resource) else { return Ok(None) };
    let state_hash = hashed(client_state.as_bytes());
    let found: Option<Saved<Record>> = control.read(row.resource).await?;
    let (found, etag) = found.map(|found| (found.document, found.etag)).unzip();
    let url = keeper.url.as_str();
    let wanted = Wanted { resource: to.resource, url, state_hash: &state_hash, period: keeper.period };
    let (mut actual, mut doubt) = (listed.to_vec(), None);
    if let Some(id) = unlisted(found.as_ref(), listed) {
        match keeper.graph.subscription(id, deadline).await {
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
    rows: &[&'static Row],
    deadline: Instant,
) -> Result<Kept, KeepError> {
    let control = keeper.store.control(FEED).await?;
    let actual = keeper.graph.subscriptions(deadline).await?;
    let mut kept = Kept::default();
    let mut resources = Vec::new();
    for &row in rows {
        let Some(to) = row.subscription.as_ref() else { continue };
        resources.push(to.resource);
        match due(keeper, &control, row, to, &actual, true, deadline).await?.map(|due| due.step) {
            Some(Step::Create { instead_of }) => {
                kept.created.push(row.resource);
                kept.ended += instead_of.len();
            }
            Some(Step::Extend(_)) => kept.extended.push(row.resource),
            Some(Step::Doubt) => kept.failed.push(row.resource),
            Some(Step::Keep) | None => {}
        }
    }
    kept.ended += plan::unwanted(&resources, keeper.url.as_str(), &actual).count();
    Ok(kept)
}

/// Looks after the subscriptions of all rows that have one.
///
/// # Errors
/// [`KeepError`] when that is not possible at all; what concerns one subscription is in [`Kept::failed`].
pub async fn keep(keeper: &Keeper<'_>, rows: &[&'static Row], mut urgent: bool) -> Result<Kept, KeepError> {
    let control = keeper.store.control(FEED).await?;
    let holder = Uuid::new_v4().to_string();
    let lease = match Lease::acquire(&control, &holder, Purpose::Walk, keeper.lease).await? {
        Acquired::Held { lease, .. } => lease,
        Acquired::Busy { .. } => return Ok(Kept { busy: true, ..Kept::default() }),
    };
    let mut all = Kept::default();
    loop {
        let deadline = Instant::now() + PATIENCE;
        let look = Look { keeper, lease: &lease, control: &control, urgent, deadline };
        let kept = match lease.kept(look.all(rows)).await {
            Ok(kept) => kept,
            Err(error) => {
                lease.give_back(true, true).await.ok();
                return Err(error);
            }
        };
        all.created.extend(kept.created);
        all.extended.extend(kept.extended);
        all.ended += kept.ended;
        all.failed = kept.failed;
        match lease.give_back(true, false).await {
            // Who rang meanwhile wants a look that began after that, and may have had it from Graph.
            Ok(Released::Rung) => urgent = true,
            Ok(Released::Done) => return Ok(all),
            // No loss: the lease ends by itself, and what is new is to be looked at all the same.
            Err(error) => {
                tracing::warn!(event = "lease_not_returned", resource = FEED, %error);
                return Ok(all);
            }
        }
    }
}
