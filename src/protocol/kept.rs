//! A document as a whole, as it lies in Cosmos.

use serde_json::value::RawValue;

use super::{Candidate, Reason};
use crate::json::Members;

/// A document as it lies in Cosmos.
#[derive(Debug)]
pub struct Existing {
    /// Its marks.
    pub marks: Candidate,
    /// It is a tombstone, for this reason.
    pub removed: Option<Reason>,
    /// It stands for an object whose content Cosmos refused.
    pub set_aside: bool,
    /// All of it, as Cosmos sent it.
    pub text: Box<RawValue>,
}

impl Existing {
    /// Reads the marks of a document.
    ///
    /// # Errors
    /// What it lacks.
    pub fn of(text: Box<RawValue>) -> Result<Self, &'static str> {
        let document = Members::of(text.get()).ok_or("members")?;
        let marks = document.exact("_mirror").and_then(|marks| Members::of(marks.get())).ok_or("_mirror")?;
        let is_there = |name: &str| marks.exact(name).filter(|value| value.get() != "null");
        let set_aside = is_there("setAside").is_some();
        let mut found = Candidate::of(&document, &marks, ["_etag", "_ts"])?;
        if let Some(removed) = is_there("removed") {
            let removed = Members::of(removed.get()).ok_or("removed")?;
            let reason = removed.value("reason").ok_or("removed.reason")?;
            (found.removed, found.reason, found.removed_at) = (true, Some(reason), removed.moment("at"));
        }
        let removed = found.reason;
        Ok(Self { marks: found, removed, set_aside, text })
    }
}
