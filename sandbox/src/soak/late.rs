//! Scenes in which something comes late: a write that arrives when its turn is over, or a host that does not know yet
//! that it was overtaken.

use std::time::Duration;

use super::deed::{Blow, Change, Deed, Gate};
use super::draw::{Draw, PAST_THE_LEASE};
use crate::cosmos::{self, Fault, Match, Moment};

/// A write that arrives late: its turn is over by then, since another write of the page failed or the
/// handler was killed, and the object has changed meanwhile.
pub(super) fn straggler(draw: &mut Draw<'_>) {
    let who = draw.who();
    draw.deeds.push(Deed::Change(Change::Touch, draw.random.u64(..)));
    let late = Fault::Slow(Duration::from_millis(draw.random.u64(700..2_500)));
    let nth = draw.random.usize(1..6);
    let times = draw.random.usize(1..3);
    draw.deeds.push(Deed::Cosmos(Match::writes().container("users").nth(nth), times, late));
    let breaks = match draw.random.u8(..4) {
        0 => Fault::Lost,
        1 => Fault::Reset,
        _ => Fault::Unavailable,
    };
    let then = Match::writes().container("users").nth(nth + times);
    if draw.random.u8(..4) == 0 && draw.long {
        let gate = Gate::Users(nth + times, Moment::Before);
        draw.deeds.push(Deed::Ambush { who, gate, blow: Blow::Kill, forgotten: true });
        draw.deeds.push(Deed::Fire(who));
        draw.deeds.push(Deed::Rest(PAST_THE_LEASE));
    } else {
        draw.deeds.push(Deed::Cosmos(then, 1, breaks));
        draw.deeds.push(Deed::Fire(who));
        draw.rest(150, 400);
    }
    for _ in 0..draw.random.usize(1..4) {
        let change = draw.change();
        draw.deeds.push(change);
        let next = draw.who();
        draw.deeds.push(Deed::Fire(next));
        draw.rest(100, 400);
    }
}

/// A host freezes in the middle of its turn for longer than its lease, with writes on their way; the
/// other one takes over, and the frozen one wakes late.
pub(super) fn overtaken(draw: &mut Draw<'_>) {
    let who = draw.who();
    draw.deeds.push(Deed::Change(Change::Touch, draw.random.u64(..)));
    let gate = draw.gate();
    if draw.random.bool() {
        let late = Fault::Slow(Duration::from_millis(draw.random.u64(3_400..4_500)));
        draw.deeds.push(Deed::Cosmos(Match::writes().container("users"), 2, late));
    }
    draw.deeds.push(Deed::Ambush { who, gate, blow: Blow::Freeze, forgotten: draw.random.bool() });
    draw.deeds.push(Deed::Fire(who));
    draw.deeds.push(Deed::Rest(PAST_THE_LEASE));
    for _ in 0..draw.random.usize(1..4) {
        let change = draw.change();
        draw.deeds.push(change);
        draw.deeds.push(Deed::Fire(who.other()));
        draw.rest(100, 400);
    }
    if draw.random.bool() {
        draw.deeds.push(Deed::Thaw(who));
        draw.pause(200);
    }
}

/// A host is slow to begin, or to write, and the other one takes its lease early: its clock is ahead.
pub(super) fn clocks_differ(draw: &mut Draw<'_>) {
    let who = draw.who();
    let change = draw.change();
    draw.deeds.push(change);
    let slow = Fault::Slow(Duration::from_millis(draw.random.u64(200..1_200)));
    let users = Match::writes().container("users");
    let when = match draw.random.u8(..4) {
        0 => users.clone().nth(draw.random.usize(1..5)),
        1 => Match::operation(cosmos::Operation::Replace).container("mirror").id("checkpoint"),
        _ => Match::operation(cosmos::Operation::Read).container("mirror").id("checkpoint"),
    };
    draw.deeds.push(Deed::Cosmos(when, 1, slow));
    draw.deeds.push(Deed::Fire(who));
    draw.rest(60, 200);
    draw.deeds.push(Deed::Skew);
    for _ in 0..draw.random.usize(1..5) {
        if draw.random.bool() {
            let late = Fault::Slow(Duration::from_millis(draw.random.u64(500..2_000)));
            draw.deeds.push(Deed::Cosmos(users.clone().nth(draw.random.usize(1..4)), 1, late));
        }
        let change = draw.change();
        draw.deeds.push(change);
        draw.deeds.push(Deed::Fire(who.other()));
        draw.rest(80, 400);
    }
}

/// As above, to the point: one that reads the checkpoint only after the other one has saved it goes on
/// beside a third turn, and one of its writes arrives late.
pub(super) fn overtaken_before_it_reads(draw: &mut Draw<'_>) {
    let who = draw.who();
    draw.deeds.extend([Deed::Delay, Deed::Fire(who), Deed::Skew, Deed::Turn(who.other())]);
    draw.deeds.push(Deed::Change(Change::Touch, draw.random.u64(..)));
    let late = Fault::Slow(Duration::from_millis(draw.random.u64(700..1_500)));
    draw.deeds.push(Deed::Cosmos(Match::writes().container("users"), 1, late));
    draw.deeds.push(Deed::GoOn);
    draw.rest(40, 150);
    draw.deeds.push(Deed::Change(Change::Touch, draw.random.u64(..)));
    draw.deeds.push(Deed::Turn(who.other()));
}
