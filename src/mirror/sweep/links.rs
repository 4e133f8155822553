//! What a sweep does with the links that a walk did not show, and which of them are doubtful (rules 9 and 12). Pure.

use std::collections::HashSet;
use std::time::Duration;

use crate::protocol::plan::{is_doubtful_link, is_told, marks, read};
use crate::protocol::{Candidate, Checkpoint};

/// What a sweep does with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFate {
    /// It stays as it is.
    Stays,
    /// It is to go, in a later turn: a replica that lags may not have known it.
    Waits,
    /// It goes; of a tombstone, it is written anew.
    Goes,
}

/// What the sweep that is owed does with a link. Links of what the walk has not shown, the `unseen`, stay until a walk tells
/// of them (rule 11) or their source is gone.
///
/// Links cannot be looked up one by one: once another generation is announced to bring back what this takes too much,
/// doubtful ones go too, and doubtful tombstones are written anew (rule 12).
pub fn fate(
    checkpoint: &Checkpoint,
    link: &Candidate,
    unseen: &HashSet<String>,
    doubt: Duration,
) -> LinkFate {
    let is_older = !link.removed && checkpoint.owed.is_some_and(|owed| link.generation < owed);
    let goes = is_older && !is_of(unseen, link.source_id.as_ref());
    let doubtful = is_doubtful_link(checkpoint, marks(link));
    match checkpoint.again {
        true if goes || link.removed && doubtful => LinkFate::Goes,
        false if goes && !doubtful && is_told(checkpoint, read(link), doubt) => LinkFate::Goes,
        false if goes && !doubtful => LinkFate::Waits,
        _ => LinkFate::Stays,
    }
}

/// Whether the source of a link is one of these, which the walk has not shown.
pub fn is_of(unseen: &HashSet<String>, source: Option<&String>) -> bool {
    source.is_some_and(|source| unseen.contains(source))
}
