//! A document as it is stored, with invented values that fit the names of the properties. Pure.

use serde_json::{Map, Value, json};

use crate::app::{Mode, Resource};

/// A time at which nothing happened.
const TIME: &str = "2026-11-23T01:30:47Z";
const ID: &str = "cfe67c26-4510-4ffc-b630-044dde63f77a";
const PARENT: &str = "0e6f1a3c-7d52-4b7b-9f2e-5c1d8a4b6e90";
/// Most properties that are shown.
const MOST: usize = 8;

/// The document, and how many properties more there are; none where the row names no properties.
pub fn document(row: &Resource) -> (Value, Option<usize>) {
    let mut document = Map::new();
    // The id first, then what every object has, then the others.
    let window = row.window.iter().map(|window| &window.property);
    let names = row.required.iter().chain(window).chain(&row.properties);
    document.insert("id".into(), ID.into());
    for name in [&row.key].into_iter().chain(names).filter(|name| *name != "id") {
        if document.len() < MOST {
            document.insert(name.clone(), if *name == row.key { ID.into() } else { value(name) });
        }
    }
    let left =
        (!row.properties.is_empty()).then(|| (row.properties.len() + 1).saturating_sub(document.len()));
    document.insert("_mirror".into(), marks(row));
    (Value::Object(document), left.map(|left| left.saturating_sub(usize::from(row.key == "id"))))
}

fn marks(row: &Resource) -> Value {
    let mut marks = json!({
        "resource": row.container,
        "tenantId": "11111111-2222-4333-8444-555555555555",
        "syncedAt": TIME,
        "generation": 1_795_397_446,
        "save": 1_795_397_446_812_u64,
    });
    if row.mode == Mode::Delta {
        marks["source"] = "delta".into();
    }
    if !row.parents().is_empty() {
        let parents: Vec<_> = row.parents().iter().map(|_| PARENT).collect();
        marks["parent"] = parents.join("/").into();
    }
    marks
}

/// A value by the name of a property.
fn value(name: &str) -> Value {
    let is = |end: &str| name.ends_with(end);
    let starts = |start: &str| {
        name.strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
    };
    match name {
        _ if is("DateTime") => TIME.into(),
        _ if starts("is") || starts("has") || is("Enabled") => true.into(),
        _ if is("Count") || name == "size" => 3.into(),
        _ if is("Id") => PARENT.into(),
        "mail" | "userPrincipalName" => "user265@contoso.example".into(),
        "displayName" | "subject" => "Finance".into(),
        _ if is("s") => json!([]),
        _ => "…".into(),
    }
}

/// How the objects of this mode come into the copy, as `_mirror.source` says it.
pub fn note(row: &Resource, left: Option<usize>) -> String {
    let type_name = row.entity_type.as_deref().unwrap_or("the type");
    let more = match left {
        Some(0) => "all of its properties are shown".to_owned(),
        Some(left) => format!("{left} more of the selected properties are left out"),
        None => format!("the other properties of {type_name} are as Graph sends them"),
    };
    let ttl = match (row.mode, row.ttl_days) {
        (Mode::Window, Some(days)) => format!("; documents stay for {days} days"),
        _ => String::new(),
    };
    format!("The values are invented; {more}{ttl}.")
}
