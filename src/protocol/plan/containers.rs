//! What follows from the containers that there are (rule 14). Pure.

use time::OffsetDateTime;

use super::{Definition, abandon, save};
use crate::protocol::{Checkpoint, Ids};

/// In place of the id of a container that is gone, or of which documents may have expired; no id is like this.
const EXPIRED: &str = "expired";

/// Whether any container is another one than the copy was written to. One that nobody knew before says nothing.
pub(super) fn is_another(checkpoint: &Checkpoint, definition: &Definition) -> bool {
    let known = |name: &String| checkpoint.containers.get(name);
    definition.containers.iter().any(|(name, id)| known(name).is_some_and(|known| known != id))
}

/// Knows the containers that nobody knew before. What is known already stays: only a new generation writes all of a
/// copy to another container.
pub fn acquainted(mut checkpoint: Checkpoint, definition: &Definition) -> Checkpoint {
    for (name, id) in &definition.containers {
        checkpoint.containers.entry(name.clone()).or_insert_with(|| id.clone());
    }
    checkpoint
}

/// A container is not there, or documents of it may have expired: once that is mended, it counts as another one. None when that is known.
pub fn expired(checkpoint: &Checkpoint, container: &str, epoch: u64) -> Option<Checkpoint> {
    let is_known = checkpoint.containers.get(container).is_some_and(|id| id == EXPIRED);
    let mut next = save(checkpoint, epoch);
    next.containers.insert(container.to_owned(), EXPIRED.to_owned());
    (!is_known).then_some(next)
}

/// A container went while a turn wrote: every process is to look at it again, and whatever is there then counts as another
/// one. What this turn wrote and has not saved is abandoned. None when that is known.
pub fn gone(checkpoint: &Checkpoint, container: &str, epoch: u64, now: OffsetDateTime) -> Option<Checkpoint> {
    expired(&abandon(checkpoint, epoch, now), container, epoch)
}

/// The containers of a new generation. One that is missing now is still known when it comes back.
pub(super) fn of_generation(checkpoint: &Checkpoint, definition: &Definition) -> Ids {
    let both = checkpoint.containers.iter().chain(&definition.containers);
    both.map(|(name, id)| (name.clone(), id.clone())).collect()
}
