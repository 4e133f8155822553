//! The lease of a turn in the model: taken, lost, and given back, by the decisions that ship.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Shared, Taken, Turn, step};
use crate::protocol::lease::{Entry, enter};
use crate::protocol::machine::Event;
use crate::protocol::machine::tests::world::{LEASE, Off, World, clock};
use crate::protocol::{Purpose, Released, Terms, borne_out, first_epoch};

/// Life of the lease.
const LIFE: Duration = Duration::from_secs(LEASE.unsigned_abs());

pub(super) async fn acquire(world: &Shared, me: u32, feed: usize, purpose: Purpose) -> Option<Taken> {
    let (started, mut was_clean) = (world.borrow().now, false);
    for _ in 0..5 {
        let begun = world.borrow().now;
        let now = own_moment(world, me);
        let found = world.borrow().leases[feed].clone();
        step().await;
        let Some((found, etag)) = found else {
            let mut created = Terms::created("model");
            created.clean = world.borrow().is_off(Off::LostLease);
            write_lease(&mut world.borrow_mut(), feed, None, created);
            step().await;
            continue;
        };
        let mut terms = if found.is_new() { before_first(world, feed, found, now).await } else { found };
        if world.borrow().is_off(Off::LeaseEnd) {
            // Nobody knows then when it was written, and has to believe what it says.
            terms.written = 0;
        }
        let (next, is_ours) = match enter(terms, &me.to_string(), purpose, now, LIFE) {
            // The answer to our own write was lost.
            Entry::Ours(terms) => return Some(taken(world, me, terms, was_clean, [started, begun], now)),
            Entry::AlreadyRequested(_) | Entry::GiveWay(_) => return None,
            Entry::RequestRerun(terms) | Entry::Create(terms) => (terms, false),
            Entry::Take { terms, clean } => {
                was_clean = clean;
                (terms, true)
            }
        };
        let epoch = next.epoch;
        let written = write_lease(&mut world.borrow_mut(), feed, Some(etag), next);
        let done = written.is_some();
        world.borrow_mut().note(|| format!("{me}: lease, takes it {is_ours}, epoch {epoch}, done {done}"));
        step().await;
        if let Some(terms) = written {
            return is_ours.then(|| taken(world, me, terms, was_clean, [started, begun], now));
        }
    }
    None
}

/// A moment as the clock says on which a turn runs.
pub(super) fn own_moment(world: &Shared, me: u32) -> OffsetDateTime {
    let mut world = world.borrow_mut();
    let second = world.own_clock(me);
    world.moment(second)
}

/// What a turn knows that has taken the lease: `started`, and in the last try `begun`, when its clock said `now`.
fn taken(
    world: &Shared,
    me: u32,
    terms: Terms,
    clean: bool,
    [started, begun]: [i64; 2],
    now: OffsetDateTime,
) -> Taken {
    let world = world.borrow();
    let took = Duration::from_secs((world.now - started).unsigned_abs());
    let span = borne_out(clock(world.own_clock(me)), terms.written, took);
    let ahead = [span.earliest, span.latest].map(|then| (then - clock(world.now)).whole_seconds());
    let until = begun + terms.left(now).as_secs().cast_signed();
    Taken { terms, clean, until, ahead }
}

/// The lease that was just created, before its first turn: the first one of all, or the first after a loss.
async fn before_first(world: &Shared, feed: usize, mut found: Terms, own: OffsetDateTime) -> Terms {
    let checkpoint = world.borrow().checkpoints[feed].as_ref().map(|(checkpoint, _)| checkpoint.epoch);
    step().await;
    match world.borrow().options.off {
        Some(Off::LostEpoch) => found.epoch = checkpoint.unwrap_or(0),
        Some(Off::OwnClock) => found.epoch = first_epoch(checkpoint, own.unix_timestamp(), own) - 1,
        _ => found = found.before_first(checkpoint, own),
    }
    found
}

/// Writes the lease over the version that was found; none: creates it. What comes back is what Cosmos shows; nothing
/// where somebody else was faster, or the answer was lost.
fn write_lease(world: &mut World, feed: usize, found: Option<u64>, mut terms: Terms) -> Option<Terms> {
    if world.leases[feed].as_ref().map(|(_, etag)| *etag) != found {
        return None;
    }
    terms.written = world.now;
    world.leases[feed] = Some((terms.clone(), world.next_etag()));
    world.maybe_lost().is_ok().then_some(terms)
}

impl Turn {
    /// Renews the lease; false when it is another turn's, or gone.
    pub(super) fn renew(&mut self) -> bool {
        let now = own_moment(&self.world, self.me);
        let mut world = self.world.borrow_mut();
        let ours = world.leases[self.feed]
            .clone()
            .filter(|(lease, _)| lease.is_same_turn(&self.terms) && world.now < lease.written + 2 * LEASE);
        let Some((ours, _)) = ours else { return false };
        self.until = world.now + LEASE;
        let mut terms = ours.renewed(now, LIFE);
        terms.written = world.now;
        world.leases[self.feed] = Some((terms, world.next_etag()));
        true
    }

    pub(super) async fn release(
        &mut self,
        clean: bool,
        stay: bool,
        settled: Option<bool>,
        checkpoint: u64,
    ) -> Event {
        let settled = if self.world.borrow().is_off(Off::Settled) { Some(true) } else { settled };
        for _ in 0..4 {
            let found = self.world.borrow().leases[self.feed].clone();
            step().await;
            let Some((found, etag)) = found.filter(|(found, _)| found.is_same_turn(&self.terms)) else {
                return Event::Free;
            };
            let (next, released) = found.given_back(clean, stay, settled, checkpoint);
            let done = write_lease(&mut self.world.borrow_mut(), self.feed, Some(etag), next).is_some();
            step().await;
            if done {
                let me = self.me;
                self.world.borrow_mut().note(|| format!("{me}: gives back, clean {clean}, {released:?}"));
                return match released {
                    Released::RerunRequested => Event::RerunRequested,
                    Released::Done => Event::Free,
                };
            }
        }
        Event::Free
    }
}
