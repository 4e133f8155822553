//! Scenes of what a history mirrors besides users and groups: its objects change and a host looks at them, in trouble.

use std::time::Duration;

use fastrand::Rng;

use super::beside::Beside;
use super::deed::{Blow, Change, Deed, Gate, Loss, Who};
use crate::cosmos::{Fault, Match, Moment};
use crate::graph::{self, TokenDeath};

/// Puts some of them into a history.
pub(super) fn strike(beside: Beside, deeds: &mut Vec<Deed>, seed: u64) {
    let random = &mut beside.random(!seed);
    for _ in 0..random.usize(2..5) {
        let place = random.usize(..=deeds.len());
        let scene = scene(beside, random);
        deeds.splice(place..place, scene);
    }
}

/// Perhaps the other host looks too, at what changed meanwhile.
fn scene(beside: Beside, random: &mut Rng) -> Vec<Deed> {
    let who = Who::BOTH[random.usize(..2)];
    let change = |random: &mut Rng| Deed::Change(Change::Beside(beside), random.u64(..));
    let mut scene = vec![change(random)];
    scene.extend(trouble(beside, random, who));
    scene.push(Deed::Follow(who, beside));
    scene.push(Deed::Rest(Duration::from_millis(random.u64(100..400))));
    if random.bool() {
        scene.extend([change(random), Deed::Follow(who.other(), beside)]);
    }
    if random.bool() {
        scene.push(Deed::Rest(Duration::from_millis(random.u64(50..300))));
    }
    scene
}

fn trouble(beside: Beside, random: &mut Rng, who: Who) -> Vec<Deed> {
    let (container, _) = beside.objects()[random.usize(..beside.objects().len())];
    let moment = if random.bool() { Moment::Before } else { Moment::After };
    let gate = match random.u8(..5) {
        0 => Gate::Graph(random.usize(1..6)),
        1 | 2 => Gate::Mirror(random.usize(1..25), moment),
        _ => Gate::Container(container, random.usize(1..5), moment),
    };
    let ambush = |blow, forgotten| vec![Deed::Ambush { who, gate, blow, forgotten }];
    let nth = Match::writes().container(container).nth(random.usize(1..4));
    let death = TokenDeath::ALL[random.usize(..TokenDeath::ALL.len())];
    match random.u8(..20) {
        0..4 => ambush(Blow::Kill, random.bool()),
        4..7 => ambush(Blow::Freeze, random.bool()),
        7 => vec![Deed::Cosmos(nth, 1, Fault::Lost)],
        8 => vec![Deed::Cosmos(nth, 1, Fault::Unavailable)],
        9 => vec![Deed::Cosmos(nth, 2, Fault::Slow(Duration::from_millis(random.u64(700..2_500))))],
        10 | 11 => vec![Deed::TokensDie(death)],
        12 => {
            let when = graph::Match::any().feed(container).nth(random.usize(1..3));
            vec![Deed::Graph(when, 1, graph::Fault::TokenDead(death))]
        }
        13 => vec![Deed::Graph(graph::Match::any().feed(container), 1, graph::Fault::Reset)],
        14 => vec![Deed::Strike(who, Blow::Lose(Loss::Container(container)))],
        15 | 16 if beside == Beside::Mail => vec![Deed::Refuse(random.u64(..))],
        17 if beside == Beside::Mail => {
            vec![Deed::Refuse(random.u64(..)), Deed::Follow(who, beside), Deed::Answer]
        }
        _ => Vec::new(),
    }
}
