//! How far a long run is, for whoever looks on. Plain numbers that are counted up where the work is done and
//! polled by the command line; nothing waits for anybody, and nothing is decided by them.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading Graph's feed.
    Reading,
    /// Reading the copy.
    Comparing,
    /// Reading single objects again.
    Looking,
}

/// How far it is.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    objects: AtomicU64,
    links: AtomicU64,
    expected: AtomicU64,
}

/// How far it was at a moment. The numbers are read one after the other, so they may be a page apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What it was doing.
    pub stage: Stage,
    /// Objects so far in this stage.
    pub objects: u64,
    /// Links so far.
    pub links: u64,
    /// Objects and links of the stage in all, where that is known.
    pub expected: Option<u64>,
}

impl Progress {
    /// Another stage begins, with so many objects and links in all, if that is known.
    pub fn begin(&self, stage: Stage, expected: Option<u64>) {
        self.stage.store(stage as u8, Relaxed);
        self.objects.store(0, Relaxed);
        self.links.store(0, Relaxed);
        self.expected.store(expected.unwrap_or(0), Relaxed);
    }

    /// So many more are done.
    pub fn add(&self, objects: usize, links: usize) {
        self.objects.fetch_add(objects as u64, Relaxed);
        self.links.fetch_add(links as u64, Relaxed);
    }

    /// How far it is.
    pub fn seen(&self) -> Seen {
        let stage = match self.stage.load(Relaxed) {
            0 => Stage::Reading,
            1 => Stage::Comparing,
            _ => Stage::Looking,
        };
        let expected = Some(self.expected.load(Relaxed)).filter(|expected| *expected > 0);
        Seen { stage, objects: self.objects.load(Relaxed), links: self.links.load(Relaxed), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_begins_at_nothing() {
        let progress = Progress::default();
        progress.add(20, 3);
        let seen = Seen { stage: Stage::Reading, objects: 20, links: 3, expected: None };
        assert_eq!(progress.seen(), seen);
        for stage in [Stage::Comparing, Stage::Looking, Stage::Reading] {
            progress.begin(stage, Some(7));
            progress.add(1, 0);
            assert_eq!(progress.seen(), Seen { stage, objects: 1, links: 0, expected: Some(7) });
        }
    }
}
