//! What an enumeration shows of an object or a link, and what is known of its document (rule 13). Pure.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::change::{Change, Kind, LinkChange};
use super::ids::short;
use super::{Candidate, Checkpoint, Source, State, content, doubt};

/// What is known of a document without reading it whole.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its marks.
    pub marks: Candidate,
    /// The hash of its content; none if the version that wrote it kept none.
    pub hash: Option<String>,
    /// It stands for an object whose content Cosmos refused.
    pub set_aside: bool,
    /// Of a link: the type of its target.
    pub target_type: Option<String>,
}

/// Whether what the next page shows is compared with the copy.
pub fn compares(checkpoint: &Checkpoint) -> bool {
    checkpoint.compares && matches!(checkpoint.state, State::Enumerating { .. })
}

/// How a hash begins that does not count nulls.
const WITHOUT_NULLS: &str = "~";

/// A hash of what a change stores, the same in every version and on every machine: it is stored. That of the list which is a
/// first copy does not count nulls: a list may have one where the delta query, which confirms it, has no property.
pub fn hash(change: &Change<'_>, of_first_list: bool) -> Option<String> {
    match of_first_list {
        true => fingerprint(change, false).map(|hash| format!("{WITHOUT_NULLS}{hash}")),
        false => fingerprint(change, true),
    }
}

/// Whether a stored hash is that of a change, whose own is `own`.
fn is_hash_of(hash: &str, change: &Change<'_>, own: Option<&str>) -> bool {
    match hash.strip_prefix(WITHOUT_NULLS) {
        Some(without) => fingerprint(change, false).is_some_and(|found| found == without),
        None => own == Some(hash),
    }
}

fn fingerprint(change: &Change<'_>, with_nulls: bool) -> Option<String> {
    match &change.kind {
        Kind::Put { .. } => content::fingerprint(change, with_nulls),
        Kind::SetAside(_) => Some(short(Sha256::new_with_prefix(change.text))),
        Kind::Remove(_) | Kind::Unclear => None,
    }
}

/// Whether a query may not show yet what was written before this enumeration. Replicas of Cosmos DB are behind for less than
/// `doubt`, and never behind what this process has written itself: `others` is when another process last wrote, if that is
/// known. Only an object that was changed and then as before could be missed.
pub fn may_be_behind(
    checkpoint: &Checkpoint,
    others: Option<OffsetDateTime>,
    now: OffsetDateTime,
    doubt: Duration,
) -> bool {
    let written = match (checkpoint.written_before, others) {
        (Some(written), Some(others)) => Some(written.min(others)),
        (written, _) => written,
    };
    written.is_none_or(|written| written + doubt > now)
}

/// Whether a document is as the enumeration shows its object, whose [`hash`] is `own`. What is doubtful is written, which
/// settles it, and so is what a later version wrote.
pub fn is_known(change: &Change<'_>, own: Option<&str>, document: &Summary, checkpoint: &Checkpoint) -> bool {
    let lives = !document.marks.removed && document.marks.source != Source::Unknown;
    let doubtful = doubt::is_doubtful(checkpoint, doubt::marks(&document.marks));
    lives && !doubtful && document.hash.as_ref().is_some_and(|hash| is_hash_of(hash, change, own))
}

/// Whether the document of a link is as the enumeration shows the link.
pub fn is_known_link(link: &LinkChange<'_>, document: &Summary, checkpoint: &Checkpoint) -> bool {
    let doubtful = doubt::is_doubtful_link(checkpoint, doubt::marks(&document.marks));
    let lives = !link.removed && !document.marks.removed;
    lives && !doubtful && document.target_type.as_deref() == Some(&*link.target_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::plan::{self, Definition};
    use crate::protocol::{FirstCopy, Ids, Mode, Numbers};

    #[test]
    fn a_null_of_a_list_is_as_good_as_no_property_of_the_delta_query() {
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        let listed = raw(r#"{"id":"1","city":null,"mail":"a@b"}"#);
        let listed = super::super::change::read(&listed);
        let (first, other) = (hash(&listed, true).unwrap(), hash(&listed, false).unwrap());
        let is_same = |hash: &str, text: &str| {
            let text = raw(text);
            let change = super::super::change::read(&text);
            is_hash_of(hash, &change, super::hash(&change, false).as_deref())
        };
        assert!(is_same(&first, r#"{"id":"1","mail":"a@b"}"#) && is_same(&first, listed.text));
        assert!(!is_same(&other, r#"{"id":"1","mail":"a@b"}"#) && is_same(&other, listed.text));
        assert!(!is_same(&first, r#"{"id":"1","mail":null}"#) && !is_same(&first, r#"{"id":"1"}"#));
    }

    #[test]
    fn an_enumeration_knows_when_documents_were_written_before_it() {
        let at = |seconds| OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let definition = Definition {
            feed: "teams".into(),
            mode: Mode::List,
            shape: "s".into(),
            tenant_id: "t".into(),
            containers: Ids::new(),
            orphaned: false,
            first_copy: FirstCopy::Delta,
        };
        let blank = plan::blank(&definition, Numbers { generation: 1, save: 1 }, at(0));
        let list = plan::begin(&blank, &definition, None, 1, at(200));
        let doubt = Duration::from_secs(900);
        let behind = |list: &Checkpoint, now| may_be_behind(list, None, at(now), doubt);
        assert!(behind(&list, 99_999), "it is unknown when");
        let before = Checkpoint { wrote_at: Some(at(100)), ..blank };
        let list = plan::begin(&before, &definition, None, 1, at(200));
        assert!(behind(&list, 999) && !behind(&list, 1000));
        // Its own saves do not count, however many turns it takes.
        let later = Checkpoint { wrote_at: Some(at(5000)), ..list };
        assert!(!behind(&later, 5001));
        // Nor do those of the process that asks.
        let by_others = |others| may_be_behind(&later, Some(at(others)), at(950), doubt);
        assert!(!by_others(50) && by_others(51) && by_others(5000));
    }
}
