//! How Newtonsoft.Json writes what it has parsed: indented, and with dates that are no longer the same text.
//!
//! Weaker than the original in one point: members come out in alphabetical order instead of their own.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// `JToken.Parse` followed by `ToString`.
pub(super) fn reformat(value: &Value) -> String {
    let mut value = value.clone();
    change_dates(&mut value);
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        Value::Bool(truth) => if truth { "True" } else { "False" }.to_owned(),
        other => format!("{other:#}"),
    }
}

fn change_dates(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(changed) = changed_date(text) {
                *text = changed;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(change_dates),
        Value::Object(members) => members.values_mut().for_each(change_dates),
        _ => {}
    }
}

/// A `Z` stays, any other offset becomes the host's own (UTC), trailing zeros of the fraction go.
fn changed_date(text: &str) -> Option<String> {
    if !text.get(10..11)?.eq("T") {
        return None;
    }
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?.to_offset(UtcOffset::UTC);
    let utc = at.format(&Rfc3339).ok()?;
    Some(if text.ends_with('Z') { utc } else { utc.trim_end_matches('Z').to_owned() + "+00:00" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_in_an_output_are_rewritten_as_the_host_does() {
        let value =
            json!({"o": "2026-11-22T07:00:00+02:00", "t": "2026-11-22T07:00:00.000Z", "x": "2026-11-22"});
        let expected = "{\n  \"o\": \"2026-11-22T05:00:00+00:00\",\n  \"t\": \"2026-11-22T07:00:00Z\",\n  \"x\": \"2026-11-22\"\n}";
        assert_eq!(reformat(&value), expected);
    }
}
