//! What was seen of each assumption so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::assumptions::ALL;

/// How the question about an assumption ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Nothing was seen that says it; the sentence has the reason.
    NotTestable,
    /// The service does what is assumed.
    Confirmed,
    /// The service does otherwise.
    Refuted,
}

impl Outcome {
    /// Its name in a line and in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotTestable => "not testable",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
        }
    }
}

/// What came of one assumption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Its number in `docs/assumptions.md`.
    pub id: &'static str,
    /// How it ended.
    pub result: Outcome,
    /// What was seen, or why nothing was.
    pub what: String,
}

/// Collects what is seen. What weighs more stays: a refutation, then a confirmation, then the first reason why there is none.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<BTreeMap<&'static str, (Outcome, String)>>);

impl Ledger {
    pub fn confirmed(&self, id: &'static str, what: impl Into<String>) {
        self.note(id, Outcome::Confirmed, what.into());
    }

    pub fn refuted(&self, id: &'static str, what: impl Into<String>) {
        self.note(id, Outcome::Refuted, what.into());
    }

    pub fn not_testable(&self, id: &'static str, why: impl Into<String>) {
        self.note(id, Outcome::NotTestable, why.into());
    }

    /// The same reason for several.
    pub fn none_testable(&self, ids: &[&'static str], why: &str) {
        ids.iter().for_each(|id| self.not_testable(id, why));
    }

    /// All assumptions in the order of the page, each once.
    pub fn proofs(&self) -> Vec<Proof> {
        let seen = self.locked();
        let proof = |(id, otherwise): &(&'static str, &str)| {
            let (result, what) =
                seen.get(id).cloned().unwrap_or((Outcome::NotTestable, (*otherwise).to_owned()));
            Proof { id, result, what }
        };
        ALL.iter().map(proof).collect()
    }

    fn note(&self, id: &'static str, outcome: Outcome, what: String) {
        let mut seen = self.locked();
        if seen.get(id).is_none_or(|(before, _)| *before < outcome) {
            seen.insert(id, (outcome, what));
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, (Outcome, String)>> {
        // A panic elsewhere leaves whole entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number with what is counted.
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refutation_stays_and_each_assumption_is_there_once() {
        let ledger = Ledger::default();
        ledger.none_testable(&["G-2", "C-1"], "no answer");
        ledger.confirmed("G-2", "one page");
        ledger.refuted("G-2", "no link");
        ledger.confirmed("G-2", "another page");
        let proofs = ledger.proofs();
        let of = |id: &str| proofs.iter().find(|proof| proof.id == id).unwrap();
        assert_eq!((of("G-2").result, &*of("G-2").what), (Outcome::Refuted, "no link"));
        assert_eq!((of("C-1").result, &*of("C-1").what), (Outcome::NotTestable, "no answer"));
        assert_eq!(proofs.len(), ALL.len());
    }
}
