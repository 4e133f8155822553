//! Doubt: which documents nobody vouches for, when that may be settled, and what a look makes of them (rules 9
//! to 11). Pure.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{Burnt, Candidate, Checkpoint, Reason, Source, State};

/// Whether nobody knows that the save of this number was confirmed: it was abandoned, or given by a checkpoint that is
/// lost.
pub fn is_abandoned(checkpoint: &Checkpoint, number: u64) -> bool {
    is_lost(checkpoint, number) || is_burnt(&checkpoint.burnt, number)
}

/// Whether this checkpoint never gave the number: it lies below its first one, or above the next. Those above are of a
/// lost checkpoint whose clock was ahead, or of one that an older version was restored over.
fn is_lost(checkpoint: &Checkpoint, number: u64) -> bool {
    number < checkpoint.first_save || number > checkpoint.save + 1
}

/// Whether a document was last written under a checkpoint that is lost, and was not looked up since.
pub fn is_of_lost(checkpoint: &Checkpoint, marks: Marks) -> bool {
    is_lost(checkpoint, marks.save) && marks.source != Source::ById
}

/// Whether a document that the walk did not show counts for the removal limit: it would go in the sweep, or, of a lost
/// checkpoint, after a look.
pub fn is_weighed(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_doubtful(checkpoint, marks) || is_of_lost(checkpoint, marks)
}

/// Whether a doubtful document may be looked up and settled now. One of a lost checkpoint waits for the walk: if that does
/// not show it, it is weighed with the others that would go, under the removal limit, before it is looked up.
pub fn may_settle(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_of_lost(checkpoint, marks)
        || matches!(checkpoint.state, State::Tracking { .. }) && checkpoint.owed.is_none()
}

/// Whether a save number was burnt.
pub fn is_burnt(burnt: &[Burnt], number: u64) -> bool {
    burnt.iter().any(|burnt| (burnt.from..=burnt.to).contains(&number))
}

/// What a document says of itself, as far as doubt is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The generation of the walk that wrote it; 0 when no walk vouches for it.
    pub generation: u64,
    /// The save that was to cover it.
    pub save: u64,
    /// How it was read.
    pub source: Source,
}

/// The marks of a document that was found.
pub fn marks(found: &Candidate) -> Marks {
    Marks { generation: found.generation, save: found.save, source: found.source }
}

/// Whether a document is doubtful: read by id, or written by a turn that did not end cleanly (rule 11),
/// or under a checkpoint that is lost.
pub fn is_doubtful(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.source == Source::ById || is_abandoned(checkpoint, marks.save)
}

/// Whether a link is doubtful. One that was read in a way which this version does not know is, too: an object would be
/// asked for by its id before it goes, and a link cannot be.
pub fn is_doubtful_link(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.source == Source::Unknown || is_doubtful(checkpoint, marks)
}

/// How a doubtful document is written after a fresh look at its object (rule 11): with which generation,
/// and from which source.
pub fn settle(checkpoint: &Checkpoint, marks: Marks, found: bool) -> (u64, Source) {
    let vouched = marks.source == Source::ById && is_vouched(checkpoint, marks);
    match found && !vouched {
        true => (unvouched(checkpoint, marks), Source::ById),
        false => (marks.generation, Source::Checked),
    }
}

/// Whether a walk of this generation vouches for a document.
fn is_vouched(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.generation == checkpoint.generation && !is_abandoned(checkpoint, marks.save)
}

/// The generation of a document for which no walk vouches, but which a walk or a round has told of: an earlier one than the
/// last, which says that the last walk did not show its object; of one that was never told of: none.
fn unvouched(checkpoint: &Checkpoint, marks: Marks) -> u64 {
    marks.generation.min(checkpoint.generation.saturating_sub(1))
}

/// Whether a walk before the last one is the last that vouched for a living document.
pub fn is_earlier(checkpoint: &Checkpoint, marks: Marks) -> bool {
    0 < marks.generation && marks.generation < checkpoint.generation
}

/// Whether the links of an object stay in a sweep whose walk has not shown it: the walk has not told of them either. Of a lost
/// checkpoint they go with the rest, after it was weighed, since another generation follows (rule 12).
pub fn keeps_links(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_of_lost(checkpoint, marks)
}

/// Whether the sweep has nobody to ask about an object that keeps its links: it waits for a look, or for another walk.
pub fn holds_links(checkpoint: &Checkpoint, marks: Marks) -> bool {
    keeps_links(checkpoint, marks) && is_doubtful(checkpoint, marks)
}

/// Whether an object that was looked up and found lives unseen: its document was read by id before, in the second
/// `written`, only an earlier walk has shown it, and the rounds since then must have told of it.
pub fn is_unseen(checkpoint: &Checkpoint, marks: Marks, written: i64, doubt: Duration) -> bool {
    let written = OffsetDateTime::from_unix_timestamp(written + 1);
    let is_told = written.is_ok_and(|written| is_told(checkpoint, written, doubt));
    marks.source == Source::ById && is_earlier(checkpoint, marks) && is_told
}

/// How long the next walk waits where one was not enough, or where somebody should look first.
const PATIENCE: time::Duration = time::Duration::days(1);

/// Whether a walk for the sake of what lives unseen is due: at once, but only once a day when the last one was for that
/// and has not shown it either, or when the walk hid so much that its sweep is held.
pub fn is_to_be_walked_again(checkpoint: &Checkpoint, now: OffsetDateTime) -> bool {
    let has_waited = now - checkpoint.generation_began >= PATIENCE;
    let is_first = !checkpoint.unseen && checkpoint.hidden == 0;
    matches!(checkpoint.state, State::Tracking { .. }) && (is_first || has_waited)
}

/// The generation of a document that is read by id on request (rule 10): that of the living document in its
/// place if a walk vouches for it, or an earlier one did, else none.
pub fn refreshed(checkpoint: &Checkpoint, living: Option<Marks>) -> u64 {
    let generation = |marks| match is_vouched(checkpoint, marks) {
        true => marks.generation,
        false => unvouched(checkpoint, marks),
    };
    living.map_or(0, generation)
}

/// An object can be restored for 30 days after its soft deletion
/// (<https://learn.microsoft.com/graph/api/resources/directory>), and everything is read anew 30 days later at the latest.
const RESTORABLE: time::Duration = time::Duration::days(62);
/// A generation that begins because of a tombstone must not write that tombstone again, or there would be no end.
const RESTED: time::Duration = time::Duration::days(1);

/// Whether the tombstone of an object that a complete walk did not show has to be written again, so that the feeds of its
/// links read them anew: the object may have been deleted for good while nobody could tell.
pub fn is_to_be_told_again(found: &Candidate, now: OffsetDateTime) -> bool {
    let is_recent = found.removed_at.is_none_or(|at| now - at < RESTORABLE);
    let has_rested = OffsetDateTime::from_unix_timestamp(found.written).is_ok_and(|at| now - at > RESTED);
    is_recent && (found.reason == Some(Reason::Changed) || has_rested)
}

/// Whether tombstones that say which links have lost an end may have expired since this feed last looked for them.
pub fn has_outslept(checkpoint: &Checkpoint, now: OffsetDateTime, tombstone_ttl: Duration) -> bool {
    let looked =
        checkpoint.cascaded.map_or(checkpoint.generation_began, |at| at.max(checkpoint.generation_began));
    now - looked >= tombstone_ttl
}

/// When the page of a document was read, as it says itself, but never later than Cosmos wrote it: a clock that was ahead
/// must not hold it back from a sweep.
pub fn read(found: &Candidate) -> OffsetDateTime {
    let written = OffsetDateTime::from_unix_timestamp(found.written + 1).unwrap_or(found.synced_at);
    found.synced_at.min(written)
}

/// Whether the rounds since the enumeration must have told of an object that was living when its document was
/// read: the last one began so much later that whichever replica served it had heard (rule 9).
pub fn is_told(checkpoint: &Checkpoint, read: OffsetDateTime, doubt: Duration) -> bool {
    checkpoint.as_of.is_some_and(|began| read + doubt <= began)
}

/// Whether the replicas agree at `moment` on what was written in the second `written`; both in seconds since
/// 1970. Cosmos names the second only, so it may have been at its end.
pub fn is_agreed(written: i64, moment: i64, doubt: Duration) -> bool {
    written + 1 + doubt.as_secs_f64().ceil() as i64 <= moment
}
