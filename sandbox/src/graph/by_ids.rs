//! `POST /directoryObjects/getByIds`: several directory objects by their ids, in no order; those that are not there are
//! left out. Source: <https://learn.microsoft.com/graph/api/directoryobject-getbyids>.

use serde_json::{Value, json};

use super::{answer::Answer, collection::Life, request::Record, row::Row, select::Select, world::World};

/// Most ids of a request.
const MOST: usize = 1000;

/// The collections of directory objects.
pub(super) fn collections() -> impl Iterator<Item = &'static Row> {
    Row::all().filter(|row| row.has_deleted_items() && row.name != "directoryObjects")
}

/// The objects that a request names.
pub(super) fn by_ids(world: &mut World, record: &Record, body: &[u8]) -> Result<Answer, Answer> {
    let bad = |message: &str| Answer::error(400, "Request_BadRequest", message);
    if record.method != "POST" {
        return Err(Answer::error(405, "Request_BadRequest", "Specified HTTP method is not allowed."));
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("The body is not JSON."))?;
    let texts = |name: &str| {
        body[name].as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    };
    let ids = texts("ids").filter(|ids| !ids.is_empty() && ids.len() <= MOST);
    let ids = ids.ok_or_else(|| bad("A list of ids is required, of 1000 at most."))?;
    let types = texts("types");
    let query = record.path.split_once('?').map_or("", |(_, query)| query);
    let names = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "$select");
    let mut value = Vec::new();
    for row in collections() {
        if types.as_ref().is_some_and(|types| !types.contains(&row.kind.as_str())) {
            continue;
        }
        let known = names.as_ref().map(|(_, names)| {
            let known = names.split(',').filter(|name| row.has(name));
            known.collect::<Vec<_>>().join(",")
        });
        let select = Select::parse(row, known.as_deref(), false)?;
        let replica = world.replica(row, 0);
        for id in &ids {
            let id = world.found(row, id);
            let entry = world.tenant.collection(&row.name).entry(&id).and_then(|entry| entry.at(replica));
            let Some((Life::Living, object)) = entry else { continue };
            let mut shown = Value::Object(select.of(object));
            shown["@odata.type"] = json!(format!("#microsoft.graph.{}", row.kind));
            value.push(shown);
        }
    }
    world.random.shuffle(&mut value);
    let context = format!("{}/v1.0/$metadata#directoryObjects", world.origin);
    Ok(Answer::json(json!({"@odata.context": context, "value": value})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_objects_are_of_several_collections() {
        let names: Vec<_> = collections().map(|row| row.name.as_str()).collect();
        for name in ["users", "groups", "devices", "applications", "servicePrincipals", "orgContacts"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.contains(&"messages") && !names.contains(&"domains"));
    }
}
