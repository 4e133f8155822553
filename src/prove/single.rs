//! Objects by their ids: one that is not there, and twenty in one batch.

use serde_json::value::RawValue;
use uuid::Uuid;

use super::asker::{Asker, deadline, shown};
use super::ledger::counted;
use crate::graph::{BATCH, Member, Request, batch as in_one};
use crate::json::Members;

/// Asks for an object that cannot be there: G-9.
pub(super) async fn missing(asker: &Asker<'_>) {
    match asker.source.object(&Uuid::new_v4().to_string(), None, deadline()).await {
        Ok(None) => {
            let what = "an id that no object has is answered 404 with a code that says so";
            asker.ledger.confirmed("G-9", asker.says(what));
        }
        Ok(Some(_)) => {
            asker.ledger.refuted("G-9", asker.says("an id that no object has is answered an object"))
        }
        Err(error) => asker.note("G-9", "an id that no object has", &error),
    }
}

/// Asks for twenty objects in one batch, of which one cannot be there: G-12.
pub(super) async fn batch(asker: &Asker<'_>, objects: &[Box<RawValue>]) {
    let mut ids: Vec<_> = objects.iter().filter_map(|object| id(object)).take(BATCH - 1).collect();
    let shown_ids = ids.len();
    ids.resize_with(BATCH, || Uuid::new_v4().to_string());
    let request = |id: &String| Request::Object {
        path: asker.collection().to_owned(),
        id: id.clone(),
        select: vec![asker.row.key.clone()],
    };
    let requests: Vec<_> = ids.iter().map(request).collect();
    let members = match in_one(&asker.graph, &requests, &asker.delta_manner(), deadline()).await {
        Ok(members) => members,
        Err(error) => return asker.note("G-12", "a batch of twenty requests", &error),
    };
    let fault = members
        .iter()
        .zip(&ids)
        .enumerate()
        .find_map(|(place, (member, wanted))| fault(member, wanted, place < shown_ids));
    match fault {
        Some(fault) => asker.ledger.refuted("G-12", asker.says(format!("in a batch of twenty, {fault}"))),
        None => {
            let what = format!(
                "{} and {} without one",
                counted(shown_ids, "object"),
                counted(BATCH - shown_ids, "id")
            );
            asker.ledger.confirmed("G-12", asker.says(format!("a batch of twenty: {what}, each by its id")));
        }
    }
}

/// What is wrong with the answer to one request; `is_there`: the delta query has just shown the object.
fn fault(member: &Member, wanted: &str, is_there: bool) -> Option<String> {
    match (member, is_there) {
        (Member::Object(object), true) if id(object).is_some_and(|id| id.eq_ignore_ascii_case(wanted)) => {
            None
        }
        (Member::Gone, false) => None,
        (Member::Object(_), true) => Some("a request is answered another object".into()),
        (Member::Object(_), false) => Some("an id that no object has is answered an object".into()),
        (Member::Gone, true) => Some("an object that the delta query showed is answered 404".into()),
        (Member::Refused(refusal), _) if refusal.status == 0 => Some("a request has no answer".into()),
        (Member::Refused(refusal), _) => Some(format!("a request is answered {}", shown(refusal))),
    }
}

/// The id of an object.
pub(super) fn id(object: &RawValue) -> Option<String> {
    Some(Members::of(object.get())?.text("id")?.into_owned())
}
