//! The checkpoint that follows a page (rules 5, 8, 13 and 16). Pure.

use time::OffsetDateTime;

use super::{Definition, compare, listing, save, window};
use crate::protocol::{Checkpoint, Counts, LastRun, Listing, Next, State};

/// What a page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageWritten {
    /// Documents written.
    pub counts: Counts,
    /// Some links that are stored have become doubtful, whatever their marks say.
    pub doubtful: bool,
    /// When it was asked for.
    pub at: OffsetDateTime,
}

/// A page is written (rules 5 and 8). `run` is what this turn has done, this page included.
pub fn page(
    checkpoint: &Checkpoint,
    follows: Next,
    took: PageWritten,
    run: LastRun,
    epoch: u64,
    definition: &Definition,
) -> Checkpoint {
    let mut next = save(checkpoint, epoch);
    let enumerating = matches!(checkpoint.state, State::Enumerating { .. });
    let began = checkpoint.open_since.unwrap_or(took.at);
    next.open_since = (!follows.ends_round()).then_some(began);
    // Whatever page has come, a list that has not begun begins no more.
    next.listing = next.listing.filter(|listing| *listing != Listing::Due);
    match follows {
        Next::NextLink(link) if enumerating => {
            next.state = State::Enumerating { link: Some(link) };
            next.seen_pages += u32::from(checkpoint.compares && definition.mode.sweeps());
        }
        Next::Shards(shards) => listing::read(&mut next, shards, began, definition),
        Next::NextLink(link) => next.state = State::Tracking { link },
        Next::DeltaLink(link) => {
            next.state = State::Tracking { link };
            // What changed since a time may not be all (rule 7).
            next.as_of = if checkpoint.changes_since.is_some() { checkpoint.as_of } else { Some(began) };
            next.links_removed_until = Some(took.at);
            next.unfinished_generations = 0;
            if enumerating && definition.mode.sweeps() {
                next.pending_sweep = Some(checkpoint.generation);
            }
        }
        Next::End => {
            next.state = State::Listed;
            next.unfinished_generations = 0;
            // What lies under a parent that is gone is swept, however it was read.
            let sweeps = definition.orphaned || definition.mode.sweeps();
            next.pending_sweep = sweeps.then_some(checkpoint.generation);
            next.read_until = window::read_until(checkpoint, definition, began);
            next.as_of = Some(window::end(checkpoint, definition).map_or(began, |until| until.min(began)));
        }
    }
    next.at_location = false;
    next.not_before = None;
    next.refused = None;
    next.failing_since = None;
    next.reenumerate |= took.doubtful;
    next.counts += took.counts;
    next.wrote_at = compare::wrote_at(checkpoint, took.counts, run.at);
    next.last_run = Some(run);
    next
}
