//! What happened, and when.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::script::lock;

/// A log of one history. Clones write to the same one.
#[derive(Clone)]
pub(super) struct Trace {
    begun: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), lines: Arc::default() }
    }

    pub(super) fn note(&self, line: impl AsRef<str>) {
        let line = format!("{:7.3} s  {}", self.begun.elapsed().as_secs_f64(), line.as_ref());
        lock(&self.lines).push(line);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }
}
