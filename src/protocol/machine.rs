//! The protocol as a machine: what a turn does next. Pure: events in, actions out.
//!
//! The machine holds the checkpoint in hand, and knows at every moment whether the turn is dirty. The code around it
//! performs one action at a time and hands back the event. A model test does that without I/O, through random schedules
//! of kills, freezes and lagging replicas.

use time::OffsetDateTime;

use super::Ending;
use super::plan::{self, Definition, PageWritten, Restart, Why};
use crate::protocol::{Checkpoint, Counts, LastRun, Link, Next, Numbers, Unusable};

mod events;
mod load;
mod sweep;

use events::Stage;
pub use events::{Action, Event, Settled, Stop, Task, Weight};

/// New generations after a dead token that one turn may begin.
const RESTARTS: u32 = 3;
/// Times that a turn tries to abandon the number of the turn before, while other turns save in between.
const ABANDONS: u32 = 4;

/// A turn, from the lease to its return.
#[derive(Debug)]
pub struct Machine {
    task: Task,
    definition: Definition,
    has_links: bool,
    epoch: u64,
    /// The turn before ended cleanly, or its number is abandoned.
    has_abandoned: bool,
    abandons: u32,
    restarts: u32,
    /// An earlier turn began the round under way, so it shows how things were then.
    stale: bool,
    stage: Stage,
    /// A container that does not have what it needs.
    unfit: Option<Unusable>,
    checkpoint: Checkpoint,
    counts: Counts,
    dirty: bool,
    /// Whether no document is doubtful; none if the turn knows nothing new.
    settled: Option<bool>,
    /// Some links are doubtful.
    doubtful_links: bool,
}

impl Machine {
    /// A turn that holds the lease with `epoch`. `clean`: the turn before it ended cleanly.
    pub fn new(
        task: Task,
        definition: Definition,
        has_links: bool,
        epoch: u64,
        clean: bool,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            checkpoint: plan::blank(&definition, Numbers::from_time(now), now),
            task,
            definition,
            has_links,
            epoch,
            has_abandoned: clean,
            abandons: 0,
            restarts: 0,
            stale: false,
            stage: Stage::Loading,
            unfit: None,
            counts: Counts::default(),
            dirty: !clean,
            settled: (task != Task::LookUp).then_some(false),
            doubtful_links: false,
        }
    }

    /// What the turn is for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The checkpoint in hand.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Whether the checkpoint in hand is about to be saved because the turn before did not end cleanly (rule 3).
    pub fn is_abandoning(&self) -> bool {
        self.stage == Stage::Abandoning
    }

    /// Why a new generation begins with the checkpoint in hand, if one does once that is saved (rule 7).
    pub fn begins(&self) -> Option<Why> {
        match self.stage {
            Stage::Beginning(why) => Some(why),
            _ => None,
        }
    }

    /// What the turn has written and saved.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How a turn that followed the feed is about to end, once it is leaving.
    pub fn sync_ending(&self) -> Option<Ending> {
        match self.stage {
            Stage::Leaving(ending) if self.task == Task::Sync => Some(ending),
            _ => None,
        }
    }

    /// Whether a write of this turn may be unanswered or unsaved, or the number of the turn before is not
    /// abandoned yet: then the lease must not be given back as clean (rule 6).
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The next action after `event`. `spent`: the budget is used up.
    ///
    /// # Errors
    /// [`Stop`]; the lease is then to be given back, clean unless the turn is dirty.
    ///
    /// # Panics
    /// When the event does not answer the last action: a defect of the code around the machine.
    pub fn on(&mut self, event: Event, now: OffsetDateTime, spent: bool) -> Result<Action, Stop> {
        let stage = self.stage.clone();
        // A confirmed save covers every document that was written before it.
        self.dirty &= event != Event::Saved;
        match (stage, event) {
            (Stage::Loading, Event::Loaded(found, there)) => load::loaded(self, *found, there, now, spent),
            (Stage::Loading, Event::Lost(numbers, there)) => load::lost(self, numbers, there, now, spent),
            (Stage::Abandoning, Event::Overtaken) if self.abandons < ABANDONS => Ok(self.load()),
            (_, Event::Overtaken) => Err(Stop::Overtaken),
            (Stage::Abandoning, Event::Saved) => {
                self.has_abandoned = true;
                load::start(self, now, spent)
            }
            (Stage::Refusing, Event::Saved) => Err(Stop::Unfit),
            (Stage::Beginning(_) | Stage::CatchingUp | Stage::Reopening, Event::Saved) => {
                Ok(load::decide(self, now, spent))
            }
            (Stage::Fetching, Event::Fetched(follows)) => {
                self.dirty = true;
                self.stage = Stage::WritingPage(follows);
                Ok(Action::WritePage)
            }
            (Stage::Fetching, Event::Refused) if self.checkpoint.listing.is_some() => {
                Ok(self.begin(Why::ListRefused, None, now))
            }
            // The link is at fault, whatever Graph answers there now.
            (Stage::Fetching, Event::Dead(_) | Event::Refused) if self.checkpoint.at_location => {
                let why = match self.checkpoint.changes_since {
                    Some(_) => Why::DeadToken,
                    None => Why::DeadLocation,
                };
                Ok(self.begin(why, None, now))
            }
            (Stage::Fetching, Event::Dead(_)) if self.restarts == RESTARTS => Err(Stop::Restarts(RESTARTS)),
            (Stage::Fetching, Event::Dead(restart)) => {
                self.restarts += 1;
                Ok(match restart {
                    Restart::Anew => self.begin(Why::DeadToken, None, now),
                    Restart::At(location) => self.begin(Why::DeadToken, Some(location), now),
                    Restart::Since(time) => {
                        self.save(plan::catch_up(&self.checkpoint, time, self.epoch), Stage::CatchingUp)
                    }
                })
            }
            (Stage::Fetching | Stage::LookingUp, Event::Throttled(after)) => {
                let next = plan::throttled(&self.checkpoint, after, self.epoch, now);
                let until = next.not_before.unwrap_or(now);
                Ok(self.save(next, Stage::Throttling(until)))
            }
            // The checkpoint keeps since when its link fails. The first page has no link.
            (Stage::Fetching, Event::Failing) if plan::is_first_failure(&self.checkpoint) => {
                Ok(self.save(plan::failing(&self.checkpoint, self.epoch, now), Stage::Failing))
            }
            (Stage::Fetching, Event::Failing) | (Stage::Failing, Event::Saved) => Err(Stop::Failing),
            (Stage::Fetching, Event::Denied(status)) => {
                let next = plan::refused(&self.checkpoint, status, self.epoch, now);
                Ok(self.save(next, Stage::Forgetting(Ending::Refused { status })))
            }
            (Stage::Throttling(until), Event::Saved) => Ok(self.leave(Ending::Throttled { until })),
            (Stage::WritingPage(follows), Event::Written(took)) => Ok(self.taken(follows, took, now)),
            (Stage::Saving { ends_round }, Event::Saved) => Ok(self.walked(ends_round, now, spent)),
            (Stage::Weighing, Event::Weighed(weight)) => Ok(sweep::weighed(self, weight, now)),
            (Stage::Announcing, Event::Saved) => Ok(sweep::sweep(self)),
            (Stage::Sweeping, Event::Swept(swept)) => Ok(sweep::swept(self, swept, now)),
            (Stage::SavingSweep(ending), Event::Saved) => Ok(sweep::settle(self, ending)),
            (Stage::Settling(ending), Event::Settled(settled)) => {
                Ok(sweep::settled(self, ending, settled, now))
            }
            (Stage::Forgetting(ending), Event::Saved) => Ok(self.leave(ending)),
            (Stage::LookingUp, Event::LookedUp(counts)) => {
                self.dirty = false;
                self.counts += counts;
                self.settled = (counts.written() > 0).then_some(false);
                Ok(self.leave(Ending::Complete))
            }
            (Stage::Resetting, Event::Saved) => Ok(self.leave(Ending::Complete)),
            (Stage::Leaving(ending), Event::Free) => Ok(Action::End(ending)),
            // A rerun needs an enumeration with a budget; the work item of `Continued` starts one.
            (Stage::Leaving(_), Event::RerunRequested) if spent || self.task != Task::Sync => {
                Ok(self.leave(Ending::Continued))
            }
            (Stage::Leaving(_), Event::RerunRequested) => Ok(self.load()),
            (stage, event) => panic!("{event:?} answers no action of {stage:?}"),
        }
    }

    /// Reads the checkpoint (rule 2: only after the lease is ours).
    pub fn load(&mut self) -> Action {
        self.stage = Stage::Loading;
        self.settled = self.settled.map(|_| false);
        Action::Load
    }

    fn fetch(&mut self) -> Action {
        self.stage = Stage::Fetching;
        Action::Fetch
    }

    fn begin(&mut self, why: Why, location: Option<Link>, now: OffsetDateTime) -> Action {
        let next = plan::begin(&self.checkpoint, &self.definition, location, self.epoch, now);
        let listing = plan::listing::begins(why, &next, &self.definition);
        let next = Checkpoint { unseen: why == Why::Unseen, listing, ..next };
        self.save(next, Stage::Beginning(why))
    }

    fn taken(&mut self, follows: Next, took: PageWritten, now: OffsetDateTime) -> Action {
        self.counts += took.counts;
        let ends_round = follows.ends_round();
        // A list shows each object as it was at another moment: what changed meanwhile is due.
        self.stale |= matches!(follows, Next::Shards(_));
        let run = LastRun { at: now, counts: self.counts };
        let next = plan::page(&self.checkpoint, follows, took, run, self.epoch, &self.definition);
        self.save(next, Stage::Saving { ends_round })
    }

    fn walked(&mut self, ends_round: bool, now: OffsetDateTime, spent: bool) -> Action {
        let is_due = !plan::is_up_to_date(&self.checkpoint)
            || plan::listing::is_unconfirmed(&self.checkpoint, &self.definition, now);
        match (ends_round, spent) {
            (false, true) => self.leave(Ending::Continued),
            (false, false) => self.fetch(),
            // An earlier turn began this round, so it shows how things were then: one more round is due.
            (true, false) if self.stale || is_due => load::decide(self, now, spent),
            (true, true) if is_due => self.leave(Ending::Continued),
            (true, _) if self.checkpoint.pending_sweep.is_some() || self.has_links => {
                self.stage = Stage::Weighing;
                Action::Weigh
            }
            (true, _) => sweep::settle(self, Ending::Complete),
        }
    }

    fn leave(&mut self, ending: Ending) -> Action {
        // A turn that continues, or waits for Graph, has a successor that checks for changes anyway.
        let stay = matches!(ending, Ending::Complete | Ending::Held { .. });
        self.stage = Stage::Leaving(ending);
        Action::Leave { clean: !self.dirty, stay, settled: self.settled }
    }

    fn save(&mut self, next: Checkpoint, stage: Stage) -> Action {
        self.dirty = true;
        self.stage = stage;
        let next = plan::acquainted(next, &self.definition);
        // What is being saved is in hand from now on; if the save fails, the turn ends or loads again.
        self.checkpoint = next.clone();
        Action::Save(Box::new(next))
    }
}

#[cfg(test)]
mod tests;
