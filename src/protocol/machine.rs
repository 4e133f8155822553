//! The protocol as a machine: what a turn does next. Pure: events in, actions out.
//!
//! The machine holds the checkpoint in hand, and knows at every moment whether the turn is dirty. Whoever
//! drives it performs each action and tells what came of it; a model test drives it through random
//! schedules of kills, freezes and lagging replicas without any I/O.

use time::OffsetDateTime;

use super::Ending;
use super::plan::{self, Definition, Leads, Swept, Took, Why};
use crate::protocol::{Checkpoint, Counts, LastRun, Numbers, Opaque, State, Unusable};

mod load;
mod words;

use words::Stage;
pub use words::{Action, Event, Settled, Stop, Task, Weight};

/// New generations after a dead token that one turn may begin.
const RESTARTS: u32 = 3;
/// Times that the burning of a number may be overtaken.
const BURNS: u32 = 4;

/// A turn, from the lease to its return.
#[derive(Debug)]
pub struct Machine {
    task: Task,
    definition: Definition,
    has_links: bool,
    epoch: u64,
    burnt: bool,
    burns: u32,
    restarts: u32,
    /// The round under way was begun by an earlier turn, and tells how things were then.
    stale: bool,
    stage: Stage,
    /// A container is not as it has to be.
    unfit: Option<Unusable>,
    checkpoint: Checkpoint,
    counts: Counts,
    dirty: bool,
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
            burnt: clean,
            burns: 0,
            restarts: 0,
            stale: false,
            stage: Stage::Loading,
            unfit: None,
            counts: Counts::default(),
            dirty: !clean,
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
        self.stage == Stage::Burning
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
    pub fn walk_ending(&self) -> Option<Ending> {
        match self.stage {
            Stage::Leaving(ending) if self.task == Task::Walk => Some(ending),
            _ => None,
        }
    }

    /// Whether a write of this turn may be unanswered or unsaved, or the number of the turn before is not
    /// burnt yet: then the lease must not be given back as clean (rule 6).
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The next action after `event`. `spent`: the budget is used up.
    ///
    /// # Errors
    /// [`Stop`]; the lease is then to be given back, clean unless the turn is dirty.
    ///
    /// # Panics
    /// When the event does not answer the last action: a defect of whoever drives.
    pub fn on(&mut self, event: Event, now: OffsetDateTime, spent: bool) -> Result<Action, Stop> {
        let stage = self.stage.clone();
        // Whatever was written is covered by a save that is confirmed.
        self.dirty &= event != Event::Saved;
        match (stage, event) {
            (Stage::Loading, Event::Loaded(found, containers)) => self.loaded(*found, containers, now, spent),
            (Stage::Loading, Event::Lost(numbers, containers)) => self.lost(numbers, containers, now, spent),
            (Stage::Burning, Event::Overtaken) if self.burns < BURNS => Ok(self.load()),
            (_, Event::Overtaken) => Err(Stop::Overtaken),
            (Stage::Burning, Event::Saved) => {
                self.burnt = true;
                self.start(now, spent)
            }
            (Stage::Refusing, Event::Saved) => Err(Stop::Unfit),
            (Stage::Beginning(_), Event::Saved) => Ok(self.decide(now, spent)),
            (Stage::Fetching, Event::Fetched(leads)) => {
                self.dirty = true;
                self.stage = Stage::Taking(leads);
                Ok(Action::Take)
            }
            // What is at fault is where Graph sent us, whatever it says there now.
            (Stage::Fetching, Event::Dead(_) | Event::Refused) if self.checkpoint.at_location => {
                Ok(self.begin(Why::DeadLocation, None, now))
            }
            (Stage::Fetching, Event::Dead(_)) if self.restarts == RESTARTS => Err(Stop::Restarts(RESTARTS)),
            (Stage::Fetching, Event::Dead(location)) => {
                self.restarts += 1;
                Ok(self.begin(Why::DeadToken, location, now))
            }
            (Stage::Fetching | Stage::Looking, Event::Throttled(after)) => {
                let next = plan::throttled(&self.checkpoint, after, self.epoch, now);
                let until = next.not_before.unwrap_or(now);
                Ok(self.save(next, Stage::Throttling(until)))
            }
            // Since when a stored link fails is kept; the first page has none.
            (Stage::Fetching, Event::Failing) if self.is_news() => {
                Ok(self.save(plan::failing(&self.checkpoint, self.epoch, now), Stage::Failing))
            }
            (Stage::Fetching, Event::Failing) | (Stage::Failing, Event::Saved) => Err(Stop::Failing),
            (Stage::Throttling(until), Event::Saved) => Ok(self.leave(Ending::Throttled { until })),
            (Stage::Taking(leads), Event::Taken(took)) => Ok(self.taken(leads, took, now)),
            (Stage::Saving { home }, Event::Saved) => Ok(self.walked(home, now, spent)),
            (Stage::Weighing, Event::Weighed(weight)) => Ok(self.weighed(weight, now)),
            (Stage::Announcing, Event::Saved) => Ok(self.sweep()),
            (Stage::Sweeping, Event::Swept(swept)) => Ok(self.swept(swept, now)),
            (Stage::Paying(ending), Event::Saved) => Ok(self.settle(ending)),
            (Stage::Settling(ending), Event::Settled(settled)) => Ok(self.settled(ending, settled, now)),
            (Stage::Forgetting(ending), Event::Saved) => Ok(self.leave(ending)),
            (Stage::Looking, Event::Looked(counts)) => {
                self.dirty = false;
                self.counts += counts;
                Ok(self.leave(Ending::Complete))
            }
            (Stage::Resetting, Event::Saved) => Ok(self.leave(Ending::Complete)),
            (Stage::Leaving(ending), Event::Free) => Ok(Action::End(ending)),
            // Who rang wants a walk, and that is for somebody else now.
            (Stage::Leaving(_), Event::Rung) if spent || self.task != Task::Walk => {
                Ok(self.leave(Ending::Continued))
            }
            (Stage::Leaving(_), Event::Rung) => Ok(self.load()),
            (stage, event) => panic!("{event:?} answers no action of {stage:?}"),
        }
    }

    /// Reads the checkpoint (rule 2: only after the lease is ours).
    pub fn load(&mut self) -> Action {
        self.stage = Stage::Loading;
        Action::Load
    }

    /// Whether the stored link fails for the first time since it answered.
    fn is_news(&self) -> bool {
        let has_link = !matches!(self.checkpoint.state, State::Start | State::Enumerating { link: None });
        has_link && self.checkpoint.failing_since.is_none()
    }

    fn fetch(&mut self) -> Action {
        self.stage = Stage::Fetching;
        Action::Fetch
    }

    fn begin(&mut self, why: Why, location: Option<Opaque>, now: OffsetDateTime) -> Action {
        let next = plan::begin(&self.checkpoint, &self.definition, location, self.epoch, now);
        let next = Checkpoint { unseen: why == Why::Unseen, ..next };
        self.save(next, Stage::Beginning(why))
    }

    fn taken(&mut self, leads: Leads, took: Took, now: OffsetDateTime) -> Action {
        self.counts += took.counts;
        let home = matches!(leads, Leads::Home(_));
        let run = LastRun { at: now, counts: self.counts };
        let next = plan::page(&self.checkpoint, leads, took, run, self.epoch);
        self.save(next, Stage::Saving { home })
    }

    fn walked(&mut self, home: bool, now: OffsetDateTime, spent: bool) -> Action {
        match (home, spent) {
            (false, true) => self.leave(Ending::Continued),
            (false, false) => self.fetch(),
            // What an earlier turn began tells how things were then: one more round is due.
            (true, false) if self.stale => self.decide(now, spent),
            (true, _) if self.checkpoint.owed.is_some() || self.has_links => {
                self.stage = Stage::Weighing;
                Action::Weigh
            }
            (true, _) => self.settle(Ending::Complete),
        }
    }

    fn weighed(&mut self, weight: Weight, now: OffsetDateTime) -> Action {
        // Announced by this turn's last page, or by one before that did not get as far as this.
        let doubtful_links = weight.doubtful_links || self.checkpoint.again;
        if let Some(reason) = weight.held {
            return self.settle(Ending::Held { missing: weight.missing, of: weight.living, reason });
        }
        match (self.checkpoint.owed, doubtful_links) {
            (None, false) => self.settle(Ending::Complete),
            (None, true) => self.begin(Why::DoubtfulLinks, None, now),
            (Some(_), true) if !self.checkpoint.again => {
                let next = plan::again(&self.checkpoint, self.epoch);
                self.save(next, Stage::Announcing)
            }
            (Some(_), _) => self.sweep(),
        }
    }

    fn sweep(&mut self) -> Action {
        self.dirty = true;
        self.stage = Stage::Sweeping;
        Action::Sweep
    }

    fn swept(&mut self, swept: Swept, now: OffsetDateTime) -> Action {
        self.counts += swept.counts;
        if self.checkpoint.again {
            return self.begin(Why::DoubtfulLinks, None, now);
        }
        let ending = swept.ending();
        let next = plan::swept(&self.checkpoint, swept, self.epoch);
        self.save(next, Stage::Paying(ending))
    }

    fn settle(&mut self, ending: Ending) -> Action {
        self.dirty = true;
        self.stage = Stage::Settling(ending);
        Action::Settle
    }

    fn settled(&mut self, ending: Ending, settled: Settled, now: OffsetDateTime) -> Action {
        self.dirty = false;
        self.counts += settled.counts;
        if settled.unseen && plan::is_to_be_walked_again(&self.checkpoint, now) {
            return self.begin(Why::Unseen, None, now);
        }
        if settled.uncarried.is_empty() {
            return self.leave(ending);
        }
        let next = plan::forget(&self.checkpoint, &settled.uncarried, self.epoch);
        self.save(next, Stage::Forgetting(ending))
    }

    fn leave(&mut self, ending: Ending) -> Action {
        // Whoever goes on, or comes back later, looks anyway; else a ring keeps us.
        let stay = matches!(ending, Ending::Complete | Ending::Held { .. });
        self.stage = Stage::Leaving(ending);
        Action::Leave { clean: !self.dirty, stay }
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
