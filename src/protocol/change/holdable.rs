//! Decides from its text whether Cosmos can hold a JSON value. Pure.
//!
//! JSON allows more than a store of documents takes: strings with half of a surrogate pair (RFC 8259, 8.2), numbers
//! beyond a double (RFC 8259, 6), and any depth. Limits: <https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits>.

/// Levels within a value. Cosmos accepts 128 in all, the JSON reader of the SDK one less; the object itself is one.
const DEEPEST: usize = 126;
/// A number with fewer digits than this and no exponent fits into a double.
const DIGITS: usize = 300;

/// Whether Cosmos can hold a value, which must be valid JSON.
pub(super) fn is_holdable(value: &str) -> bool {
    let bytes = value.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1) {
                Some(end) => at = end,
                None => return false,
            },
            b'[' | b'{' if depth == DEEPEST => return false,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let end =
                    bytes[at..].iter().position(|byte| !is_of_number(*byte)).map_or(bytes.len(), |n| at + n);
                if !is_double(&value[at..end]) {
                    return false;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    true
}

/// The end of the string that begins at `at`; `None` if it contains a surrogate without its other half.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => match escaped(bytes, at) {
                Some(0xd800..=0xdbff) if matches!(escaped(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
                Some(0xd800..=0xdfff) => return None,
                Some(_) => at += 6,
                None => at += 2,
            },
            _ => at += 1,
        }
    }
}

/// The code unit of an escape `\uXXXX`.
fn escaped(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_double(number: &str) -> bool {
    let is_small = number.len() < DIGITS && !number.contains(['e', 'E']);
    is_small || number.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_can_hold_and_what_not() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let digits = |many: usize| "9".repeat(many);
        let fine = [
            "null",
            "-1.5e10",
            "1e-400",
            "1.7e308",
            r#""\ud83d\ude00 \\ud800 \" \u0000""#,
            r#"{"a\n":[1,{"b":"]"}]}"#,
            &deep(DEEPEST),
            &format!("[{}{}]", deep(100), r#","[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[""#),
            &digits(308),
        ];
        let odd = [
            "1e400",
            r#"{"a":[1,-1E+400]}"#,
            r#""\ud800""#,
            r#""x\udc00""#,
            r#""\ud800\u0041""#,
            r#""\ud83d\ud83d\ude00""#,
            r#"{"\udfff":1}"#,
            &deep(DEEPEST + 1),
            &digits(400),
        ];
        assert_eq!(fine.iter().filter(|value| !is_holdable(value)).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert_eq!(odd.iter().filter(|value| is_holdable(value)).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    proptest::proptest! {
        /// What serde_json reads into a value that is written again is held, and nothing makes the reader panic.
        #[test]
        fn what_can_be_read_can_be_held(text in ".{0,60}", number in proptest::num::f64::ANY) {
            let value = serde_json::json!([text, number]).to_string();
            proptest::prop_assert!(is_holdable(&value));
            let _ = is_holdable(&text);
        }
    }
}
