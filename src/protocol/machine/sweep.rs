//! What follows when a round is complete: weighing, sweeping and settling (rules 8, 9, 11 and 12); pure.

use time::OffsetDateTime;

use super::events::Stage;
use super::{Action, Machine, Settled, Weight};
use crate::protocol::plan::{self, Swept, Why};
use crate::protocol::{Checkpoint, Ending, doubt};

pub(super) fn weighed(machine: &mut Machine, weight: Weight, now: OffsetDateTime) -> Action {
    // The save of this turn's last page announced it, or an earlier turn that ended before the sweep.
    let doubtful_links = weight.doubtful_links || machine.checkpoint.reenumerate;
    machine.doubtful_links = weight.doubts;
    let Weight { missing, living: of, held, seen_lost, .. } = weight;
    match held {
        _ if seen_lost => return machine.begin(Why::SeenLost, None, now),
        Some(reason) => return settle(machine, Ending::Held { missing, of, reason }),
        None => {}
    }
    match (machine.checkpoint.pending_sweep, doubtful_links) {
        (None, false) => settle(machine, Ending::Complete),
        (None, true) => machine.begin(Why::DoubtfulLinks, None, now),
        (Some(_), true) if !machine.checkpoint.reenumerate => {
            let next = plan::again(&machine.checkpoint, machine.epoch);
            machine.save(next, Stage::Announcing)
        }
        (Some(_), _) => sweep(machine),
    }
}

pub(super) fn sweep(machine: &mut Machine) -> Action {
    machine.dirty = true;
    machine.stage = Stage::Sweeping;
    Action::Sweep
}

pub(super) fn swept(machine: &mut Machine, swept: Swept, now: OffsetDateTime) -> Action {
    machine.counts += swept.counts;
    if machine.checkpoint.reenumerate {
        machine.checkpoint.wrote_at = plan::wrote_at(&machine.checkpoint, swept.counts, now);
        return machine.begin(Why::DoubtfulLinks, None, now);
    }
    let ending = swept.ending();
    let next = plan::swept(&machine.checkpoint, swept, machine.epoch, now);
    let next = plan::ended(next, &machine.definition, now);
    machine.save(next, Stage::SavingSweep(ending))
}

pub(super) fn settle(machine: &mut Machine, ending: Ending) -> Action {
    machine.dirty = true;
    machine.stage = Stage::Settling(ending);
    Action::Settle
}

pub(super) fn settled(
    machine: &mut Machine,
    ending: Ending,
    settled: Settled,
    now: OffsetDateTime,
) -> Action {
    machine.dirty = false;
    machine.settled = Some(!settled.doubts && !machine.doubtful_links);
    machine.counts += settled.counts;
    if settled.unseen && doubt::needs_another_enumeration(&machine.checkpoint, now) {
        return machine.begin(Why::Unseen, None, now);
    }
    if settled.uncarried.is_empty() && settled.counts.written() == 0 {
        return machine.leave(ending);
    }
    let wrote_at = plan::wrote_at(&machine.checkpoint, settled.counts, now);
    let next = plan::forget(&machine.checkpoint, &settled.uncarried, machine.epoch);
    let next = Checkpoint { wrote_at, ..next };
    machine.save(next, Stage::Forgetting(ending))
}
