//! When a feed may be asked for changes without its lease (rule 15). Pure.
//!
//! Most turns find that nothing has changed. Such a turn writes nothing that the copy rests on, so it needs no lease, no save
//! and no query, if the turn before has left nothing to be done.

use time::{Duration, OffsetDateTime};

use super::{Definition, Step, next};
use crate::protocol::{Checkpoint, LeaseState, State, doubt};

/// After this long without a save, a turn with the lease looks at everything again: the containers, late writes, and the ends
/// of links.
const LOOKED: Duration = Duration::HOUR;
/// The clocks of Cosmos DB and of this process may differ by this much.
const SKEW: Duration = Duration::MINUTE;

/// Whether a page without objects, with a delta link, says that nothing is to be done. `now` is the time of this machine: a
/// clock that is wrong leads to a turn with the lease, which knows the time.
pub fn may_be_quiet(
    checkpoint: &Checkpoint,
    definition: &Definition,
    lease: &LeaseState,
    now: OffsetDateTime,
) -> bool {
    let is_free = lease.is_free && lease.clean && lease.settled && checkpoint.epoch <= lease.epoch;
    let is_ours = checkpoint.tenant_id == definition.tenant_id && !definition.orphaned;
    let is_round = matches!(checkpoint.state, State::Tracking { .. }) && checkpoint.open_since.is_none();
    let is_done =
        checkpoint.pending_sweep.is_none() && !checkpoint.reenumerate && checkpoint.abandoned.is_empty();
    let is_untroubled = checkpoint.failing_since.is_none()
        && checkpoint.refused.is_none()
        && checkpoint.ended.is_none()
        && !checkpoint.at_location
        && checkpoint.not_before.is_none();
    let since = checkpoint.last_run.as_ref().map(|run| now - run.at);
    let is_recent = since.is_some_and(|since| -SKEW < since && since < LOOKED);
    let continues = next(checkpoint, definition, now) == Step::Continue;
    is_free && is_ours && is_round && is_done && is_untroubled && is_recent && continues
}

/// Whether a feed has looked for tombstones in a container since all replicas must agree on what was last written there, in the
/// second `written` since 1970: 0 if never.
pub fn has_looked_since(checkpoint: &Checkpoint, written: i64, doubt: std::time::Duration) -> bool {
    let looked = checkpoint.links_removed_until.map_or(0, OffsetDateTime::unix_timestamp);
    written == 0 || doubt::is_agreed(written, looked, doubt)
}
