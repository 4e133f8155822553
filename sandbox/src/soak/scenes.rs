//! The order of deeds: single deeds, and scenes of several that are known to be hard together. Every scene happens to
//! apps in the cloud, only less often.

use std::time::Duration;

use super::deed::{Blow, Change, Deed, Who};
use super::draw::{DOUBT, Draw, PAST_THE_LEASE};
use super::late::{clocks_differ, overtaken, overtaken_before_it_reads, straggler};
use crate::graph;

/// One more scene.
pub(super) fn scene(draw: &mut Draw<'_>) {
    match draw.random.u8(..100) {
        20..40 if draw.limited => held(draw),
        0..30 => (0..draw.random.usize(1..5)).for_each(|_| draw.single()),
        30..44 => straggler(draw),
        44..50 => asked_for(draw),
        50..62 => death(draw),
        62..68 => newcomers(draw),
        68..80 => ambush(draw, Blow::Kill),
        80..85 => two_at_once(draw),
        85..88 => clocks_differ(draw),
        88..91 => overtaken_before_it_reads(draw),
        _ if draw.long => overtaken(draw),
        _ => ambush(draw, Blow::Freeze),
    }
}

/// All links die, perhaps in the middle of the enumeration that follows, and perhaps after removals that no round has
/// reported yet.
fn death(draw: &mut Draw<'_>) {
    for _ in 0..draw.random.usize(1..4) {
        let change = draw.change();
        draw.deeds.push(change);
        let death = draw.token_death();
        if draw.random.bool() {
            draw.deeds.push(Deed::TokensDie(death));
        } else {
            let when = graph::Match::any().nth(draw.random.usize(1..4));
            draw.deeds.push(Deed::Graph(when, 1, graph::Fault::TokenDead(death)));
        }
        let who = draw.who();
        draw.deeds.push(Deed::Fire(who));
        draw.pause(250);
    }
}

/// Users change, and callers refresh some of them by their ids. The replica that answers may not know the change yet,
/// or may know one that the feed has not reported.
fn asked_for(draw: &mut Draw<'_>) {
    for _ in 0..draw.random.usize(1..4) {
        let (change, who) = (draw.change(), draw.who());
        draw.deeds.push(change);
        if draw.random.bool() {
            draw.deeds.push(Deed::Fire(who));
            draw.pause(150);
        }
        draw.deeds.push(Deed::Refresh(who, draw.random.u64(..)));
        draw.pause(200);
    }
}

/// A new user is reported, and then all links die: the replica that begins the enumeration may not know the user yet.
fn newcomers(draw: &mut Draw<'_>) {
    let who = draw.who();
    draw.deeds.push(Deed::Change(Change::Create(draw.random.usize(1..4)), draw.random.u64(..)));
    draw.deeds.push(Deed::Turn(who));
    let death = draw.token_death();
    draw.deeds.extend([Deed::TokensDie(death), Deed::Turn(who)]);
    draw.pause(200);
}

/// So many users are removed while the links die that the removal limit holds the sweep. Meanwhile a write arrives
/// late, and its document is settled.
fn held(draw: &mut Draw<'_>) {
    let who = draw.who();
    let death = draw.token_death();
    draw.deeds.push(Deed::Change(Change::Remove, draw.random.u64(..)));
    draw.deeds.extend([Deed::TokensDie(death), Deed::Turn(who)]);
    straggler(draw);
    if draw.random.bool() {
        draw.deeds.push(Deed::Rest(DOUBT + Duration::from_secs(1)));
        draw.deeds.push(Deed::Turn(who));
    }
    if draw.random.bool() {
        draw.deeds.push(Deed::Accept);
    }
}

/// The host is struck at some request of its turn.
fn ambush(draw: &mut Draw<'_>, blow: Blow) {
    let who = draw.who();
    let change = draw.change();
    draw.deeds.push(change);
    let gate = draw.gate();
    draw.deeds.push(Deed::Ambush { who, gate, blow, forgotten: draw.random.bool() });
    draw.deeds.push(Deed::Fire(who));
    draw.rest(100, 300);
    if draw.long && draw.random.bool() {
        draw.deeds.push(Deed::Rest(PAST_THE_LEASE));
    }
    if draw.random.bool() {
        draw.deeds.push(Deed::Fire(who.other()));
        draw.pause(150);
    }
    if blow == Blow::Freeze && draw.random.bool() {
        draw.deeds.push(Deed::Thaw(who));
    }
}

/// Both hosts and the queue start a turn of the same feed.
fn two_at_once(draw: &mut Draw<'_>) {
    for who in Who::BOTH {
        let change = draw.change();
        draw.deeds.push(change);
        draw.deeds.push(Deed::Fire(who));
        draw.pause(60);
        if draw.random.bool() {
            draw.deeds.push(Deed::Pump(who.other()));
        }
    }
}
