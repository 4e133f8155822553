//! Bounded concurrency that follows what Cosmos can take.
//!
//! Writes are admitted up to a limit. A 429 pauses everybody for as long as Cosmos asked and lowers the
//! limit, and so does a write that is not answered in time, without a pause: the next turn must not run into
//! the same wall with as many. Answered writes raise it again, slowly (additive increase, multiplicative
//! decrease).

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Share of the limit that stays after a 429.
const DECREASE: f64 = 0.7;
/// Share of it that stays after a write without an answer.
const HALF: f64 = 0.5;
/// Writes without an answer lower the limit once in this time: those in flight fail together.
const TOGETHER: Duration = Duration::from_secs(1);

/// Admits writes.
pub struct Pacer {
    most: f64,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    limit: f64,
    in_flight: usize,
    paused_until: Option<Instant>,
    halved: Option<Instant>,
}

/// The right to have one write in flight.
pub struct Admission<'a>(&'a Pacer);

impl Pacer {
    /// At most `most` writes at a time.
    pub fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        let state = State { limit: most, in_flight: 0, paused_until: None, halved: None };
        Self { most, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Waits for a place.
    pub async fn admit(&self) -> Admission<'_> {
        loop {
            let changed = self.changed.notified();
            match self.enter(Instant::now()) {
                Ok(()) => {
                    self.pass_on();
                    return Admission(self);
                }
                Err(Some(pause)) => tokio::time::sleep(pause).await,
                Err(None) => changed.await,
            }
        }
    }

    /// A 429: everybody pauses. Refusals that arrive within one pause lower the limit once.
    pub fn throttled(&self, after: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        if state.paused_until.is_none_or(|until| until <= now) {
            state.limit = (state.limit * DECREASE).max(1.0);
        }
        let until = now + after;
        state.paused_until = Some(state.paused_until.map_or(until, |before| before.max(until)));
    }

    /// A write that was not answered in time: fewer at once may be. Those that fail together count once.
    pub fn unanswered(&self, now: Instant) {
        let mut state = self.state();
        if state.halved.is_none_or(|at| now.saturating_duration_since(at) >= TOGETHER) {
            state.limit = (state.limit * HALF).max(1.0);
            state.halved = Some(now);
        }
    }

    /// Takes a place, or says how long the pause is (`None`: until somebody leaves).
    fn enter(&self, now: Instant) -> Result<(), Option<Duration>> {
        let mut state = self.state();
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Err(Some(until - now));
        }
        if state.in_flight >= state.limit as usize {
            return Err(None);
        }
        state.in_flight += 1;
        Ok(())
    }

    /// Wakes the next one while there is room: a wake-up may stand for several places.
    fn pass_on(&self) {
        let state = self.state();
        if state.in_flight < state.limit as usize {
            self.changed.notify_one();
        }
    }

    fn leave(&self) {
        let mut state = self.state();
        state.in_flight -= 1;
        state.limit = (state.limit + 1.0 / state.limit).min(self.most);
        drop(state);
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pacer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_pauses_everybody_and_lowers_the_limit_once() {
        let pacer = Pacer::new(10);
        let now = Instant::now();
        assert!(pacer.enter(now).is_ok());
        pacer.throttled(Duration::from_secs(60));
        pacer.throttled(Duration::from_secs(30));
        assert!(matches!(pacer.enter(now), Err(Some(pause)) if pause > Duration::from_secs(50)));
        let later = now + Duration::from_secs(120);
        let places = (0..20).filter(|_| pacer.enter(later).is_ok()).count();
        assert_eq!(places, 6, "seven of ten, one of them taken before");
    }

    #[test]
    fn answered_writes_raise_the_limit_up_to_its_bound() {
        let pacer = Pacer::new(4);
        for _ in 0..50 {
            pacer.throttled(Duration::ZERO);
        }
        assert_eq!(pacer.state().limit, 1.0);
        for _ in 0..100 {
            pacer.enter(Instant::now()).unwrap();
            pacer.leave();
        }
        assert_eq!(pacer.state().limit, 4.0);
    }

    #[test]
    fn writes_that_fail_together_for_want_of_an_answer_halve_the_limit_once() {
        let pacer = Pacer::new(64);
        let now = Instant::now();
        for _ in 0..64 {
            pacer.unanswered(now);
        }
        assert_eq!(pacer.state().limit, 32.0);
        pacer.unanswered(now + TOGETHER);
        assert_eq!(pacer.state().limit, 16.0);
    }

    #[tokio::test]
    async fn nobody_waits_forever() {
        let pacer = Pacer::new(2);
        let passed = futures_util::future::join_all((0..100).map(|_| async {
            let _place = pacer.admit().await;
            tokio::task::yield_now().await;
        }));
        tokio::time::timeout(Duration::from_secs(20), passed).await.unwrap();
        assert_eq!(pacer.state().in_flight, 0);
    }
}
