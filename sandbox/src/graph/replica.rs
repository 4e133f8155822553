//! Which replica answers: how many changes of a feed it has seen.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::row::Row;

/// The replicas behind the one address.
#[derive(Debug)]
pub(super) struct Replicas {
    random: Rng,
    settled: BTreeMap<&'static str, usize>,
}

impl Replicas {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), settled: BTreeMap::new() }
    }

    /// All replicas have seen this position of the feed's log.
    pub(super) fn settle(&mut self, feed: &'static Row, position: usize) {
        self.settled.insert(&feed.name, position);
    }

    /// The position of the replica that answers the next request: of those at most `lag` behind the `head` and not behind
    /// `at_least`, any; half of the time the newest.
    pub(super) fn next(&mut self, feed: &Row, head: usize, at_least: usize, lag: Option<usize>) -> usize {
        let settled = self.settled.get(feed.name.as_str()).copied().unwrap_or_default();
        let oldest = head.saturating_sub(lag.unwrap_or_default()).max(settled).max(at_least);
        if oldest >= head || self.random.bool() { head } else { self.random.usize(oldest..=head) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_never_further_behind_than_allowed() {
        let mut replicas = Replicas::new(1);
        let (users, groups) = (Row::of("users"), Row::of("groups"));
        let seen = |replicas: &mut Replicas, feed, least, lag| {
            let positions = (0..200).map(|_| replicas.next(feed, 10, least, lag));
            positions.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(seen(&mut replicas, users, 0, None), [10]);
        assert_eq!(seen(&mut replicas, users, 0, Some(3)), [7, 8, 9, 10]);
        assert_eq!(seen(&mut replicas, users, 9, Some(3)), [9, 10]);
        replicas.settle(users, 8);
        assert_eq!(seen(&mut replicas, users, 0, Some(30)), [8, 9, 10]);
        assert_eq!(seen(&mut replicas, groups, 0, Some(30)).len(), 11);
    }
}
