//! The answer to a request when nothing goes wrong: which file answers it. Single objects are answered here.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    above::above,
    answer::Answer,
    chats,
    collection::Life,
    deleted,
    expand::Expanded,
    key,
    kind::{Kind, is_delta},
    list::list,
    me, pages,
    request::{Record, version},
    route::segments,
    row::Row,
    select::Select,
    sources::sources,
    targets::targets,
    world::World,
};

/// The true answer to a request that may ask.
pub(super) fn read(world: &mut World, record: &Record) -> Result<Answer, Answer> {
    let path = record.path.split('?').next().unwrap_or_default();
    if record.method != "GET" {
        return Err(Answer::error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ));
    }
    let feed = record.feed.and_then(Row::named);
    // Some objects are read by their ids alone, although they are below others.
    let above_is_told = match record.kind {
        Kind::ById => !record.named.is_empty(),
        kind => kind != Kind::ChatMembers,
    };
    let under = feed
        .filter(|_| above_is_told)
        .map_or_else(|| Ok(String::new()), |feed| above(world, feed, &record.named))?;
    match (feed, record.kind) {
        (Some(feed), Kind::Initial) => pages::first(world, feed, under, record),
        (Some(feed), Kind::SkipToken | Kind::DeltaToken) => pages::follow(world, feed, &under, record),
        (Some(feed), Kind::ById) => {
            // Rooms and lists of rooms are read below one path.
            let others =
                Row::all().filter(|row| row.object_path() == feed.object_path() && row.name != feed.name);
            let found = by_id(world, feed, &under, record);
            others.fold(found, |found, row| {
                found.or_else(|gone| by_id(world, row, &under, record).map_err(|_| gone))
            })
        }
        (Some(feed), Kind::Targets) => targets(world, feed, record),
        (Some(feed), Kind::List) if me::is_organization(world, feed) => Ok(me::organization(world, path)),
        (Some(feed), Kind::List) => list(world, feed, &under, record),
        (Some(_), Kind::Photo) => me::photo(world, path),
        (Some(_), Kind::ChatMembers) => chats::members(world, path),
        (Some(feed), Kind::Sources) => sources(world, feed, record),
        (None, Kind::DeletedItems) => deleted::items(world, record),
        (Some(feed), Kind::Other) if path.rsplit('/').next().is_some_and(is_delta) => {
            let message =
                format!("Change tracking is not supported against 'microsoft.graph.{}'.", feed.kind);
            Err(Answer::error(400, "Request_UnsupportedQuery", &message))
        }
        _ => Err(Answer::error(400, "BadRequest", &format!("Resource not found for the segment '{path}'."))),
    }
}

fn by_id(world: &mut World, feed: &'static Row, under: &str, record: &Record) -> Result<Answer, Answer> {
    let (path, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
    let options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let select = Select::parse(feed, options.get("$select").map(String::as_str), false)?;
    let expand = options.get("$expand").map(String::as_str);
    let expanded = expand.map(|text| Expanded::parse(feed, text)).transpose()?.flatten();
    let select = select.expanding(expand.filter(|_| !feed.expand.is_empty()))?;
    let id = segments(path).pop().unwrap_or_default();
    let key = match (feed.is_below(), under) {
        (false, _) => world.found(feed, &id),
        (true, "") => world.tenant.key(&feed.name, &id),
        (true, _) => world.found_below(feed, under, &id),
    };
    let replica = world.replica(feed, 0);
    let entry = world.tenant.collection(&feed.name).entry(&key).and_then(|entry| entry.at(replica));
    let Some((Life::Living, object)) = entry else {
        return Err(Answer::gone(feed, feed, &id));
    };
    let mut body = select.of(object);
    if world.quirks.nulls_by_id {
        for name in feed.properties.iter().filter(|name| select.has(name)) {
            body.entry(name).or_insert(Value::Null);
        }
    }
    if let Some(expanded) = expanded {
        expanded.add(world, feed, replica, &mut body)?;
    }
    if feed.immutable && record.preferred("IdType") != Some("ImmutableId") {
        body.insert(feed.key.clone(), json!(key::mutable(feed, &key)));
    }
    let version = version(path);
    let context = format!("{}/{version}/$metadata#{}{}/$entity", world.origin, feed.path(), select.context());
    body.insert("@odata.context".into(), json!(context));
    Ok(Answer::json(Value::Object(body)))
}
