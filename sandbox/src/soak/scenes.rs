//! Which deeds follow each other: single ones, and scenes of several that together are known to be hard.

use std::time::Duration;

use fastrand::Rng;

use super::deed::{Blow, Change, Deed, Gate, Who};
use crate::cosmos::{self, Fault, Match, Moment};
use crate::graph::{self, Framing, RetryAfter, TokenDeath};

/// Longer than the lease of a dead handler lasts.
const PAST_THE_LEASE: Duration = Duration::from_millis(3_300);

/// A history being drawn.
pub(super) struct Draw<'a> {
    pub(super) random: &'a mut Rng,
    pub(super) deeds: Vec<Deed>,
    /// Leases may run out in it, which takes real time.
    pub(super) long: bool,
}

impl Draw<'_> {
    /// One more scene.
    pub(super) fn scene(&mut self) {
        match self.random.u8(..100) {
            0..30 => (0..self.random.usize(1..5)).for_each(|_| self.single()),
            30..50 => self.straggler(),
            50..65 => self.death(),
            65..80 => self.ambush(Blow::Kill),
            80..85 => self.two_at_once(),
            85..91 => self.clocks_differ(),
            _ if self.long => self.overtaken(),
            _ => self.ambush(Blow::Freeze),
        }
    }

    fn single(&mut self) {
        let who = self.who();
        let deed = match self.random.u8(..100) {
            0..25 => self.change(),
            25..50 => Deed::Fire(who),
            50..58 => Deed::Pump(who),
            58..68 => self.graph_fault(),
            68..80 => self.cosmos_fault(),
            80..84 => Deed::Kill(who),
            84..88 => Deed::Freeze(who),
            88..93 => Deed::Thaw(who),
            93 => Deed::Skew,
            94..96 => Deed::Lag(self.random.usize(..4)),
            _ => Deed::PageSize(self.random.usize(1..8)),
        };
        self.deeds.push(deed);
        self.pause(80);
    }

    /// A write that arrives late: its turn is over by then, since another write of the page failed or the
    /// handler was killed, and the object has changed meanwhile.
    fn straggler(&mut self) {
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

    /// All links die, perhaps in the middle of the enumeration that follows, and perhaps after removals that
    /// no link has told yet.
    fn death(&mut self) {
        for _ in 0..self.random.usize(1..4) {
            let change = self.change();
            self.deeds.push(change);
            let death = self.token_death();
            if self.random.bool() {
                self.deeds.push(Deed::TokensDie(death));
            } else {
                let when = graph::Match::any().nth(self.random.usize(1..4));
                self.deeds.push(Deed::Graph(when, 1, graph::Fault::TokenDead(death)));
            }
            let who = self.who();
            self.deeds.push(Deed::Fire(who));
            self.pause(250);
        }
    }

    /// The host is struck at some request of its turn.
    fn ambush(&mut self, blow: Blow) {
        let who = self.who();
        let change = self.change();
        self.deeds.push(change);
        let gate = self.gate();
        self.deeds.push(Deed::Ambush { who, gate, blow, forgotten: self.random.bool() });
        self.deeds.push(Deed::Fire(who));
        self.rest(100, 300);
        if self.long && self.random.bool() {
            self.deeds.push(Deed::Rest(PAST_THE_LEASE));
        }
        if self.random.bool() {
            self.deeds.push(Deed::Fire(who.other()));
            self.pause(150);
        }
        if blow == Blow::Freeze && self.random.bool() {
            self.deeds.push(Deed::Thaw(who));
        }
    }

    /// A host freezes in the middle of its turn for longer than its lease, with writes on their way; the
    /// other one takes over, and the frozen one wakes late.
    fn overtaken(&mut self) {
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

    /// Both hosts, and the queue, want the feed.
    fn two_at_once(&mut self) {
        for who in Who::BOTH {
            let change = self.change();
            self.deeds.push(change);
            self.deeds.push(Deed::Fire(who));
            self.pause(60);
            if self.random.bool() {
                self.deeds.push(Deed::Pump(who.other()));
            }
        }
    }

    /// A host is slow to begin, or to write, and the other one takes its lease early: its clock is ahead.
    fn clocks_differ(&mut self) {
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

    fn who(&mut self) -> Who {
        Who::BOTH[self.random.usize(..2)]
    }

    fn change(&mut self) -> Deed {
        let change = match self.random.u8(..10) {
            0 | 1 => Change::Touch,
            2 | 3 => Change::Remove,
            4 => Change::Restore,
            5 => Change::Create(self.random.usize(1..4)),
            _ => Change::Few(self.random.usize(1..8)),
        };
        Deed::Change(change, self.random.u64(..))
    }

    fn gate(&mut self) -> Gate {
        let moment = if self.random.bool() { Moment::Before } else { Moment::After };
        match self.random.u8(..5) {
            0 => Gate::Graph(self.random.usize(1..5)),
            1 | 2 => Gate::Mirror(self.random.usize(1..12), moment),
            _ => Gate::Users(self.random.usize(1..15), moment),
        }
    }

    fn graph_fault(&mut self) -> Deed {
        let fault = match self.random.u8(..8) {
            0 | 1 => graph::Fault::Throttle { status: 429, retry_after: self.retry_after() },
            2 => graph::Fault::Throttle { status: 503, retry_after: RetryAfter::Absent },
            3 => graph::Fault::Reset,
            4 => graph::Fault::CutBody(Framing::Length),
            5 => graph::Fault::CutBody(Framing::Chunked),
            6 => graph::Fault::Html,
            _ => graph::Fault::TokenDead(self.token_death()),
        };
        Deed::Graph(graph::Match::any().nth(self.random.usize(1..4)), 1, fault)
    }

    fn retry_after(&mut self) -> RetryAfter {
        match self.random.u8(..3) {
            0 => RetryAfter::Seconds("0.4".into()),
            1 => RetryAfter::DateIn(Duration::from_secs(1)),
            _ => RetryAfter::Absent,
        }
    }

    fn token_death(&mut self) -> TokenDeath {
        TokenDeath::ALL[self.random.usize(..TokenDeath::ALL.len())]
    }

    fn cosmos_fault(&mut self) -> Deed {
        let (fault, times) = match self.random.u8(..6) {
            0 => (Fault::Throttle { retry_after_ms: self.random.u64(10..150) }, self.random.usize(1..8)),
            1 => (Fault::RetryWith, self.random.usize(1..4)),
            2 => (Fault::Unavailable, 1),
            3 | 4 => (Fault::Lost, 1),
            _ => (Fault::Reset, 1),
        };
        let container = if self.random.bool() { "users" } else { "mirror" };
        let when = cosmos::Match::writes().container(container).nth(self.random.usize(1..7));
        Deed::Cosmos(when, times, fault)
    }

    /// Nothing, or up to so many milliseconds.
    fn pause(&mut self, most: u64) {
        if self.random.bool() {
            self.rest(0, most);
        }
    }

    fn rest(&mut self, least: u64, most: u64) {
        self.deeds.push(Deed::Rest(Duration::from_millis(self.random.u64(least..most))));
    }
}
