//! Drawing single deeds from a seed.

use std::time::Duration;

use fastrand::Rng;

use super::deed::{Blow, Change, Deed, Gate, Who};
use crate::cosmos::{self, Fault, Moment};
use crate::graph::{self, Framing, RetryAfter, TokenDeath};

/// The value of `DOUBT_MINUTES`.
pub(super) const DOUBT: Duration = Duration::from_millis(1_200);
/// Longer than the lease of a dead handler lasts.
pub(super) const PAST_THE_LEASE: Duration = Duration::from_millis(3_300);

/// A history being drawn.
pub(super) struct Draw<'a> {
    pub(super) random: &'a mut Rng,
    pub(super) deeds: Vec<Deed>,
    /// Leases may run out in it, which takes real time.
    pub(super) long: bool,
    /// The removal limit may hold a sweep in it.
    pub(super) limited: bool,
}

impl Draw<'_> {
    pub(super) fn single(&mut self) {
        let who = self.who();
        let deed = match self.random.u8(..100) {
            0..25 => self.change(),
            25..50 => Deed::Fire(who),
            50..58 => Deed::Pump(who),
            58..68 => self.graph_fault(),
            68..80 => self.cosmos_fault(),
            80..84 => Deed::Strike(who, Blow::Kill),
            84..88 => Deed::Strike(who, Blow::Freeze),
            88..93 => Deed::Thaw(who),
            93 => Deed::Skew,
            94 | 95 => Deed::Lag(self.random.usize(..4)),
            96 => Deed::Accept,
            97 => Deed::Refresh(who, self.random.u64(..)),
            _ => Deed::PageSize(self.random.usize(1..8)),
        };
        self.deeds.push(deed);
        self.pause(80);
    }

    pub(super) fn who(&mut self) -> Who {
        Who::BOTH[self.random.usize(..2)]
    }

    pub(super) fn change(&mut self) -> Deed {
        let change = match self.random.u8(..10) {
            0 | 1 => Change::Touch,
            2 | 3 => Change::Remove,
            4 => Change::Restore,
            5 => Change::Create(self.random.usize(1..4)),
            _ => Change::Few(self.random.usize(1..8)),
        };
        Deed::Change(change, self.random.u64(..))
    }

    pub(super) fn gate(&mut self) -> Gate {
        let moment = if self.random.bool() { Moment::Before } else { Moment::After };
        match self.random.u8(..6) {
            0 => Gate::Graph(self.random.usize(1..5)),
            1 | 2 => Gate::Mirror(self.random.usize(1..12), moment),
            3 => Gate::Links(self.random.usize(1..6), moment),
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

    pub(super) fn token_death(&mut self) -> TokenDeath {
        TokenDeath::ALL[self.random.usize(..TokenDeath::ALL.len())]
    }

    fn cosmos_fault(&mut self) -> Deed {
        let (fault, times) = match self.random.u8(..8) {
            0 => (Fault::Throttle { retry_after_ms: self.random.u64(10..150) }, self.random.usize(1..8)),
            1 => (Fault::RetryWith, self.random.usize(1..4)),
            2 => (Fault::Unavailable, 1),
            3 | 4 => (Fault::Lost, 1),
            5 => (Fault::Twice, self.random.usize(1..3)),
            6 => return self.precondition(),
            _ => (Fault::Reset, 1),
        };
        let container = ["users", "mirror", "mirror", "groups-members", "users"][self.random.usize(..5)];
        let when = cosmos::Match::writes().container(container).nth(self.random.usize(1..7));
        Deed::Cosmos(when, times, fault)
    }

    /// A write over a version is refused with 412. The lease and the checkpoint may be refused without any other write;
    /// a document only because its own write was sent twice, since a sweep rightly takes 412 for a newer version.
    fn precondition(&mut self) -> Deed {
        let over = cosmos::Match::operation(cosmos::Operation::Replace);
        match self.random.u8(..3) {
            0 => Deed::Cosmos(over.container("users").nth(self.random.usize(1..3)), 1, Fault::Twice),
            1 => Deed::Cosmos(over.container("mirror").id("checkpoint"), 1, Fault::Refuse(412)),
            _ => Deed::Cosmos(over.container("mirror").nth(self.random.usize(1..6)), 1, Fault::Refuse(412)),
        }
    }

    /// Rests for up to so many milliseconds, or not at all.
    pub(super) fn pause(&mut self, most: u64) {
        if self.random.bool() {
            self.rest(0, most);
        }
    }

    pub(super) fn rest(&mut self, least: u64, most: u64) {
        self.deeds.push(Deed::Rest(Duration::from_millis(self.random.u64(least..most))));
    }
}
