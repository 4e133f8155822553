//! Deleted objects: `GET /directory/deletedItems/microsoft.graph.user`, `/directory/deletedItems/{id}`.
//!
//! Sources: <https://learn.microsoft.com/graph/api/directory-deleteditems-list>,
//! <https://learn.microsoft.com/graph/api/directory-deleteditems-get>. Left out: the end of an object after thirty days,
//! restoring it over the wire, and `$filter`.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    collection::Life,
    ends::{End, Wanted},
    request::Record,
    route::{cast, segments},
    row::Row,
    world::World,
};

/// The deleted objects of one type, or one by its id.
pub(super) fn items(world: &World, record: &Record) -> Result<Answer, Answer> {
    let mut asked = segments(record.path.split('?').next().unwrap_or_default());
    let (name, wanted) = (asked.pop().unwrap_or_default(), Wanted::of(record)?);
    let rows = Row::all().filter(|row| row.has_deleted_items());
    let Some(kind) = cast(&name) else {
        let mut found = rows.filter(|row| is_deleted(world, row, &name));
        let row = found.next().ok_or_else(|| Answer::not_found(&name))?;
        let mut one = with_time(world, row, wanted.shown(world, &End { row, id: name })?);
        one["@odata.context"] = json!(format!("{}/$entity", wanted.context(world, record)));
        return Ok(Answer::json(one));
    };
    let ends = rows.filter(|row| row.kind == kind).flat_map(|row| {
        let ids = world.tenant.collection(&row.name).ids(Life::Removed);
        ids.into_iter().map(move |id| End { row, id: id.clone() })
    });
    let ends: Vec<_> = ends.collect();
    let row = ends.first().map(|end| end.row);
    let mut answer = wanted.page(world, record, ends)?;
    if let (Some(row), Some(Value::Array(all))) = (row, answer.body.get_mut("value")) {
        all.iter_mut().for_each(|one| *one = with_time(world, row, one.take()));
    }
    Ok(answer)
}

fn is_deleted(world: &World, row: &Row, id: &str) -> bool {
    world.tenant.collection(&row.name).entry(id).is_some_and(|entry| entry.life == Life::Removed)
}

/// With the second in which it was deleted.
fn with_time(world: &World, row: &Row, mut object: Value) -> Value {
    let id = object["id"].as_str().unwrap_or_default();
    let ago = world.tenant.collection(&row.name).last_change_of(id).map(|moment| moment.elapsed());
    let time = world.tenant.clock().now() - ago.unwrap_or_default();
    let time = time.replace_nanosecond(0).unwrap_or(time);
    let format = time::format_description::well_known::Rfc3339;
    object["deletedDateTime"] = json!(time.format(&format).unwrap_or_default());
    object
}
