//! Doubt: which documents may be wrong, when a read by id may settle that, and how the document is written then (rules 9
//! to 12). Pure: a function of the checkpoint and of the marks that a document carries.

use std::time::Duration;

use time::OffsetDateTime;

use crate::protocol::{Abandoned, Candidate, Checkpoint, Mode, Reason, Source, State, Window};

/// Whether it is unknown that Cosmos DB confirmed the save of this number: a turn abandoned the number, or a checkpoint
/// that is lost gave it.
pub fn is_abandoned(checkpoint: &Checkpoint, number: u64) -> bool {
    is_lost(checkpoint, number) || is_among(&checkpoint.abandoned, number)
}

/// Whether this checkpoint never gave the number: it is below its first number, or above its next one. A number above comes
/// from a lost checkpoint whose clock was ahead, or from a checkpoint that was replaced by an older version.
fn is_lost(checkpoint: &Checkpoint, number: u64) -> bool {
    number < checkpoint.first_save || number > checkpoint.save + 1
}

/// Whether a document was last written under a checkpoint that is lost, and has not been read by id since.
pub fn is_of_lost(checkpoint: &Checkpoint, marks: Marks) -> bool {
    is_lost(checkpoint, marks.save) && marks.source != Source::ById
}

/// Whether a document that the enumeration did not deliver counts for the removal limit: the sweep would remove it, or, if
/// it is of a lost checkpoint, a read by id.
pub fn is_weighed(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_doubtful(checkpoint, marks) || is_of_lost(checkpoint, marks)
}

/// Whether a doubtful document may be read by id and settled now. A document of a lost checkpoint waits for the end of the
/// enumeration. If the enumeration does not deliver it, it first counts for the removal limit, with the others.
pub fn may_settle(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_of_lost(checkpoint, marks) || checkpoint.state.is_complete() && checkpoint.pending_sweep.is_none()
}

/// Whether a save number is in one of the abandoned ranges.
pub fn is_among(abandoned: &[Abandoned], number: u64) -> bool {
    abandoned.iter().any(|abandoned| (abandoned.from..=abandoned.to).contains(&number))
}

/// The fields of a document that decide whether it is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The generation of the enumeration that it belongs to; 0 if no enumeration or round ever delivered it.
    pub generation: u64,
    /// The number of the save that covers it.
    pub save: u64,
    /// How it was read.
    pub source: Source,
}

/// The marks of a document that was found.
pub fn marks(found: &Candidate) -> Marks {
    Marks { generation: found.generation, save: found.save, source: found.source }
}

/// The marks that a document counts with. A generation that writes only what differs leaves what it found as it was stored
/// (`shown`) with an earlier generation; that counts as delivered by this one. Once its sweep is done, that holds for every
/// object that is there and not doubtful: what it did not show is gone, or was read by its id (rule 13).
pub fn delivered(checkpoint: &Checkpoint, marks: Marks, shown: bool) -> Marks {
    let is_done = checkpoint.state.is_complete() && checkpoint.pending_sweep.is_none();
    let counts = checkpoint.compares && (shown || is_done) && !is_doubtful(checkpoint, marks);
    match counts {
        true => Marks { generation: marks.generation.max(checkpoint.generation), ..marks },
        false => marks,
    }
}

/// When this generation told a link last, at the latest, in seconds since 1970; none if it did not tell it. Of a link that
/// this generation left as it was, that is not known more closely than since it began: it may also be one that it did not
/// show, nor its source.
pub fn last_told(checkpoint: &Checkpoint, link: &Candidate) -> Option<i64> {
    let is_older = link.generation < checkpoint.generation;
    match checkpoint.compares && is_older {
        true => Some(link.written.max(checkpoint.generation_began.unix_timestamp())),
        false => (!is_older).then_some(link.written),
    }
}

/// Whether a document is doubtful: it was read by id, or written by a turn that did not end cleanly (rule 11), or under a
/// checkpoint that is lost.
pub fn is_doubtful(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.source == Source::ById || is_abandoned(checkpoint, marks.save)
}

/// Whether a link is doubtful. A link with a `source` that this version does not know is doubtful too: before the removal
/// of an object, Graph is asked for it by id, which is not possible for a link.
pub fn is_doubtful_link(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.source == Source::Unknown || is_doubtful(checkpoint, marks)
}

/// With which generation and source a doubtful document is written after a read by id (rule 11). `found`: Graph showed the
/// object.
pub fn settle(mode: Mode, checkpoint: &Checkpoint, marks: Marks, found: bool) -> (u64, Source) {
    let vouched = marks.source == Source::ById && is_vouched(checkpoint, marks);
    match found && !vouched && !mode.is_final_by_id() {
        true => (earlier_generation(checkpoint, marks), Source::ById),
        false => (marks.generation, Source::Checked),
    }
}

/// Whether the enumeration of this generation, or a round since, delivered a document, in a save that was not abandoned.
fn is_vouched(checkpoint: &Checkpoint, marks: Marks) -> bool {
    marks.generation == checkpoint.generation && !is_abandoned(checkpoint, marks.save)
}

/// The generation of a document that is not vouched for: an earlier one than the current, which says that the current
/// enumeration did not deliver the object; 0 stays 0.
fn earlier_generation(checkpoint: &Checkpoint, marks: Marks) -> u64 {
    marks.generation.min(checkpoint.generation.saturating_sub(1))
}

/// The range of time outside of which an object is no longer part of the feed, when it is read by its id. None for a document
/// that the current enumeration, or a round since, delivered: the feed decides about it.
pub fn range(checkpoint: &Checkpoint, marks: Option<Marks>) -> Option<Window> {
    checkpoint.window.filter(|_| marks.is_none_or(|marks| marks.generation < checkpoint.generation))
}

/// Whether a document became doubtful, and stays so, after the second `moment`: both are seconds since 1970 of Cosmos DB.
pub fn is_doubted_since(marks: Marks, written: i64, moment: i64) -> bool {
    marks.source == Source::ById && written > moment
}

/// Whether an earlier enumeration than the current one was the last to deliver a document.
pub fn is_earlier(checkpoint: &Checkpoint, marks: Marks) -> bool {
    0 < marks.generation && marks.generation < checkpoint.generation
}

/// Whether the links of an object that the enumeration did not deliver survive the sweep: the enumeration did not deliver
/// them either. If the object is of a lost checkpoint, the sweep removes its links, which counted for the removal limit:
/// another generation follows (rule 12).
pub fn keeps_links(checkpoint: &Checkpoint, marks: Marks) -> bool {
    !is_of_lost(checkpoint, marks)
}

/// Whether the sweep cannot decide about an object whose links survive, because it is doubtful: they wait for its read by
/// id, or for another enumeration.
pub fn holds_links(checkpoint: &Checkpoint, marks: Marks) -> bool {
    keeps_links(checkpoint, marks) && is_doubtful(checkpoint, marks)
}

/// Whether an object that Graph shows by its id lives unseen (rule 11): its document was read by id before, in the second
/// `written`; only an earlier enumeration delivered it; and the rounds since then must have delivered it.
pub fn is_unseen(checkpoint: &Checkpoint, marks: Marks, written: i64, doubt: Duration) -> bool {
    let written = OffsetDateTime::from_unix_timestamp(written + 1);
    let is_read_early = written.is_ok_and(|written| was_read_before_last_round(checkpoint, written, doubt));
    marks.source == Source::ById && is_earlier(checkpoint, marks) && is_read_early
}

/// Time between two generations for the same objects, and time for a person to look at a held sweep.
const PATIENCE: time::Duration = time::Duration::days(1);

/// Whether a generation may begin because an object lives unseen: at once, but only once a day if the current one began for
/// that reason, or hid so many objects that its sweep is held.
pub fn needs_another_enumeration(checkpoint: &Checkpoint, now: OffsetDateTime) -> bool {
    let has_waited = now - checkpoint.generation_began >= PATIENCE;
    let is_first = !checkpoint.unseen && checkpoint.hidden == 0;
    matches!(checkpoint.state, State::Tracking { .. }) && (is_first || has_waited)
}

/// The generation of a document that is read by id on request (rule 10): that of the `living` document in its place if that
/// is vouched for, else an earlier one, or 0.
pub fn refreshed(checkpoint: &Checkpoint, living: Option<Marks>) -> u64 {
    let generation = |marks| match is_vouched(checkpoint, marks) {
        true => marks.generation,
        false => earlier_generation(checkpoint, marks),
    };
    living.map_or(0, generation)
}

/// An object can be restored for 30 days after its soft deletion
/// (<https://learn.microsoft.com/graph/api/resources/directory>), and the next generation begins 30 days later at the
/// latest.
const RESTORABLE: time::Duration = time::Duration::days(62);
/// A generation that begins because of a tombstone must not write that tombstone again, or there would be no end.
const RESTED: time::Duration = time::Duration::days(1);

/// Whether the tombstone of an object that a complete enumeration did not deliver has to be written again, so that the feeds
/// of its links enumerate them again: the object may have been deleted permanently while no delta token was valid.
pub fn needs_new_tombstone(found: &Candidate, now: OffsetDateTime) -> bool {
    let is_recent = found.removed_at.is_none_or(|at| now - at < RESTORABLE);
    let has_rested = OffsetDateTime::from_unix_timestamp(found.written).is_ok_and(|at| now - at > RESTED);
    is_recent && (found.reason == Some(Reason::Changed) || has_rested)
}

/// Whether tombstones at the ends of links may have expired since this feed last queried them.
pub fn may_have_missed_tombstones(
    checkpoint: &Checkpoint,
    now: OffsetDateTime,
    tombstone_ttl: Duration,
) -> bool {
    let looked = checkpoint
        .links_removed_until
        .map_or(checkpoint.generation_began, |at| at.max(checkpoint.generation_began));
    now - looked >= tombstone_ttl
}

/// When the page of a document was read, as the document says, but not later than Cosmos DB wrote it: a clock that was
/// ahead must not keep the document from a sweep.
pub fn read(found: &Candidate) -> OffsetDateTime {
    let written = OffsetDateTime::from_unix_timestamp(found.written + 1).unwrap_or(found.synced_at);
    found.synced_at.min(written)
}

/// Whether the rounds since the enumeration must have delivered an object that existed when its document was read: the last
/// round began at least `doubt` later, so each replica of Graph knew the object by then (rule 9).
pub fn was_read_before_last_round(checkpoint: &Checkpoint, read: OffsetDateTime, doubt: Duration) -> bool {
    checkpoint.as_of.is_some_and(|began| read + doubt <= began)
}

/// Whether Graph's replicas agree at `moment` on an object whose document Cosmos DB wrote in the second `written`; both in
/// seconds since 1970. Cosmos DB gives the second only, so the write may have been at its end.
pub fn is_agreed(written: i64, moment: i64, doubt: Duration) -> bool {
    written + 1 + doubt.as_secs_f64().ceil() as i64 <= moment
}
