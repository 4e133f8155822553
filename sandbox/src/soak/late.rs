//! Scenes in which something comes late: a write that arrives when its turn is over, or a host that does not know yet
//! that it was overtaken.

use std::time::Duration;

use super::deed::{Blow, Change, Deed, Gate};
use super::draw::Draw;
use super::scenes::PAST_THE_LEASE;
use crate::cosmos::{self, Fault, Match, Moment};

impl Draw<'_> {
    /// A write that arrives late: its turn is over by then, since another write of the page failed or the
    /// handler was killed, and the object has changed meanwhile.
    pub(super) fn straggler(&mut self) {
        let who = self.who();
        self.deeds.push(Deed::Change(Change::Touch, self.random.u64(..)));
        let late = Fault::Slow(Duration::from_millis(self.random.u64(700..2_500)));
        let nth = self.random.usize(1..6);
        let times = self.random.usize(1..3);
        self.deeds.push(Deed::Cosmos(Match::writes().container("users").nth(nth), times, late));
        let breaks = match self.random.u8(..4) {
            0 => Fault::Lost,
            1 => Fault::Reset,
            _ => Fault::Unavailable,
        };
        let then = Match::writes().container("users").nth(nth + times);
        if self.random.u8(..4) == 0 && self.long {
            let gate = Gate::Users(nth + times, Moment::Before);
            self.deeds.push(Deed::Ambush { who, gate, blow: Blow::Kill, forgotten: true });
            self.deeds.push(Deed::Fire(who));
            self.deeds.push(Deed::Rest(PAST_THE_LEASE));
        } else {
            self.deeds.push(Deed::Cosmos(then, 1, breaks));
            self.deeds.push(Deed::Fire(who));
            self.rest(150, 400);
        }
        for _ in 0..self.random.usize(1..4) {
            let change = self.change();
            self.deeds.push(change);
            let next = self.who();
            self.deeds.push(Deed::Fire(next));
            self.rest(100, 400);
        }
    }

    /// A host freezes in the middle of its turn for longer than its lease, with writes on their way; the
    /// other one takes over, and the frozen one wakes late.
    pub(super) fn overtaken(&mut self) {
        let who = self.who();
        self.deeds.push(Deed::Change(Change::Touch, self.random.u64(..)));
        let gate = self.gate();
        if self.random.bool() {
            let late = Fault::Slow(Duration::from_millis(self.random.u64(3_400..4_500)));
            self.deeds.push(Deed::Cosmos(Match::writes().container("users"), 2, late));
        }
        self.deeds.push(Deed::Ambush { who, gate, blow: Blow::Freeze, forgotten: self.random.bool() });
        self.deeds.push(Deed::Fire(who));
        self.deeds.push(Deed::Rest(PAST_THE_LEASE));
        for _ in 0..self.random.usize(1..4) {
            let change = self.change();
            self.deeds.push(change);
            self.deeds.push(Deed::Fire(who.other()));
            self.rest(100, 400);
        }
        if self.random.bool() {
            self.deeds.push(Deed::Thaw(who));
            self.pause(200);
        }
    }

    /// A host is slow to begin, or to write, and the other one takes its lease early: its clock is ahead.
    pub(super) fn clocks_differ(&mut self) {
        let who = self.who();
        let change = self.change();
        self.deeds.push(change);
        let slow = Fault::Slow(Duration::from_millis(self.random.u64(200..1_200)));
        let users = Match::writes().container("users");
        let when = match self.random.u8(..4) {
            0 => users.clone().nth(self.random.usize(1..5)),
            1 => Match::operation(cosmos::Operation::Replace).container("mirror").id("checkpoint"),
            _ => Match::operation(cosmos::Operation::Read).container("mirror").id("checkpoint"),
        };
        self.deeds.push(Deed::Cosmos(when, 1, slow));
        self.deeds.push(Deed::Fire(who));
        self.rest(60, 200);
        self.deeds.push(Deed::Skew);
        for _ in 0..self.random.usize(1..5) {
            if self.random.bool() {
                let late = Fault::Slow(Duration::from_millis(self.random.u64(500..2_000)));
                self.deeds.push(Deed::Cosmos(users.clone().nth(self.random.usize(1..4)), 1, late));
            }
            let change = self.change();
            self.deeds.push(change);
            self.deeds.push(Deed::Fire(who.other()));
            self.rest(80, 400);
        }
    }

    /// As above, to the point: one that reads the checkpoint only after the other one has saved it goes on
    /// beside a third turn, and one of its writes arrives late.
    pub(super) fn overtaken_before_it_reads(&mut self) {
        let who = self.who();
        self.deeds.extend([Deed::Delay, Deed::Fire(who), Deed::Skew, Deed::Turn(who.other())]);
        self.deeds.push(Deed::Change(Change::Touch, self.random.u64(..)));
        let late = Fault::Slow(Duration::from_millis(self.random.u64(700..1_500)));
        self.deeds.push(Deed::Cosmos(Match::writes().container("users"), 1, late));
        self.deeds.push(Deed::GoOn);
        self.rest(40, 150);
        self.deeds.push(Deed::Change(Change::Touch, self.random.u64(..)));
        self.deeds.push(Deed::Turn(who.other()));
    }
}
