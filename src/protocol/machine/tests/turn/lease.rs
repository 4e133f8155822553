//! The lease of a turn in the model: taken, lost, and given back.

use std::time::Duration;

use super::{Shared, Taken, Turn, step};
use crate::protocol::machine::Event;
use crate::protocol::machine::tests::world::{LEASE, LeaseDoc, Off, World, clock};
use crate::protocol::{borne_out, first_epoch};

pub(super) async fn acquire(world: &Shared, me: u32) -> Option<Taken> {
    for _ in 0..5 {
        let found = world.borrow().lease.clone();
        step().await;
        let Some(found) = found else {
            let clean = world.borrow().is_off(Off::LostLease);
            cas_lease(&mut world.borrow_mut(), None, LeaseDoc { clean, ..LeaseDoc::default() });
            step().await;
            continue;
        };
        let before =
            if found.epoch == 0 { first_epoch_after(world, me, &found).await - 1 } else { found.epoch };
        let now = world.borrow().own_clock(me);
        let end = match world.borrow().is_off(Off::LeaseEnd) {
            true => found.expires,
            false => found.expires.min(found.written + 1 + LEASE),
        };
        let taken = found.holder.is_some_and(|holder| holder != me) && now < end;
        if taken && found.rung {
            return None;
        }
        // Whoever rings moves no end that was believed so far.
        let next = if taken {
            LeaseDoc { rung: true, expires: end, ..found.clone() }
        } else {
            let epoch = before + 1;
            LeaseDoc {
                holder: Some(me),
                epoch,
                expires: now + LEASE,
                clean: false,
                rung: false,
                ..found.clone()
            }
        };
        let epoch = next.epoch;
        let done = cas_lease(&mut world.borrow_mut(), Some(&found), next);
        let written = world.borrow().now;
        world.borrow_mut().note(|| format!("{me}: lease, taken {taken}, epoch {epoch}, done {done}"));
        step().await;
        if done {
            let world = world.borrow();
            let took = Duration::from_secs((world.now - written).unsigned_abs());
            let own = clock(world.own_clock(me));
            let span = borne_out(own, clock(written).unix_timestamp(), took);
            let ahead = [span.earliest, span.latest].map(|then| (then - clock(world.now)).whole_seconds());
            return (!taken).then_some(Taken { epoch, clean: found.clean, until: written + LEASE, ahead });
        }
    }
    None
}

/// The epoch of whoever is the first to take a lease that was just created: before the first turn, or after a loss.
async fn first_epoch_after(world: &Shared, me: u32, found: &LeaseDoc) -> u64 {
    let checkpoint = world.borrow().checkpoint.as_ref().map(|(checkpoint, _)| checkpoint.epoch);
    step().await;
    let mut world = world.borrow_mut();
    let own = world.own_clock(me);
    let own = world.moment(own);
    match world.options.off {
        Some(Off::LostEpoch) => checkpoint.map_or(1, |epoch| epoch + 1),
        Some(Off::OwnClock) => first_epoch(checkpoint, own.unix_timestamp(), own),
        _ => first_epoch(checkpoint, clock(found.written).unix_timestamp(), own),
    }
}

/// Writes the lease over the one that was found; none: creates it.
fn cas_lease(world: &mut World, found: Option<&LeaseDoc>, next: LeaseDoc) -> bool {
    if world.lease.as_ref().map(|lease| lease.etag) != found.map(|found| found.etag) {
        return false;
    }
    let etag = world.next_etag();
    world.lease = Some(LeaseDoc { etag, written: world.now, ..next });
    world.maybe_lost().is_ok()
}

impl Turn {
    pub(super) async fn release(&mut self, clean: bool, stay: bool, checkpoint: u64) -> Event {
        for _ in 0..4 {
            let found = self.world.borrow().lease.clone();
            step().await;
            let Some(found) = found else { return Event::Free };
            if found.holder != Some(self.me) || found.epoch != self.epoch {
                return Event::Free;
            }
            let rung = found.rung && stay;
            let next = if rung {
                LeaseDoc { rung: false, ..found.clone() }
            } else {
                LeaseDoc {
                    holder: None,
                    clean,
                    expires: 0,
                    epoch: found.epoch.max(checkpoint),
                    ..found.clone()
                }
            };
            let done = cas_lease(&mut self.world.borrow_mut(), Some(&found), next);
            step().await;
            if done {
                let me = self.me;
                self.world.borrow_mut().note(|| format!("{me}: gives back, clean {clean}, rung {rung}"));
                return if rung { Event::Rung } else { Event::Free };
            }
        }
        Event::Free
    }
}
