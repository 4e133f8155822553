//! What the host does when its handler ends (`WorkerProcess.OnProcessExited`,
//! `HttpFunctionInvocationDispatcher`).

use std::time::{Duration, Instant};

/// Crashes further apart than this do not add up.
const WINDOW: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, PartialEq)]
pub(super) enum Reaction {
    /// At once, on the same port, without back-off.
    Restart,
    /// Exit code 0: nobody restarts it, although everybody still calls it.
    LeaveIt,
    GiveUp,
}

/// The crashes so far.
#[derive(Debug)]
pub(super) struct Crashes {
    limit: Option<u32>,
    count: u32,
    last: Option<Instant>,
}

impl Crashes {
    /// With `None` the host never gives up.
    pub fn new(limit: Option<u32>) -> Self {
        Self { limit, count: 0, last: None }
    }

    /// Reacts to an exit code; `None` is a signal.
    pub fn exit(&mut self, code: Option<i32>, now: Instant) -> Reaction {
        match code {
            Some(0) => Reaction::LeaveIt,
            Some(200) => Reaction::Restart,
            _ => self.crash(now),
        }
    }

    /// Counts a crash and reacts to it.
    pub fn crash(&mut self, now: Instant) -> Reaction {
        if self.last.is_some_and(|last| now.duration_since(last) > WINDOW) {
            self.count = 0;
        }
        self.last = Some(now);
        self.count += 1;
        if self.limit.is_some_and(|limit| self.count >= limit) { Reaction::GiveUp } else { Reaction::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_crash_is_one_too_many() {
        let mut crashes = Crashes::new(Some(3));
        let now = Instant::now();
        assert_eq!(crashes.exit(Some(1), now), Reaction::Restart);
        assert_eq!(crashes.exit(None, now), Reaction::Restart);
        assert_eq!(crashes.exit(Some(101), now), Reaction::GiveUp);
    }

    #[test]
    fn old_crashes_are_forgotten() {
        let mut crashes = Crashes::new(Some(2));
        let now = Instant::now();
        assert_eq!(crashes.crash(now), Reaction::Restart);
        assert_eq!(crashes.crash(now + WINDOW + Duration::from_secs(1)), Reaction::Restart);
    }

    #[test]
    fn exits_with_0_and_200_are_no_crashes() {
        let mut crashes = Crashes::new(Some(1));
        assert_eq!(crashes.exit(Some(0), Instant::now()), Reaction::LeaveIt);
        assert_eq!(crashes.exit(Some(200), Instant::now()), Reaction::Restart);
    }
}
