//! The progress of a long run, as counters: the run increments them and the command line polls them. No code waits for
//! them or decides anything by them.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// The stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The run reads the feed from Graph.
    Reading,
    /// The run reads the copy.
    Comparing,
    /// The run reads single objects again.
    Looking,
}

/// The counters of a run.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    objects: AtomicU64,
    links: AtomicU64,
    expected: AtomicU64,
}

/// The progress at one moment. The numbers are read one after the other, so they may differ by one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The current stage.
    pub stage: Stage,
    /// Objects so far in this stage.
    pub objects: u64,
    /// Links so far in this stage.
    pub links: u64,
    /// The total of objects and links in this stage, if known.
    pub expected: Option<u64>,
}

impl Progress {
    /// Begins another stage; `expected` is its total of objects and links, if known.
    pub fn begin(&self, stage: Stage, expected: Option<u64>) {
        self.stage.store(stage as u8, Relaxed);
        self.objects.store(0, Relaxed);
        self.links.store(0, Relaxed);
        self.expected.store(expected.unwrap_or(0), Relaxed);
    }

    /// Adds objects and links that are done.
    pub fn add(&self, objects: usize, links: usize) {
        self.objects.fetch_add(objects as u64, Relaxed);
        self.links.fetch_add(links as u64, Relaxed);
    }

    /// Returns the current progress.
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
