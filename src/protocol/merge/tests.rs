//! Entries beside documents.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::*;
use crate::protocol::plan::Definition;
use crate::protocol::{Abandoned, FirstCopy, Link, Numbers, plan};

/// What a whole entry names.
const REQUIRED: [&str; 3] = ["accountEnabled", "displayName", "userPrincipalName"];

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A checkpoint of generation 3 in which the save 7 was abandoned.
fn checkpoint(state: State) -> Checkpoint {
    let definition = Definition {
        feed: "users".into(),
        mode: crate::protocol::Mode::Delta,
        shape: "s".into(),
        tenant_id: "t".into(),
        containers: Default::default(),
        orphaned: false,
        first_copy: FirstCopy::Delta,
    };
    let then = OffsetDateTime::UNIX_EPOCH;
    let abandoned = vec![Abandoned { from: 7, to: 7, at: then }];
    let numbers = Numbers::from_time(then);
    Checkpoint { state, generation: 3, abandoned, first_save: 0, ..plan::blank(&definition, numbers, then) }
}

fn tracking() -> Checkpoint {
    checkpoint(State::Tracking { link: Link::new("l") })
}

fn kept(mut document: Value, marks: Value) -> Existing {
    document["_etag"] = json!("e");
    document["_ts"] = json!(0);
    document["_mirror"] =
        json!({"generation": 3, "save": 1, "source": "delta", "syncedAt": "1970-01-01T00:00:00Z"});
    for (name, value) in marks.as_object().unwrap() {
        document["_mirror"][name] = value.clone();
    }
    Existing::of(raw(&document.to_string())).unwrap()
}

/// A step in one line.
fn told(entry: &str, kept: Option<&Existing>, checkpoint: &Checkpoint) -> String {
    let entry = raw(entry);
    let change = change::read(&entry);
    let whole = is_whole(&change, checkpoint, &REQUIRED.map(str::to_owned), false);
    match step(&change, kept, checkpoint, whole, true) {
        Step::Skip => "skip".into(),
        Step::Replace { whole } => format!("replace, whole {whole}"),
        Step::Merge { change, generation, settled } => {
            let Kind::Put { properties, shadowed, .. } = &change.kind else { panic!("{change:?}") };
            let mut named: Vec<_> =
                properties.iter().map(|(name, value)| format!("{name}={}", value.get())).collect();
            named.extend(shadowed.iter().map(|(name, value)| format!("shadowed {name}={}", value.get())));
            named.sort();
            format!("{}: generation {generation}, settled {settled}", named.join(" "))
        }
    }
}

const WHOLE: &str =
    r#"{"id":"1","accountEnabled":true,"displayName":"A","userPrincipalName":"a@b","city":"Ulm"}"#;

#[test]
fn what_an_entry_does_not_name_stays_and_a_null_overwrites() {
    let document = json!({"id": "1", "city": "Ulm", "n": 1.5, "mail": "a", "@odata.context": "c"});
    let kept = kept(document, json!({"shadowed": {"ttl": 7}}));
    let told = |entry: &str| told(entry, Some(&kept), &tracking());
    assert_eq!(
        told(r#"{"id":"1","mail":null,"new":[1]}"#),
        r#"city="Ulm" mail=null n=1.5 new=[1] shadowed ttl=7: generation 3, settled true"#
    );
    assert_eq!(told(r#"{"id":"1","city":"Ulm","n":1.50,"ttl":7}"#), "skip");
    assert_eq!(told(r#"{"id":"1","members@delta":[]}"#), "skip");
    assert!(told(r#"{"id":"1","never":null}"#).contains("never=null"), "a null is more than nothing");
    assert!(told(r#"{"id":"1","ttl":8}"#).contains("shadowed ttl=8"));
}

#[test]
fn a_part_settles_no_doubt_and_a_whole_does() {
    let by_id = kept(json!({"id": "1", "city": "Ulm"}), json!({"source": "by-id", "generation": 0}));
    let abandoned = kept(json!({"id": "1", "city": "Ulm"}), json!({"save": 7}));
    for doubtful in [&by_id, &abandoned] {
        assert_eq!(told(WHOLE, Some(doubtful), &tracking()), "replace, whole true");
        let part = told(r#"{"id":"1","city":"Bern"}"#, Some(doubtful), &tracking());
        assert_eq!(part, r#"city="Bern": generation 3, settled false"#);
    }
    assert_eq!(
        told(r#"{"id":"1","city":"Ulm"}"#, Some(&abandoned), &tracking()),
        "skip",
        "it stays doubtful"
    );
}

#[test]
fn what_the_enumeration_did_not_show_is_not_confirmed_by_a_delta_round() {
    let older = kept(json!({"id": "1", "city": "Ulm"}), json!({"generation": 2}));
    let told = told(r#"{"id":"1","city":"Ulm"}"#, Some(&older), &tracking());
    assert_eq!(told, r#"city="Ulm": generation 2, settled false"#, "the sweep asks for it by its id");
    let whole = self::told(WHOLE, Some(&older), &tracking());
    assert!(whole.ends_with(": generation 2, settled false"), "a round of changes tells no links: {whole}");
    let enumerating = checkpoint(State::Enumerating { link: None });
    assert_eq!(self::told(WHOLE, Some(&older), &enumerating), "replace, whole true");
}

#[test]
fn where_there_is_no_living_document_the_entry_is_written_as_it_is() {
    let tombstone =
        kept(json!({"id": "1"}), json!({"removed": {"reason": "changed", "at": "1970-01-01T00:00:00Z"}}));
    for kept in [None, Some(&tombstone)] {
        assert_eq!(told(WHOLE, kept, &tracking()), "replace, whole true");
        assert_eq!(told(r#"{"id":"1","city":"Ulm"}"#, kept, &tracking()), "replace, whole false");
    }
}

#[test]
fn an_enumeration_is_asked_about_the_document_only_where_it_would_empty_it() {
    let enumerating = checkpoint(State::Enumerating { link: None });
    let (bare, full) = (raw(r#"{"id":"1","members@delta":[]}"#), raw(WHOLE));
    assert!(needs_document(&change::read(&bare), &enumerating));
    assert!(!needs_document(&change::read(&full), &enumerating));
    assert!(needs_document(&change::read(&full), &tracking()));
    let this = kept(json!({"id": "1", "city": "Ulm"}), json!({}));
    let older = kept(json!({"id": "1", "city": "Ulm"}), json!({"generation": 2}));
    assert_eq!(told(bare.get(), Some(&this), &enumerating), "skip");
    assert_eq!(told(bare.get(), Some(&older), &enumerating), r#"city="Ulm": generation 3, settled false"#);
}
