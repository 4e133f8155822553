//! Finds the feeds below parents that are due, a bounded slice at a time.
//!
//! Promises: it writes nothing but its position and notes that a parent left, so it needs no lease; two at a time name some
//! feeds twice, and a turn that finds its feed taken ends. When more parents leave at once than the removal limit lets go,
//! none of them does. Leaves out on purpose: the turns of these feeds, which the queue spreads.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::mirror::Mirror;
use crate::protocol::fan::{self, Child, FAN_OUT, Parent, Position, Slice, Standing};
use crate::protocol::{Counts, Ending, Feed, Hold};
use crate::report::{Outcome, SyncError};
use crate::store::{Control, Saved, StoreError, children};

use super::actions::{held, is_held};

mod gone;
mod parents;

pub use gone::is_gone;
pub use parents::FanOut;

/// Most feeds that one turn names: each becomes a message of the queue. Fewer would have more turns read all parents.
const MOST: usize = 1000;
/// The position is saved within this time, however small the budget is: without it no feed is named, in no turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a feed below a parent is looked at without a request, if its row does not say so.
const EVERY: time::Duration = time::Duration::DAY;

/// Names the feeds of a resource with parents that are due. `at_once`: somebody asked, so all of them are, but
/// for those that Graph refused.
///
/// # Errors
/// [`SyncError`]; the next turn continues where the last one ended.
pub async fn fan_out(
    mirror: &Mirror,
    from: &FanOut,
    budget: Duration,
    at_once: bool,
) -> Result<Outcome, SyncError> {
    let (started, resource) = (Instant::now(), mirror.resource());
    let (now, deadline) = (OffsetDateTime::now_utc(), started + budget);
    let every = match at_once {
        true => time::Duration::ZERO,
        false => resource.every.map_or(EVERY, |minutes| time::Duration::minutes(i64::from(minutes))),
    };
    let control = Control::open(mirror.store(), &resource.name).await?;
    let found: Option<Saved<Position>> = control.read(FAN_OUT).await?;
    let (position, etag) = found.map(|saved| (saved.document, saved.etag)).unzip();
    let ended = |ending| Outcome::new(mirror.feed(), ending, Counts::default(), 0.0, started.elapsed());
    if !at_once && !fan::may_begin(position.as_ref(), every, now) {
        return Ok(ended(Ending::Complete));
    }
    let mut children = children::of(mirror.store(), &resource.name).await?;
    if at_once || position.is_none() {
        parents::known_by_documents(mirror, &mut children).await?;
    }
    let mut parents = parents::parents(mirror, from, &children, deadline).await?;
    let hold = hold(mirror, &mut parents, &children);
    let under_way = position.filter(|position| position.last.is_some());
    let (began, last) = under_way.map_or((now, None), |position| (position.began, position.last));
    let living = parents.iter().filter(|parent| parent.standing == Standing::Living).count() as u64;
    let slice = fan::slice(parents.clone(), &children, every, now, (last.as_deref(), MOST));
    note(mirror, &parents, &children, &slice, now).await?;
    let position =
        Position { id: FAN_OUT.into(), feed: resource.name.clone(), began, last: slice.last.clone() };
    match control.write(FAN_OUT, position, etag.as_ref(), Instant::now() + PATIENCE).await {
        // Another one was faster: it names the same feeds.
        Err(StoreError::Overtaken) => return Ok(ended(Ending::Complete)),
        written => written?,
    };
    let feed = |parent| Feed { resource: resource.name.clone(), parent: Some(parent) };
    let due: Vec<_> = slice.due.into_iter().map(feed).collect();
    tracing::info!(event = "fan_out", resource = resource.name, parents = living, due = due.len());
    let ending = match slice.last {
        Some(_) => Ending::Continued,
        None => hold.unwrap_or(Ending::Complete),
    };
    Ok(Outcome { due, ..ended(ending) })
}

/// Keeps all parents that leave now, if they are more than the removal limit lets go.
fn hold(mirror: &Mirror, parents: &mut Vec<Parent>, children: &HashMap<String, Child>) -> Option<Ending> {
    let (missing, of) = fan::leaving(parents, children);
    if !is_held(missing, of, mirror.options()) {
        return None;
    }
    let has_note = |path: &str| children.get(path).is_some_and(|child| child.left);
    parents.retain(|parent| parent.standing != Standing::Left || has_note(&parent.path));
    held(&mirror.resource().name, missing, of, Hold::ParentsLeft);
    Some(Ending::Held { missing, of, reason: Hold::ParentsLeft })
}

/// Notes which of the parents in a slice left, and which are meant again: their turns go by that.
async fn note(
    mirror: &Mirror,
    parents: &[Parent],
    children: &HashMap<String, Child>,
    slice: &Slice,
    now: OffsetDateTime,
) -> Result<(), SyncError> {
    let standing: HashMap<_, _> = parents.iter().map(|parent| (&*parent.path, parent.standing)).collect();
    for path in &slice.due {
        let has_left = standing.get(&**path) == Some(&Standing::Left);
        if has_left != children.get(path).is_some_and(|child| child.left) {
            let feed = Feed { resource: mirror.resource().name.clone(), parent: Some(path.clone()) };
            children::note(mirror.store(), &feed.key(), has_left, now).await?;
            tracing::info!(event = "parent_noted", resource = feed.key(), left = has_left);
        }
    }
    Ok(())
}
