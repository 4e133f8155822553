//! Some objects of a list beside the same objects of the delta query: G-16.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::asker::{Asker, deadline};
use super::ledger::counted;
use super::single::id;
use crate::graph::Request;

/// Most objects that are compared: a filter takes fifteen values.
const MOST: usize = 15;

/// Compares the properties of the same objects in both.
pub(super) async fn compare(asker: &Asker<'_>, objects: &[Box<RawValue>]) {
    let (row, ledger) = (asker.row, asker.ledger);
    let told: HashMap<_, _> =
        objects.iter().rev().filter_map(|object| Some((id(object)?, value(object)?))).take(MOST).collect();
    if row.list_by.is_none() {
        return;
    }
    if told.is_empty() {
        return ledger.not_testable("G-16", asker.says("the delta query shows no object"));
    }
    let quoted: Vec<_> = told.keys().map(|id| format!("'{id}'")).collect();
    let filter = format!("{} in ({})", row.key, quoted.join(","));
    let request = Request::Initial {
        path: asker.collection().to_owned(),
        select: row.properties.clone(),
        query: vec![("$filter".into(), filter)],
    };
    let page = match asker.graph.page(&request, &asker.list_manner(), deadline()).await {
        Ok(page) => page,
        Err(error) => return asker.note("G-16", "a list of some objects by their ids", &error),
    };
    let mut nulls = 0;
    for listed in page.objects.iter().filter_map(|object| Some((id(object)?, value(object)?))) {
        let Some(delta) = told.get(&listed.0) else { continue };
        for property in &row.properties {
            match difference(listed.1.get(property), delta.get(property)) {
                Difference::None => {}
                Difference::Null => nulls += 1,
                Difference::Value(what) => {
                    return ledger.refuted("G-16", asker.says(format!("{property} of one object {what}")));
                }
            }
        }
    }
    match nulls {
        0 => {
            ledger.not_testable("G-16", asker.says("the list has no null where the delta query has nothing"))
        }
        _ => {
            let (nulls, objects) = (counted(nulls, "null"), counted(told.len(), "object"));
            let what = format!("{nulls} in a list of {objects}, and nothing there in the delta query");
            ledger.confirmed("G-16", asker.says(what));
        }
    }
}

enum Difference {
    None,
    /// Null in the list, nothing in the delta query.
    Null,
    Value(&'static str),
}

fn difference(listed: Option<&Value>, delta: Option<&Value>) -> Difference {
    match (listed, delta) {
        (Some(Value::Null), None) => Difference::Null,
        (Some(Value::Null) | None, Some(Value::Null)) | (None, None) => Difference::None,
        (Some(Value::Null) | None, Some(_)) => {
            Difference::Value("has a value in the delta query, and none in the list")
        }
        (Some(listed), None | Some(Value::Null)) => match is_empty(listed) {
            true => Difference::None,
            false => Difference::Value("has a value in the list, and none in the delta query"),
        },
        // Whether values are equal is no part of the assumption.
        (Some(_), Some(_)) => Difference::None,
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn value(object: &RawValue) -> Option<Value> {
    serde_json::from_str(object.get()).ok()
}
