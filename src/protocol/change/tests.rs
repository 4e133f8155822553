//! Objects as Graph sends them, and what becomes of them.

use proptest::prelude::*;

use super::*;

fn objects(texts: &[&str]) -> Vec<Box<RawValue>> {
    texts.iter().map(|text| RawValue::from_string((*text).to_owned()).unwrap()).collect()
}

/// A change in one line: what tests compare.
fn told(change: &Change<'_>) -> String {
    let id = change.id.as_deref().unwrap_or("-");
    match &change.kind {
        Kind::Put { properties, shadowed, .. } => {
            let text = |name: &str, value: &RawValue| format!("{name}={}", value.get());
            let mut parts: Vec<_> = properties.iter().map(|(name, value)| text(name, value)).collect();
            parts.extend(shadowed.iter().map(|(name, value)| format!("shadowed {}", text(name, value))));
            format!("put {id}: {}", parts.join(", "))
        }
        Kind::Remove(reason) => format!("remove {id}: {reason:?}"),
        Kind::Unclear => format!("unclear {id}"),
        Kind::SetAside(why) => format!("set aside {id}: {why}"),
    }
}

fn tell(texts: &[&str]) -> Vec<String> {
    let objects = objects(texts);
    let changes = of(&objects, Told::Removed);
    let unclear = changes.unclear.iter().map(|id| format!("unclear {id}"));
    changes.objects.iter().map(told).chain(unclear).collect()
}

#[test]
fn a_living_object_keeps_its_properties_as_text() {
    assert_eq!(
        tell(&[
            r##"{"id":"1","mail":null,"n":1.10,"@odata.type":"#microsoft.graph.user","a\u0062c":[1, 2]}"##
        ]),
        [r##"put 1: mail=null, n=1.10, @odata.type="#microsoft.graph.user", abc=[1, 2]"##]
    );
}

#[test]
fn removals_say_why() {
    assert_eq!(
        tell(&[
            r#"{"id":"1","@removed":{"reason":"changed"}}"#,
            r#"{"id":"2","@removed":{"reason":"deleted"}}"#,
            r#"{"@removed":{},"id":"3","displayName":"x"}"#,
            r#"{"@removed":null,"id":"4","displayName":"x"}"#,
            r#"{"id":"2","@removed":{"reason":"moved"}}"#,
        ]),
        ["remove 1: Changed", "remove 2: Deleted", r#"put 4: displayName="x""#, "unclear 3", "unclear 2"]
    );
}

#[test]
fn an_object_of_a_response_has_its_own_annotations_and_not_those_of_the_response() {
    let text = r#"{"@odata.context":"c","@microsoft.graph.tips":"t","@odata.etag":"e","id":"1","x":1}"#;
    let object = RawValue::from_string(text.to_owned()).unwrap();
    assert_eq!(told(&of_response(&object)), r#"put 1: @odata.etag="e", x=1"#);
    assert!(told(&read(&object)).contains("@odata.context"), "in an entry of a list it stays");
}

#[test]
fn names_that_cosmos_keeps_for_itself_move_aside_and_links_leave() {
    assert_eq!(
        tell(&[r#"{"id":"1","ttl":5,"_etag":"e","members@delta":[{"id":"2"}],"x":1}"#]),
        [r#"put 1: x=1, shadowed _etag="e", shadowed ttl=5"#]
    );
}

#[test]
fn what_has_no_usable_id_is_set_aside() {
    assert_eq!(
        tell(&[r#"{"displayName":"x"}"#, r#"{"id":7}"#, r#"{"id":""}"#, "[1]", r#""text""#]),
        [
            "set aside -: no id",
            "set aside -: no id",
            "set aside -: an empty id",
            "set aside -: not a readable JSON object",
            "set aside -: not a readable JSON object",
        ]
    );
}

#[test]
fn the_last_occurrence_in_a_page_wins() {
    assert_eq!(
        tell(&[
            r#"{"id":"1","v":1}"#,
            r#"{"id":"2","v":1}"#,
            r#"{"id":"1","v":2}"#,
            r#"{"id":"2","@removed":{"reason":"deleted"}}"#,
        ]),
        ["put 1: v=2", "remove 2: Deleted"]
    );
}

#[test]
fn what_a_later_entry_of_a_page_does_not_name_stays() {
    assert_eq!(
        tell(&[
            r#"{"id":"1","a":1,"b":"x","ttl":1}"#,
            r#"{"id":"1","members@delta":[]}"#,
            r#"{"id":"1","b":null,"c":[2]}"#,
            r#"{"id":"2","a":1}"#,
            r#"{"id":"2","@removed":{"reason":"changed"}}"#,
            r#"{"id":"2","b":2}"#,
        ]),
        ["put 1: a=1, b=null, c=[2], shadowed ttl=1", "put 2: b=2"]
    );
    let bare = |text: &str| read(&RawValue::from_string(text.to_owned()).unwrap()).is_bare();
    assert!(bare(r#"{"id":"1","@odata.type":"t","members@delta":[]}"#) && !bare(r#"{"id":"1","a":null}"#));
}

/// The links of a page, each in one line.
fn links(texts: &[&str]) -> Vec<String> {
    let objects = objects(texts);
    let told = |link: &LinkChange<'_>| {
        let sign = if link.removed { '-' } else { '+' };
        format!("{sign}{} {}>{} ({})", link.property, link.source, link.target, link.target_type)
    };
    of(&objects, Told::Removed).links.iter().map(told).collect()
}

#[test]
fn slices_of_a_relationship_add_up_and_the_last_word_on_a_link_counts() {
    let user = r##""@odata.type":"#microsoft.graph.user""##;
    let first = format!(r#"{{"id":"g","members@delta":[{{{user},"id":"1"}},{{{user},"id":"2"}}]}}"#);
    let second = format!(
        r##"{{"id":"g","displayName":"G","members@delta":[{{"@odata.type":"#microsoft.graph.group","id":"3"}},{{{user},"id":"1","@removed":{{"reason":"deleted"}}}}],"owners@delta":[{{"id":"1"}}]}}"##
    );
    assert_eq!(
        links(&[&first, &second]),
        ["-members g>1 (user)", "+members g>2 (user)", "+members g>3 (group)", "+owners g>1 ()"]
    );
    assert_eq!(tell(&[&first, &second]), [r#"put g: displayName="G""#]);
}

#[test]
fn links_that_cannot_be_read_are_named_and_hide_no_others() {
    let odd = |texts: &[&str]| {
        let objects = objects(texts);
        let odd = of(&objects, Told::Removed).odd;
        odd.iter()
            .map(|odd| format!("{} {}: {} {}", odd.source, odd.property, odd.count, odd.why))
            .collect::<Vec<_>>()
    };
    let some =
        r#"{"id":"g","members@delta":[{},{"id":"1"},7,{"id":null},{"id":"2"}],"owners@delta":[{"id":"1"}]}"#;
    assert_eq!(links(&[some]), ["+members g>1 ()", "+members g>2 ()", "+owners g>1 ()"]);
    assert_eq!(odd(&[some]), ["g members: 3 without an id"]);
    let no_list = r#"{"id":"g","members@delta":{"id":"1"},"owners@delta":[{"id":"1"}]}"#;
    assert_eq!(
        (links(&[no_list]), odd(&[no_list])),
        (vec!["+owners g>1 ()".to_owned()], vec!["g members: 1 not a list".to_owned()])
    );
    for nothing in [
        r#"{"id":"g","members@delta":null}"#,
        r#"{"id":"g","@removed":{"reason":"deleted"},"members@delta":7}"#,
    ] {
        assert_eq!((links(&[nothing]), odd(&[nothing])), (vec![], vec![]));
    }
}

#[test]
fn only_the_value_that_cosmos_cannot_hold_moves_aside() {
    let object = r#"{"id":"1","a":"\ud800","b":1e400,"c":"x","ttl":1e400,"d\ud800":1}"#;
    assert_eq!(
        tell(&[object]),
        [
            r#"put 1: c="x", shadowed a="\"\\ud800\"", shadowed b="1e400", shadowed d���="1", shadowed ttl="1e400""#
        ]
    );
    let objects = objects(&[object]);
    let Kind::Put { unholdable, .. } = &of(&objects, Told::Removed).objects[0].kind else { panic!() };
    assert_eq!(unholdable.len(), 4);
}

proptest! {
    /// One change for each object, the last one, in any order and number of duplicates.
    #[test]
    fn last_wins(ids in prop::collection::vec(0..6_u8, 0..30)) {
        let texts: Vec<String> = ids.iter().enumerate().map(|(n, id)| format!(r#"{{"id":"{id}","n":{n}}}"#)).collect();
        let told = tell(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut expected = HashMap::new();
        for (n, id) in ids.iter().enumerate() {
            expected.insert(*id, format!("put {id}: n={n}"));
        }
        let mut expected: Vec<_> = expected.into_values().collect();
        let mut told = told;
        expected.sort();
        told.sort();
        prop_assert_eq!(told, expected);
    }
}
