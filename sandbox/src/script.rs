//! Faults and pauses that a test sets: rules and gates, for any kind of request.
//!
//! A fake asks [`Faults::next`] and passes [`Gates::pass`] once per request; everything else is the test's. A rule is used up
//! after `times`, so that a story can end with "nothing is left over" ([`Faults::unused`]). Nothing here sleeps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Tells which requests are meant.
pub trait Matches<R> {
    /// True when the request is of the kind that is meant.
    fn fits(&self, request: &R) -> bool;

    /// Counted among those that fit, the first request that is meant; 1 means from the first on.
    fn from(&self) -> usize {
        1
    }

    /// Counted likewise, the last request that a gate holds.
    fn until(&self) -> usize {
        usize::MAX
    }
}

/// One thing to do wrong: `times` requests in a row, among those that match.
#[derive(Clone, Debug)]
pub struct Rule<M, F> {
    /// Which requests.
    pub when: M,
    /// How many of them; `usize::MAX` means all.
    pub times: usize,
    /// What happens to them.
    pub fault: F,
}

impl<M, F> Rule<M, F> {
    /// A rule that strikes once.
    pub fn once(when: M, fault: F) -> Self {
        Self { when, times: 1, fault }
    }
}

struct Armed<M, F> {
    rule: Rule<M, F>,
    seen: usize,
}

/// The fault script of a fake. Clones share the script.
pub struct Faults<M, F>(Arc<Mutex<Vec<Armed<M, F>>>>);

impl<M, F> Clone for Faults<M, F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M, F> Default for Faults<M, F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<M, F: Clone> Faults<M, F> {
    /// Adds a rule. The oldest rule that applies wins.
    pub fn push(&self, rule: Rule<M, F>) {
        lock(&self.0).push(Armed { rule, seen: 0 });
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How often rules would still strike, without those that were meant to strike for ever.
    pub fn unused(&self) -> usize {
        lock(&self.0).iter().map(|armed| armed.rule.times).filter(|times| *times != usize::MAX).sum()
    }

    /// The fault for this request, if any; every rule that the request fits counts it.
    pub fn next<R>(&self, request: &R) -> Option<F>
    where
        M: Matches<R>,
    {
        let mut found = None;
        for armed in lock(&self.0).iter_mut().filter(|armed| armed.rule.when.fits(request)) {
            armed.seen += 1;
            if found.is_none() && armed.seen >= armed.rule.when.from() && armed.rule.times > 0 {
                if armed.rule.times != usize::MAX {
                    armed.rule.times -= 1;
                }
                found = Some(armed.rule.fault.clone());
            }
        }
        found
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Wait,
    Release,
    Discard,
}

struct Gate<M> {
    when: M,
    seen: usize,
    arrived: watch::Sender<usize>,
    verdict: watch::Receiver<Verdict>,
}

/// The gates of a fake, each opened by its [`Hold`]. Clones share the gates.
pub struct Gates<M>(Arc<Mutex<Vec<Gate<M>>>>);

impl<M> Clone for Gates<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> Default for Gates<M> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<M> Gates<M> {
    /// From now on, requests that match wait until the hold is released or dropped.
    pub fn hold(&self, when: M) -> Hold {
        let (arrived, arrivals) = watch::channel(0);
        let (sender, verdict) = watch::channel(Verdict::Wait);
        lock(&self.0).push(Gate { when, seen: 0, arrived, verdict });
        Hold { arrivals, verdict: sender }
    }

    /// Waits at every gate that matches; false when the request is to be forgotten ([`Hold::discard`]).
    pub async fn pass<R>(&self, request: &R) -> bool
    where
        M: Matches<R>,
    {
        for mut verdict in self.arrive(request) {
            let opened = verdict.wait_for(|verdict| *verdict != Verdict::Wait).await;
            // A dropped hold opens its gate: a test that failed half-way must not hang the others.
            if opened.is_ok_and(|verdict| *verdict == Verdict::Discard) {
                return false;
            }
        }
        true
    }

    fn arrive<R>(&self, request: &R) -> Vec<watch::Receiver<Verdict>>
    where
        M: Matches<R>,
    {
        let mut waiting = Vec::new();
        let mut gates = lock(&self.0);
        // A gate is closed as long as its hold exists.
        gates.retain(|gate| gate.verdict.has_changed().is_ok());
        for gate in gates.iter_mut().filter(|gate| gate.when.fits(request)) {
            gate.seen += 1;
            if (gate.when.from()..=gate.when.until()).contains(&gate.seen) {
                gate.arrived.send_modify(|count| *count += 1);
                waiting.push(gate.verdict.clone());
            }
        }
        waiting
    }
}

/// One closed gate, in the hands of a test. Dropping it releases it.
#[must_use = "a hold that is dropped opens its gate"]
pub struct Hold {
    arrivals: watch::Receiver<usize>,
    verdict: watch::Sender<Verdict>,
}

impl Hold {
    /// Waits until at least one request stands at the gate.
    pub async fn arrived(&mut self) {
        self.arrived_count(1).await;
    }

    /// Waits until at least so many requests have come to the gate.
    pub async fn arrived_count(&mut self, count: usize) {
        let _closed = self.arrivals.wait_for(|seen| *seen >= count).await;
    }

    /// Lets the waiting requests, and all later ones, go on.
    pub fn release(self) {
        self.verdict.send_replace(Verdict::Release);
    }

    /// Has the waiting requests forgotten, as if they had never arrived; later ones pass.
    pub fn discard(self) {
        self.verdict.send_replace(Verdict::Discard);
    }
}

/// Locks, also after a panic elsewhere: the fakes hold plain data that is never half-written.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Even(usize);

    impl Matches<u32> for Even {
        fn fits(&self, request: &u32) -> bool {
            request.is_multiple_of(2)
        }

        fn from(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn a_rule_strikes_from_the_nth_request_on_and_is_used_up() {
        let faults = Faults::default();
        faults.push(Rule { when: Even(2), times: 2, fault: "no" });
        let answers: Vec<_> = [0, 1, 2, 3, 4, 6].map(|request| faults.next(&request)).into();
        assert_eq!(answers, [None, None, Some("no"), None, Some("no"), None]);
        assert_eq!(faults.unused(), 0);
    }

    #[tokio::test]
    async fn a_gate_holds_until_released_and_a_discarded_request_is_forgotten() {
        let gates = Gates::default();
        let mut hold = gates.hold(Even(1));
        assert!(gates.pass(&1).await);
        let waiting = tokio::spawn({
            let gates = gates.clone();
            async move { gates.pass(&2).await }
        });
        hold.arrived().await;
        assert!(!waiting.is_finished());
        hold.release();
        assert!(waiting.await.unwrap());

        let mut hold = gates.hold(Even(1));
        let waiting = tokio::spawn({
            let gates = gates.clone();
            async move { gates.pass(&2).await }
        });
        hold.arrived().await;
        hold.discard();
        assert!(!waiting.await.unwrap());
        assert!(gates.pass(&2).await);
    }
}
