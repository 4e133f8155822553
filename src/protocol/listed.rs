//! What a page of a list says of an object, and what is known of its document (rule 13). Pure.

use std::time::Duration;

use time::OffsetDateTime;

use super::change::{Change, Kind};
use super::content::Content;
use super::ids::short;
use super::{Candidate, Checkpoint, doubt};

/// What is known of a document without reading it whole.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its marks.
    pub marks: Candidate,
    /// The hash of its content; none if the version that wrote it kept none.
    pub hash: Option<String>,
    /// It stands for an object whose content Cosmos refused.
    pub set_aside: bool,
}

/// A hash of what a change stores, the same in every version and on every machine: it is stored.
pub fn fingerprint(change: &Change<'_>) -> Option<String> {
    match &change.kind {
        Kind::Put { .. } => Some(Content::of(change)?.fingerprint()),
        Kind::SetAside(_) => Some(short(change.text.as_bytes())),
        Kind::Remove(_) | Kind::Unclear => None,
    }
}

/// Whether the enumeration before this one wrote so shortly ago that a query may not show its writes yet. Only an object that
/// one list shows twice, first changed and then as before, could be missed by that: the next list writes it.
pub fn may_be_behind(checkpoint: &Checkpoint, now: OffsetDateTime, doubt: Duration) -> bool {
    checkpoint.written_before.is_none_or(|written| written + doubt > now)
}

/// Whether a document is as the list shows its object. What is doubtful is written, which settles it.
pub fn is_known(change: &Change<'_>, document: &Summary, checkpoint: &Checkpoint) -> bool {
    let trusted = !document.marks.removed && !doubt::is_doubtful(checkpoint, doubt::marks(&document.marks));
    trusted && document.hash.is_some() && document.hash == fingerprint(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::plan::{self, Definition};
    use crate::protocol::{Counts, Ids, LastRun, Mode, Numbers};

    #[test]
    fn a_list_knows_when_the_one_before_it_wrote() {
        let at = |seconds| OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let definition = Definition {
            feed: "teams".into(),
            mode: Mode::List,
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::new(),
            orphaned: false,
        };
        let blank = plan::blank(&definition, Numbers { generation: 1, save: 1 }, at(0));
        let before =
            Checkpoint { last_run: Some(LastRun { at: at(100), counts: Counts::default() }), ..blank };
        let list = plan::begin(&before, &definition, None, 1, at(200));
        let doubt = Duration::from_secs(900);
        assert!(may_be_behind(&list, at(999), doubt) && !may_be_behind(&list, at(1000), doubt));
        // Its own saves do not count, however many turns it takes.
        let later =
            Checkpoint { last_run: Some(LastRun { at: at(5000), counts: Counts::default() }), ..list };
        assert!(!may_be_behind(&later, at(5001), doubt));
    }
}
