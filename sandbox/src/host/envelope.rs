//! The JSON envelope `{"Data":{…},"Metadata":{…}}` that the host posts to a custom handler, byte for byte.
//!
//! Pure functions from what triggered to text. The rules are those of the host's
//! `ScriptInvocationContextExtensions`: compact JSON in the host's own member order, objects as they are, and
//! everything else (strings, numbers, arrays) as a string that holds its JSON.

mod http;
mod queue;
mod timer;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;
use uuid::Uuid;

pub(super) use http::{HttpRequest, http};
pub(super) use queue::{QueueItem, queue};
pub(super) use timer::{RetryContext, ScheduleStatus, TimerInfo, timer};

/// What every envelope tells about the invocation itself (`SystemBindingData`).
#[derive(Debug, Clone)]
pub(super) struct Sys<'a> {
    pub function: &'a str,
    pub now: OffsetDateTime,
    pub rand_guid: Uuid,
}

impl<'a> Sys<'a> {
    /// This function, now.
    pub fn of(function: &'a str) -> Self {
        Self { function, now: OffsetDateTime::now_utc(), rand_guid: Uuid::new_v4() }
    }

    fn members(&self) -> Members {
        let mut members = Members::default();
        members.put("MethodName", self.function);
        members.put("UtcNow", format!("{}Z", ticks(self.now)));
        members.put("RandGuid", self.rand_guid.to_string());
        members
    }
}

/// A JSON object that keeps the order in which its members were put. Putting a name again replaces the value
/// and, as a case-insensitive .NET dictionary does, keeps the first spelling.
#[derive(Debug, Default, Clone)]
struct Members(Vec<(String, Node)>);

#[derive(Debug, Clone)]
enum Node {
    Value(Value),
    Members(Members),
}

impl Members {
    fn put(&mut self, name: &str, value: impl Into<Node>) {
        let value = value.into();
        match self.0.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(name)) {
            Some((_, present)) => *present = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Merges the members of a JSON text into the metadata (`Utility.ApplyBindingData`): scalars as strings,
    /// objects as they are; arrays and nulls are left out, and so are names that end in "trigger".
    fn merge_json(&mut self, text: &str) {
        let Ok(Value::Object(members)) = serde_json::from_str(text) else { return };
        for (name, value) in members {
            if name.to_lowercase().ends_with("trigger") {
                continue;
            }
            match scalar_text(&value) {
                Some(text) => self.put(&name, encoded(&Value::String(text))),
                None if value.is_object() => self.put(&name, value),
                None => {}
            }
        }
    }
}

/// A scalar as .NET casts it to a string: `true` becomes `True`.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(if *truth { "True" } else { "False" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The rule for values that are no objects: a string holding the value's JSON.
fn encoded(value: &Value) -> Value {
    Value::String(value.to_string())
}

fn envelope(binding: &str, data: impl Into<Node>, metadata: Members) -> String {
    let mut all = Members::default();
    let mut named = Members::default();
    named.put(binding, data);
    all.put("Data", named);
    all.put("Metadata", metadata);
    Node::Members(all).text()
}

impl Node {
    fn text(&self) -> String {
        serde_json::to_string(self)
            .unwrap_or_else(|error| unreachable!("members and values are always JSON: {error}"))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Members(Members(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, node) in members {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
        }
    }
}

impl<V: Into<Value>> From<V> for Node {
    fn from(value: V) -> Self {
        Self::Value(value.into())
    }
}

impl From<Members> for Node {
    fn from(members: Members) -> Self {
        Self::Members(members)
    }
}

const SECONDS: &[FormatItem] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// A `DateTimeOffset` in the metadata: its fraction is lost on the way.
fn seconds(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let text = at.format(SECONDS).unwrap_or_else(|error| unreachable!("a valid time formats: {error}"));
    text + "+00:00"
}

/// A time with .NET's seven digits, trailing zeros dropped, and no offset.
fn ticks(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let text = at.format(SECONDS).unwrap_or_else(|error| unreachable!("a valid time formats: {error}"));
    let fraction = format!(".{:07}", at.nanosecond() / 100);
    text + fraction.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    pub(super) fn sys(function: &str) -> Sys<'_> {
        let rand_guid = Uuid::from_u128(0x24ad4c06_24ad_4e5b_8294_3da9714877e9);
        Sys { function, now: datetime!(2026-11-22 07:00:00.0312345 UTC), rand_guid }
    }

    #[test]
    fn times_are_written_as_dotnet_writes_them() {
        assert_eq!(seconds(datetime!(2026-11-22 07:00:00.5 UTC)), "2026-11-22T07:00:00+00:00");
        assert_eq!(ticks(datetime!(2026-11-22 07:00:00.0312345 UTC)), "2026-11-22T07:00:00.0312345");
        assert_eq!(ticks(datetime!(2026-11-22 07:00:00.03 UTC)), "2026-11-22T07:00:00.03");
        assert_eq!(ticks(datetime!(2026-11-22 07:00:00 UTC)), "2026-11-22T07:00:00");
    }

    #[test]
    fn a_value_that_is_no_object_is_sent_as_a_json_string() {
        assert_eq!(encoded(&Value::from("hi")).to_string(), r#""\"hi\"""#);
        assert_eq!(encoded(&Value::from(5)).to_string(), r#""5""#);
        assert_eq!(encoded(&Value::Null).to_string(), r#""null""#);
    }
}
