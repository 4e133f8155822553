//! What `$filter` says: clauses joined by `and`, each one a comparison, several joined by `or`, `in`, a function, or the
//! `not` of one of them.

use std::cmp::Ordering;

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{answer::Answer, collection::Object, row::Row};

/// What `$filter` says.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compares(String, &'static str, Value),
    Starts(String, String),
    Ends(String, String),
}

impl Condition {
    pub(super) fn parse(feed: &Row, text: &str) -> Result<Self, Answer> {
        let condition = all(text).ok_or_else(|| {
            let message = "Unsupported or invalid query filter clause specified.";
            Answer::error(400, "Request_UnsupportedQuery", message)
        })?;
        match condition
            .properties()
            .into_iter()
            .find(|name| !feed.has(name.split('/').next().unwrap_or(name)))
        {
            None => Ok(condition),
            Some(name) => {
                let message = format!(
                    "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                    feed.kind
                );
                Err(Answer::error(400, "BadRequest", &message))
            }
        }
    }

    /// Whether it needs `ConsistencyLevel: eventual`.
    pub(super) fn is_advanced(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_advanced),
            Self::Not(_) | Self::Ends(..) => true,
            _ => false,
        }
    }

    /// Whether it is about these properties only.
    pub(super) fn is_about(&self, names: &[String]) -> bool {
        self.properties().iter().all(|property| names.iter().any(|name| name == property))
    }

    fn properties(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::properties).collect(),
            Self::Not(part) => part.properties(),
            Self::Compares(name, ..) | Self::Starts(name, _) | Self::Ends(name, _) => vec![name],
        }
    }

    pub(super) fn holds(&self, object: &Object) -> bool {
        let text =
            |property: &str| object.get(property).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(object)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(object)),
            Self::Not(part) => !part.holds(object),
            Self::Starts(property, value) => text(property).starts_with(&value.to_lowercase()),
            Self::Ends(property, value) => text(property).ends_with(&value.to_lowercase()),
            Self::Compares(property, operator, value) => {
                let ordering = order(object.get(property).unwrap_or(&Value::Null), value);
                match *operator {
                    "eq" => ordering == Some(Ordering::Equal),
                    "ne" => ordering != Some(Ordering::Equal),
                    "ge" => ordering.is_some_and(Ordering::is_ge),
                    "gt" => ordering.is_some_and(Ordering::is_gt),
                    "le" => ordering.is_some_and(Ordering::is_le),
                    _ => ordering.is_some_and(Ordering::is_lt),
                }
            }
        }
    }
}

fn all(text: &str) -> Option<Condition> {
    let mut parts = text.split(" and ").map(any).collect::<Option<Vec<_>>>()?;
    if parts.len() == 1 { parts.pop() } else { Some(Condition::All(parts)) }
}

fn any(text: &str) -> Option<Condition> {
    let mut parts = text.split(" or ").map(clause).collect::<Option<Vec<_>>>()?;
    if parts.len() == 1 { parts.pop() } else { Some(Condition::Any(parts)) }
}

fn clause(text: &str) -> Option<Condition> {
    let text = text.trim();
    if let Some(negated) = text.strip_prefix("not").filter(|rest| rest.starts_with([' ', '('])) {
        let inside = negated.strip_prefix('(').and_then(|inside| inside.strip_suffix(')'));
        return Some(Condition::Not(Box::new(clause(inside.unwrap_or(negated))?)));
    }
    if let Some((property, values)) = text.split_once(" in ") {
        let values = values.trim().strip_prefix('(')?.strip_suffix(')')?;
        let is_one =
            |value: &str| Some(Condition::Compares(property.trim().to_owned(), "eq", literal(value)?));
        return values.split(',').map(is_one).collect::<Option<Vec<_>>>().map(Condition::Any);
    }
    for operator in ["eq", "ne", "ge", "gt", "le", "lt"] {
        if let Some((property, value)) = text.split_once(&format!(" {operator} ")) {
            return Some(Condition::Compares(property.trim().to_owned(), operator, literal(value)?));
        }
    }
    let (name, rest) = text.split_once('(')?;
    let (property, value) = rest.strip_suffix(')')?.split_once(',')?;
    let (property, value) = (property.trim().to_owned(), literal(value)?.as_str()?.to_owned());
    match name.to_lowercase().as_str() {
        "startswith" => Some(Condition::Starts(property, value)),
        "endswith" => Some(Condition::Ends(property, value)),
        _ => None,
    }
}

fn literal(text: &str) -> Option<Value> {
    let text = text.trim();
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ if text.starts_with('\'') => {
            Some(Value::String(text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")))
        }
        _ if moment(text).is_some() => Some(Value::String(text.to_owned())),
        _ => serde_json::from_str::<Value>(text).ok().filter(Value::is_number),
    }
}

/// How two values are ordered, if they can be compared: times as times, text in either case.
pub(super) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => match (moment(one), moment(other)) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => Some(one.to_lowercase().cmp(&other.to_lowercase())),
        },
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        _ => (one == other).then_some(Ordering::Equal),
    }
}

pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str, object: Value) -> bool {
        Condition::parse(Row::of("signIns"), text).unwrap().holds(object.as_object().unwrap())
    }

    #[test]
    fn times_are_compared_as_times_and_ids_are_listed() {
        let at = |time: &str| json!({"id": "a", "createdDateTime": time});
        let window = "createdDateTime ge 2026-11-03T07:00:00Z and createdDateTime le 2026-11-03T08:00:00.5Z";
        assert!(holds(window, at("2026-11-03T07:00:00.000Z")));
        assert!(holds(window, at("2026-11-03T08:00:00.4Z")));
        assert!(!holds(window, at("2026-11-03T08:00:00.6Z")));
        assert!(!holds("createdDateTime lt 2026-11-03T07:00:00Z", at("2026-11-03T07:00:00Z")));
        assert!(holds("id in ('b', 'a')", at("")) && !holds("id in ('b')", at("")));
        assert!(holds("id eq 'b' or id eq 'a'", at("")));
    }

    #[test]
    fn what_cannot_be_understood_or_is_unknown_is_refused() {
        let code = |text: &str| {
            Condition::parse(Row::of("signIns"), text).unwrap_err().body["error"]["code"].clone()
        };
        assert_eq!(code("x"), "Request_UnsupportedQuery");
        assert_eq!(code("shoeSize eq 1"), "BadRequest");
    }
}
