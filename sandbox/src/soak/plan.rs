//! A history as a value: everything that is random in it follows from its seed.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;

use super::beside::Beside;
use super::deed::Deed;
use super::draw::{DOUBT, Draw};
use super::hazard::Hazard;
use super::scenes::scene;
use super::scenes_beside;
use crate::cosmos::{self, Fault};
use crate::graph::Quirks;
use crate::world::Setup;

/// Until then replicas agree: what the protocol asks of them, but for the clocks of two processes.
const AGREED: Duration = Duration::from_millis(1_180);

/// A whole history.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) users: usize,
    /// None in half of the histories; with any, users have managers too.
    pub(super) groups: usize,
    /// What is mirrored besides.
    pub(super) beside: Vec<Beside>,
    pub(super) page_size: usize,
    pub(super) quirks: Quirks,
    pub(super) budget: f64,
    pub(super) concurrency: usize,
    /// A sweep of more than so many objects is held until an operator accepts it.
    pub(super) removal_limit: Option<usize>,
    /// There is a complete copy before the trouble begins.
    pub(super) copied: bool,
    pub(super) deeds: Vec<Deed>,
    /// The fate of each host that is still frozen when the trouble ends.
    pub(super) frozen: [Fate; 2],
    /// The request at which the last rerun is requested.
    pub(super) requested_at: usize,
    /// Hazards besides its own trouble.
    pub(super) hazards: Vec<Hazard>,
}

/// The fate of a frozen host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It wakes up before the first quiet turn.
    Wakes,
    /// It wakes up after that.
    WakesLate,
    /// It is killed.
    Killed,
}

/// Whether first copies of a history are read as lists, drawn apart.
fn lists(seed: u64) -> bool {
    Rng::with_seed(seed.rotate_left(16)).bool()
}

impl Plan {
    pub(super) fn of(seed: u64, hazards: &[Hazard]) -> Self {
        let random = &mut Rng::with_seed(seed);
        let often = |random: &mut Rng, one_in: usize| random.usize(..one_in) == 0;
        let quirks = Quirks {
            duplicate_every: often(random, 3).then(|| random.usize(1..4)),
            empty_page_every: often(random, 4).then(|| random.usize(2..4)),
            replays: often(random, 3),
            removed_in_initial: often(random, 3),
            // A link to somebody whom the users' feed never knew is else mended by the next generation only.
            purges_reported: true,
            // By as many changes as a scene makes, or fewer; but never for longer than the protocol lives with.
            random_lag: random.bool().then(|| [2, 8, 40][random.usize(..3)]),
            agree_within: Some(AGREED),
            // Drawn apart, so that other histories are what they were.
            folders_speak_for_all: Rng::with_seed(seed.rotate_left(32)).bool(),
            list_page: lists(seed).then_some(3),
            ..Quirks::default()
        };
        // Drawn apart, so that the users of a history are what they are without groups.
        let groups = Rng::with_seed(!seed).usize(..8).saturating_sub(3);
        let (users, page_size) = (random.usize(4..25), random.usize(2..10));
        let beside = Beside::of(seed);
        // Each user is a feed of mail folders.
        let users = if beside.contains(&Beside::Mail) { users.min(4) } else { users };
        let budget = [0.0, 0.3, 2.0, 10.0, 10.0][random.usize(..5)];
        let concurrency = [1, 4, 64][random.usize(..3)];
        let (copied, long) = (!often(random, 4), often(random, 3));
        let removal_limit = often(random, 4).then(|| random.usize(..4));
        let mut draw = Draw { random, deeds: Vec::new(), long, limited: removal_limit.is_some() };
        for _ in 0..draw.random.usize(2..5) {
            scene(&mut draw);
        }
        let mut deeds = draw.deeds;
        let fate = |random: &mut Rng| match random.u8(..3) {
            0 => Fate::Wakes,
            1 => Fate::WakesLate,
            _ => Fate::Killed,
        };
        let frozen = [fate(random), fate(random)];
        let requested_at = random.usize(1..9);
        beside.iter().for_each(|one| scenes_beside::strike(*one, &mut deeds, seed));
        let hazards = hazards.iter().copied().filter(|hazard| hazard.strike(&mut deeds, seed)).collect();
        Self {
            users,
            groups,
            beside,
            page_size,
            quirks,
            budget,
            concurrency,
            removal_limit,
            copied,
            deeds,
            frozen,
            requested_at,
            hazards,
        }
    }

    pub(super) fn setup(&self, root: &Path, seed: u64) -> Setup {
        let cosmos = cosmos::Options { replica: self.has(Hazard::Stale), ..cosmos::Options::default() };
        let (users, groups, page_size) = (self.users, self.groups, self.page_size);
        let objects = self.beside.iter().flat_map(|beside| beside.objects()).copied();
        let objects = std::iter::once(("devices", groups)).chain(objects).collect();
        let setup = Setup { users, groups, objects, seed, page_size, cosmos, ..Setup::new(root) };
        setup
            .set("LEASE_SECONDS", "3")
            .set("DOUBT_MINUTES", &(DOUBT.as_secs_f64() / 60.0).to_string())
            .set("SYNC_BUDGET_SECONDS", &self.budget.to_string())
            .set("COSMOS_CONCURRENCY", &self.concurrency.to_string())
            // Without a removal limit: half the tenant goes at times, as it should.
            .set("MAX_DELETE_PERCENT", if self.removal_limit.is_some() { "0" } else { "100" })
            .set("MAX_DELETE_COUNT", &self.removal_limit.unwrap_or(10).to_string())
            // Half of the first copies are read as a list.
            .set("LIST_ABOVE", if lists(seed) { "0" } else { "2000" })
            .set("TOMBSTONE_TTL_DAYS", "8")
    }

    pub(super) fn has(&self, hazard: Hazard) -> bool {
        self.hazards.contains(&hazard)
    }

    /// The longest that a write may be on its way.
    pub(super) fn latest(&self) -> Duration {
        let slow = self.deeds.iter().filter_map(|deed| match deed {
            Deed::Cosmos(_, _, Fault::Slow(wait)) => Some(*wait),
            _ => None,
        });
        slow.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_history() {
        let of = |seed| format!("{:?}", Plan::of(seed, &Hazard::ALL));
        (0..50).for_each(|seed| assert_eq!(of(seed), of(seed)));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_hazard_leaves_the_rest_of_a_history_as_it_is() {
        for seed in 0..50 {
            let (plain, all) = (Plan::of(seed, &[]), Plan::of(seed, &Hazard::ALL));
            let mut rest = all.deeds.iter().map(|deed| format!("{deed:?}"));
            assert!(plain.deeds.iter().all(|deed| rest.any(|other| other == format!("{deed:?}"))), "{seed}");
        }
    }
}
