//! Decides what a sweep does with the links that an enumeration did not include, and which of them are doubtful (rules
//! 9 and 12). Pure.

use std::collections::HashSet;
use std::time::Duration;

use crate::protocol::doubt::{is_doubtful_link, marks, read, was_read_before_last_round};
use crate::protocol::{Candidate, Checkpoint};

/// What a sweep does with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFate {
    /// It stays unchanged.
    Stays,
    /// A later turn removes it: a lagging replica may not have had it yet.
    Waits,
    /// It is removed; a tombstone is written again.
    Goes,
}

/// Decides what the pending sweep does with a link. Links of objects that the enumeration did not include (`unseen`)
/// stay until an enumeration reports them (rule 11) or their source is gone.
///
/// Links cannot be read one by one. Once a further generation is announced, which restores links that this sweep
/// removes wrongly, doubtful links are removed too, and doubtful tombstones are written again (rule 12).
pub fn fate_of_link(
    checkpoint: &Checkpoint,
    link: &Candidate,
    unseen: &HashSet<String>,
    doubt: Duration,
) -> LinkFate {
    let is_older = !link.removed
        && checkpoint.pending_sweep.is_some_and(|pending_sweep| link.generation < pending_sweep);
    let goes = is_older && !is_of(unseen, link.source_id.as_ref());
    let doubtful = is_doubtful_link(checkpoint, marks(link));
    match checkpoint.reenumerate {
        true if goes || link.removed && doubtful => LinkFate::Goes,
        false if goes && !doubtful && was_read_before_last_round(checkpoint, read(link), doubt) => {
            LinkFate::Goes
        }
        false if goes && !doubtful => LinkFate::Waits,
        _ => LinkFate::Stays,
    }
}

/// Whether the source of a link is one of the `unseen` objects, which the enumeration did not include.
pub fn is_of(unseen: &HashSet<String>, source: Option<&String>) -> bool {
    source.is_some_and(|source| unseen.contains(source))
}
