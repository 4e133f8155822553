//! Hazards: what a history may have besides its own trouble. Each one is drawn from a seed of its own, so that a history
//! stays what it is without them.

use std::time::Duration;

use fastrand::Rng;

use super::deed::{Blow, Change, Deed, Gate, Loss, Who};
use crate::cosmos::Moment;
use crate::graph::TokenDeath;

/// Something that strikes what the copy rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Hazard {
    /// Checkpoint, lease or a whole container is lost, also in the middle of a turn.
    Losses,
    /// An enumeration does not show some objects that are there.
    Hidden,
    /// The two hosts run versions that differ in what they select.
    Shapes,
    /// So much time passes that tombstones expire and links die.
    Tombstones,
    /// Clocks are an hour or a day off, and change in the middle of a turn.
    Clocks,
    /// For a moment, reads of Cosmos are behind.
    Stale,
}

impl Hazard {
    /// All of them: the product is held to each.
    pub const ALL: [Self; 6] =
        [Self::Losses, Self::Hidden, Self::Shapes, Self::Tombstones, Self::Clocks, Self::Stale];

    /// The seed of what it does in a history.
    pub(super) fn random(self, seed: u64) -> Rng {
        Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(1 + self as u64))
    }

    /// Puts its scenes into a history; true when it has any.
    pub(super) fn strike(self, deeds: &mut Vec<Deed>, seed: u64) -> bool {
        let random = &mut self.random(seed);
        // Not everywhere, so that hazards are also met alone.
        if random.usize(..if self == Self::Shapes { 3 } else { 2 }) > 0 {
            return false;
        }
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..=deeds.len());
            let scene = self.scene(random);
            deeds.splice(place..place, scene);
        }
        true
    }

    fn scene(self, random: &mut Rng) -> Vec<Deed> {
        let who = Who::BOTH[random.usize(..2)];
        match self {
            Self::Losses => {
                let loss = loss(random);
                let mut scene = match random.bool() {
                    true => vec![Deed::Strike(who, Blow::Lose(loss))],
                    false => midway(random, who, Blow::Lose(loss)),
                };
                if random.bool() {
                    scene.insert(0, Deed::Change(Change::Remove, random.u64(..)));
                }
                scene
            }
            Self::Hidden => {
                let death = TokenDeath::ALL[random.usize(..TokenDeath::ALL.len())];
                let hidden = Deed::Hide(random.usize(1..20), random.u64(..));
                vec![hidden, Deed::TokensDie(death), Deed::Turn(who)]
            }
            Self::Shapes => {
                let turns = (0..random.usize(1..5)).map(|turn| match turn % 2 {
                    0 => Deed::Turn(who),
                    _ => Deed::Turn(who.other()),
                });
                turns.collect()
            }
            Self::Tombstones => {
                let death = TokenDeath::ALL[random.usize(..TokenDeath::ALL.len())];
                let gone = Deed::Change(Change::Remove, random.u64(..));
                vec![gone, Deed::Turn(who), Deed::Expire(death)]
            }
            Self::Stale => {
                let behind = Deed::ReadBehind(Duration::from_millis(random.u64(20..600)));
                let change = Deed::Change(Change::Few(random.usize(1..8)), random.u64(..));
                let turn = Deed::Turn(who);
                match random.u8(..3) {
                    0 => vec![change, behind, turn, Deed::Turn(who.other())],
                    1 => vec![change, turn, behind, Deed::Fire(who.other()), Deed::Fire(who)],
                    _ => vec![Deed::Fire(who), behind, change, Deed::Turn(who.other()), turn],
                }
            }
            Self::Clocks => {
                let blow = Blow::Clock([3_600, -3_600, 86_400, -86_400, 0][random.usize(..5)]);
                match random.bool() {
                    true => vec![Deed::Strike(who, blow), Deed::Turn(who)],
                    false => midway(random, who, blow),
                }
            }
        }
    }
}

/// The blow comes at some request of a turn.
fn midway(random: &mut Rng, who: Who, blow: Blow) -> Vec<Deed> {
    let moment = if random.bool() { Moment::Before } else { Moment::After };
    let gate = match random.u8(..3) {
        0 => Gate::Graph(random.usize(1..5)),
        1 => Gate::Mirror(random.usize(1..12), moment),
        _ => Gate::Users(random.usize(1..15), moment),
    };
    let change = Deed::Change(Change::Few(random.usize(1..8)), random.u64(..));
    let rest = Deed::Rest(Duration::from_millis(random.u64(100..300)));
    vec![change, Deed::Ambush { who, gate, blow, forgotten: false }, Deed::Fire(who), rest]
}

/// Of the two feeds that every staged folder has.
fn loss(random: &mut Rng) -> Loss {
    let feed = ["users", "users", "groups"][random.usize(..3)];
    match random.u8(..8) {
        0 | 1 => Loss::Checkpoint(feed),
        2 => Loss::Lease(feed),
        3 | 4 => Loss::Both(feed),
        5 => Loss::Container("mirror"),
        6 => Loss::Container("users"),
        _ => {
            Loss::Container(["users-manager", "groups", "groups-members", "groups-owners"][random.usize(..4)])
        }
    }
}
