//! What a turn does with the checkpoint that it loaded (rules 2, 3 and 14), and where it begins; pure.

use time::OffsetDateTime;

use super::events::Stage;
use super::{Action, Machine, Stop, Task};
use crate::protocol::Ending;
use crate::protocol::plan::{self, Step};
use crate::protocol::{Checkpoint, Containers, Numbers};

pub(super) fn loaded(
    machine: &mut Machine,
    found: Checkpoint,
    containers: Containers,
    now: OffsetDateTime,
    spent: bool,
) -> Result<Action, Stop> {
    (machine.definition.containers, machine.unfit) = (containers.ids, containers.unfit);
    machine.checkpoint = plan::bounded(found, now);
    plan::belongs(&machine.checkpoint, &machine.definition).map_err(Stop::AnotherTenant)?;
    if machine.checkpoint.epoch > machine.epoch {
        // Nobody knows how the turn of that epoch ended.
        machine.dirty = true;
        return Err(Stop::Overtaken);
    }
    if machine.has_abandoned {
        return start(machine, now, spent);
    }
    machine.abandons += 1;
    let next = plan::abandon(&machine.checkpoint, machine.epoch, now);
    Ok(machine.save(next, Stage::Abandoning))
}

/// Every number that a document carries is doubtful from now on, so there is none to abandon. But a turn before that
/// did not end cleanly may be about to create a checkpoint, and only a checkpoint that exists prevents that. An enumeration and
/// a reset save one at once. A look would save none.
pub(super) fn lost(
    machine: &mut Machine,
    numbers: Numbers,
    containers: Containers,
    now: OffsetDateTime,
    spent: bool,
) -> Result<Action, Stop> {
    (machine.definition.containers, machine.unfit) = (containers.ids, containers.unfit);
    machine.checkpoint = plan::blank(&machine.definition, numbers, now);
    if machine.task == Task::LookUp && !machine.has_abandoned {
        machine.abandons += 1;
        let next = plan::abandon(&machine.checkpoint, machine.epoch, now);
        return Ok(machine.save(next, Stage::Abandoning));
    }
    (machine.has_abandoned, machine.dirty) = (true, false);
    start(machine, now, spent)
}

/// Continues, unless a container does not have what it needs: then the turn writes nothing to it (rule 14).
pub(super) fn start(machine: &mut Machine, now: OffsetDateTime, spent: bool) -> Result<Action, Stop> {
    let Some(unfit) = machine.unfit.take().filter(|_| machine.task != Task::Reset) else {
        return Ok(decide(machine, now, spent));
    };
    match plan::expired(&machine.checkpoint, &unfit.container, machine.epoch) {
        Some(next) if unfit.is_lossy => Ok(machine.save(next, Stage::Refusing)),
        _ => Err(Stop::Unfit),
    }
}

pub(super) fn decide(machine: &mut Machine, now: OffsetDateTime, spent: bool) -> Action {
    match plan::next(&machine.checkpoint, &machine.definition, now) {
        _ if machine.task == Task::Reset => {
            machine.save(plan::reset(&machine.checkpoint, machine.epoch), Stage::Resetting)
        }
        Step::Wait(until) => machine.leave(Ending::Throttled { until }),
        // A feed that has ended is not read again, so an object that is read by id now would stay in the copy.
        _ if machine.task == Task::LookUp && machine.checkpoint.ended.is_some() => {
            machine.save(plan::reopened(&machine.checkpoint, machine.epoch), Stage::Reopening)
        }
        _ if machine.task == Task::LookUp => {
            machine.dirty = true;
            machine.stage = Stage::LookingUp;
            Action::LookUp
        }
        Step::Rest => machine.leave(Ending::Complete),
        Step::Begin(why) => machine.begin(why, None, now),
        Step::Continue => {
            // A list begins anew with the next turn anyway, and one that is longer than a budget must not begin for ever.
            let is_delta = machine.definition.mode.is_delta();
            machine.stale = is_delta && machine.checkpoint.open_since.is_some() && !spent;
            machine.fetch()
        }
    }
}
