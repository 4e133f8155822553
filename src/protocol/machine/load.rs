//! What a turn does with the checkpoint that it loaded (rules 2, 3 and 14), and where it begins; pure.

use time::OffsetDateTime;

use super::words::Stage;
use super::{Action, Machine, Stop, Task};
use crate::protocol::Ending;
use crate::protocol::plan::{self, Step};
use crate::protocol::{Checkpoint, Containers, Numbers};

impl Machine {
    pub(super) fn loaded(
        &mut self,
        found: Checkpoint,
        containers: Containers,
        now: OffsetDateTime,
        spent: bool,
    ) -> Result<Action, Stop> {
        (self.definition.containers, self.unfit) = (containers.ids, containers.unfit);
        self.checkpoint = plan::bounded(found, now);
        plan::belongs(&self.checkpoint, &self.definition).map_err(Stop::AnotherTenant)?;
        if self.checkpoint.epoch > self.epoch {
            // Nobody knows how the turn of that epoch ended.
            self.dirty = true;
            return Err(Stop::Overtaken);
        }
        if self.burnt {
            return self.start(now, spent);
        }
        self.burns += 1;
        let next = plan::burn(&self.checkpoint, self.epoch, now);
        Ok(self.save(next, Stage::Burning))
    }

    /// Whatever the documents carry is doubtful from now on: there is nothing else to abandon. But the turn before, if it
    /// did not end cleanly, may still be about to make a checkpoint of its own; one that is there first keeps it from that.
    /// A walk and a reset save theirs at once, a look would save none.
    pub(super) fn lost(
        &mut self,
        numbers: Numbers,
        containers: Containers,
        now: OffsetDateTime,
        spent: bool,
    ) -> Result<Action, Stop> {
        (self.definition.containers, self.unfit) = (containers.ids, containers.unfit);
        self.checkpoint = plan::blank(&self.definition, numbers, now);
        if self.task == Task::Look && !self.burnt {
            self.burns += 1;
            let next = plan::burn(&self.checkpoint, self.epoch, now);
            return Ok(self.save(next, Stage::Burning));
        }
        (self.burnt, self.dirty) = (true, false);
        self.start(now, spent)
    }

    /// Nothing is written to containers that are not as they have to be (rule 14).
    pub(super) fn start(&mut self, now: OffsetDateTime, spent: bool) -> Result<Action, Stop> {
        let Some(unfit) = self.unfit.take().filter(|_| self.task != Task::Reset) else {
            return Ok(self.decide(now, spent));
        };
        match plan::expired(&self.checkpoint, &unfit.container, self.epoch) {
            Some(next) if unfit.is_lossy => Ok(self.save(next, Stage::Refusing)),
            _ => Err(Stop::Unfit),
        }
    }

    pub(super) fn decide(&mut self, now: OffsetDateTime, spent: bool) -> Action {
        match plan::next(&self.checkpoint, &self.definition, now) {
            _ if self.task == Task::Reset => {
                self.save(plan::reset(&self.checkpoint, self.epoch), Stage::Resetting)
            }
            Step::Wait(until) => self.leave(Ending::Throttled { until }),
            _ if self.task == Task::Look => {
                self.dirty = true;
                self.stage = Stage::Looking;
                Action::Look
            }
            Step::Begin(why) => self.begin(why, None, now),
            Step::Walk => {
                self.stale = self.checkpoint.open_since.is_some() && !spent;
                self.fetch()
            }
        }
    }
}
