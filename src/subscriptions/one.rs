//! One subscription below a parent, of which Graph says that it needs attention.

use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

use super::keeper::{Look, PATIENCE};
use super::renewal::Renewal;
use super::step::Did;
use super::target::Target;
use super::{FEED, KeepError, Keeper};
use crate::catalogue::Resource;
use crate::protocol::{Feed, Purpose};
use crate::store::{Acquired, Control, acquire};

/// Looks after the subscription below one parent, of which Graph says that it needs it. Nothing if another
/// keeper is at work.
///
/// # Errors
/// As [`keep`].
pub async fn keep_one(
    keeper: &Keeper<'_>,
    resources: &[&'static Arc<Resource>],
    feed: &Feed,
) -> Result<Renewal, KeepError> {
    let row = resources.iter().find(|row| row.name == feed.resource);
    let target = row.zip(feed.parent.as_ref()).and_then(|(row, parent)| Target::below(row, parent));
    let Some(target) = target else { return Ok(Renewal::default()) };
    let control = Control::open(keeper.store, FEED).await?;
    let holder = Uuid::new_v4().to_string();
    let lease = match acquire(&control, &holder, Purpose::Sync, keeper.lease).await? {
        Acquired::Held { lease, .. } => lease,
        Acquired::Busy { .. } => return Ok(Renewal { busy: true, ..Renewal::default() }),
    };
    let deadline = Instant::now() + PATIENCE;
    let look = Look { keeper, lease: &lease, control: &control, urgent: true, deadline };
    let did = lease.while_renewing(Box::pin(look.one(&target, &[], true))).await;
    lease.give_back(true, true, None).await.ok();
    let (mut kept, key) = (Renewal::default(), target.feed.key());
    match did? {
        Did::Created => kept.created.push(key),
        Did::Extended => kept.extended.push(key),
        Did::Nothing => {}
        Did::Failed => kept.failed.push(key),
    }
    Ok(kept)
}
