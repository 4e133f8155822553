//! Which deeds follow each other: single ones, and scenes of several that together are known to be hard.
//! Every scene is something that happens to an app in the cloud, only more often.

use std::time::Duration;

use super::deed::{Blow, Change, Deed, Who};
use super::draw::Draw;
use super::plan::DOUBT;
use crate::graph;

/// Longer than the lease of a dead handler lasts.
pub(super) const PAST_THE_LEASE: Duration = Duration::from_millis(3_300);

impl Draw<'_> {
    /// One more scene.
    pub(super) fn scene(&mut self) {
        match self.random.u8(..100) {
            20..40 if self.braked => self.held(),
            0..30 => (0..self.random.usize(1..5)).for_each(|_| self.single()),
            30..44 => self.straggler(),
            44..50 => self.asked_for(),
            50..62 => self.death(),
            62..68 => self.newcomers(),
            68..80 => self.ambush(Blow::Kill),
            80..85 => self.two_at_once(),
            85..88 => self.clocks_differ(),
            88..91 => self.overtaken_before_it_reads(),
            _ if self.long => self.overtaken(),
            _ => self.ambush(Blow::Freeze),
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

    /// Users change, and callers ask for some of them by their ids, of replicas that may not have heard yet, or that
    /// have heard what the feed has not told.
    fn asked_for(&mut self) {
        for _ in 0..self.random.usize(1..4) {
            let (change, who) = (self.change(), self.who());
            self.deeds.push(change);
            if self.random.bool() {
                self.deeds.push(Deed::Fire(who));
                self.pause(150);
            }
            self.deeds.push(Deed::Refresh(who, self.random.u64(..)));
            self.pause(200);
        }
    }

    /// Somebody is new, is told, and then all links die: the replica that begins the walk may not have heard yet.
    fn newcomers(&mut self) {
        let who = self.who();
        self.deeds.push(Deed::Change(Change::Create(self.random.usize(1..4)), self.random.u64(..)));
        self.deeds.push(Deed::Turn(who));
        let death = self.token_death();
        self.deeds.extend([Deed::TokensDie(death), Deed::Turn(who)]);
        self.pause(200);
    }

    /// So many go while the links die that the brake holds. Under it, a write arrives late, and doubt about it is
    /// settled.
    fn held(&mut self) {
        let who = self.who();
        let death = self.token_death();
        self.deeds.push(Deed::Change(Change::Remove, self.random.u64(..)));
        self.deeds.extend([Deed::TokensDie(death), Deed::Turn(who)]);
        self.straggler();
        if self.random.bool() {
            self.deeds.push(Deed::Rest(DOUBT + Duration::from_secs(1)));
            self.deeds.push(Deed::Turn(who));
        }
        if self.random.bool() {
            self.deeds.push(Deed::Accept);
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
}
