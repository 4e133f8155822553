//! JSON for a person: indented, and otherwise to the letter. Pure.
//!
//! It moves white space between tokens and nothing else: numbers and escapes stay as they were written, which no
//! parser and printer would promise.

use std::fmt::Write as _;

/// The same JSON, indented by two blanks. What is no JSON stays no JSON.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut rest) = (0_usize, json.trim());
    while let Some(next) = rest.chars().next() {
        let mut taken = next.len_utf8();
        match next {
            '"' => {
                taken = string(rest);
                out.push_str(&rest[..taken]);
            }
            '{' | '[' => {
                let inside = rest[1..].trim_start();
                out.push(next);
                if inside.starts_with(['}', ']']) {
                    out.push_str(&inside[..1]);
                    taken = rest.len() - inside.len() + 1;
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(next);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            white if white.is_ascii_whitespace() => {}
            other => out.push(other),
        }
        rest = &rest[taken..];
    }
    out
}

fn line(out: &mut String, depth: usize) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{:width$}", "", width = depth * 2);
}

/// The length of the string that a text begins with, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return place + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_kept_to_the_letter() {
        let json =
            r#"{"n":1.10,"big":12345678901234567890,"u":"\u00e9 {a:[\"b\\","e":[ ],"o":{},"a":[true,null]}"#;
        let expected = "{\n  \"n\": 1.10,\n  \"big\": 12345678901234567890,\n  \"u\": \"\\u00e9 {a:[\\\"b\\\\\",\n  \
                        \"e\": [],\n  \"o\": {},\n  \"a\": [\n    true,\n    null\n  ]\n}";
        assert_eq!(pretty(json), expected);
        assert_eq!(pretty(expected), expected);
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_white_space_changes(value in value(), cut in 0_usize..200) {
            let json = value.to_string();
            let again: serde_json::Value = serde_json::from_str(&pretty(&json)).unwrap();
            proptest::prop_assert_eq!(again, value);
            // Cut anywhere, it is no JSON any more, and must not panic.
            let end = json.char_indices().map(|(place, _)| place).take_while(|place| *place <= cut).last();
            pretty(&json[..end.unwrap_or_default()]);
        }
    }

    fn value() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
