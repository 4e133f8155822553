//! Lists of all objects: `GET /users`, `GET /roleManagement/directory/roleDefinitions`, their number, `/users/$count`, and
//! the only object of a path.
//!
//! A page shows what lives at the replica that answers, after the last object of the page before it; the last page has no
//! link. Collections that are read by time come newest first and forget what is older than their retention. Sources:
//! <https://learn.microsoft.com/graph/api/user-list>, <https://learn.microsoft.com/graph/paging>,
//! <https://learn.microsoft.com/graph/api/signin-list>, and for what needs `ConsistencyLevel: eventual`, on every page,
//! <https://learn.microsoft.com/graph/aad-advanced-queries>. Left out: `$search`, `$orderby` but of the time, and of
//! `$filter` what [`super::condition`] leaves out.

mod wanted;

use std::{cmp::Ordering, sync::Arc};

use serde_json::{Value, json};

use self::wanted::{Wanted, wanted};
use super::{
    answer::Answer,
    collection::{Life, Object},
    condition::{Condition, moment, order},
    key,
    links::{Cursor, Place},
    request::{Record, version},
    row::Row,
    world::World,
};

/// An object with its key and the value by which it is ordered.
type Listed<'a> = (Value, &'a String, &'a Object);

/// A page of a list, or the number of its objects, or the only one.
pub(super) fn list(
    world: &mut World,
    feed: &'static Row,
    under: &str,
    record: &Record,
) -> Result<Answer, Answer> {
    let (path, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
    let is_eventual =
        record.consistency_level.as_deref().is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if path.ends_with("/$count") {
        return count(world, feed, under, query, is_eventual);
    }
    let (mut place, options, asked) = place(world, feed, query)?;
    let wanted = wanted(world, feed, &options, is_eventual, record)?;
    let replica = world.replica(feed, 0);
    if feed.single {
        return only(world, feed, &wanted, path, replica);
    }
    // A request for certain ids is no list: it shows hidden objects too.
    let is_walk = wanted.filter.is_none() || feed.window.is_some();
    if place.page == 0 && is_walk && !feed.delta {
        place.hidden = Arc::new(world.hidden.take(&feed.name, world.tenant.collection(&feed.name)));
    }
    let mut all = all(world, feed, under, &wanted, replica);
    all.retain(|(_, key, _)| !place.hidden.contains(*key));
    let (from, mut value, goes_on) = page(world, feed, &wanted, &place, &all, record);
    if let Some(expanded) = &wanted.expanded {
        for object in value.iter_mut().filter_map(Value::as_object_mut) {
            expanded.add(world, feed, replica, object)?;
        }
    }
    let metadata =
        format!("{}/{}/$metadata#{}{}", world.origin, version(path), feed.path(), wanted.select.context());
    let mut body = json!({"@odata.context": metadata, "value": value});
    if wanted.counts && asked.is_none() {
        body["@odata.count"] = json!(all.len());
    }
    if goes_on {
        let query = match asked.filter(|_| world.quirks.repeat_link) {
            Some(asked) => asked.to_owned(),
            None => {
                let last = from.checked_sub(1).and_then(|last| all.get(last));
                let after = last
                    .map(|(value, key, _)| (value.as_str().unwrap_or_default().to_owned(), (*key).clone()));
                let place = match world.quirks.repeat_page {
                    true => Place { page: place.page + 1, ..place },
                    false => Place { after, offset: from, page: place.page + 1, hidden: place.hidden },
                };
                world.links.issue_after(&options, Cursor::List { select: wanted.select, place })
            }
        };
        body["@odata.nextLink"] = json!(format!("{}{path}?{query}", world.origin));
    }
    Ok(Answer::json(body))
}

/// What lives at the replica, in the order of the list.
fn all<'a>(
    world: &'a World,
    feed: &'static Row,
    under: &'a str,
    wanted: &Wanted,
    at: usize,
) -> Vec<Listed<'a>> {
    let window = feed.window.as_ref();
    let days = window.and_then(|window| window.retention_days);
    let oldest = days.map(|days| world.tenant.clock().now() - time::Duration::days(days));
    let is_kept = |value: &Value| {
        oldest.is_none_or(|oldest| value.as_str().and_then(moment).is_none_or(|time| time >= oldest))
    };
    let living =
        world.tenant.collection(&feed.name).under(under).filter_map(|(key, entry)| match entry.at(at)? {
            (Life::Living, object) => {
                let value =
                    window.and_then(|window| object.get(&window.property)).cloned().unwrap_or_default();
                Some((value, key, object))
            }
            _ => None,
        });
    let kept = living.filter(|(value, ..)| is_kept(value));
    let mut all: Vec<_> = kept
        .filter(|(.., object)| wanted.filter.as_ref().is_none_or(|filter| filter.holds(object)))
        .collect();
    if window.is_some() {
        all.sort_by(|one, other| compare((&one.0, one.1), (&other.0, other.1), wanted.ascending));
    }
    all
}

/// The order of two objects: by value, newest first unless it ascends, and then by key.
fn compare(one: (&Value, &str), other: (&Value, &str), ascending: bool) -> Ordering {
    let by_value = order(one.0, other.0).unwrap_or(Ordering::Equal);
    let by_value = if ascending { by_value } else { by_value.reverse() };
    by_value.then_with(|| one.1.cmp(other.1))
}

/// Where the page after this one begins, what this one shows, and whether there is one after it.
fn page(
    world: &World,
    feed: &'static Row,
    wanted: &Wanted,
    place: &Place,
    all: &[Listed<'_>],
    record: &Record,
) -> (usize, Vec<Value>, bool) {
    let quirks = &world.quirks;
    let is_before = |(value, key, _): &Listed<'_>| {
        place.after.as_ref().is_some_and(|(after, last)| {
            compare((value, key), (&json!(after), last), wanted.ascending).is_le()
        })
    };
    let start = match quirks.pages_by_offset {
        true => place.offset.min(all.len()),
        false => all.partition_point(is_before),
    };
    // An empty page must be followed by one that is not, or a list would never end.
    let every = quirks.empty_page_every.filter(|every| *every > 1);
    let is_empty = every.is_some_and(|every| (place.page + 1).is_multiple_of(every));
    let top = quirks.list_page.map_or(wanted.top, |most| most.min(wanted.top));
    let end = if is_empty { start } else { (start + top).min(all.len()) };
    let goes_on = end < all.len() || quirks.repeat_link || quirks.repeat_page;
    // What moves between two pages is on both or on none.
    let moved = place.page > 0 && start > 0;
    let begin = start - usize::from(moved && quirks.shown_twice_between_pages);
    let begin = (begin + usize::from(moved && quirks.lost_between_pages)).min(end);
    let (names, mut value) = (record.preferred("IdType") == Some("ImmutableId"), Vec::new());
    for (index, (_, key, object)) in all[begin..end].iter().enumerate() {
        let shown = if feed.delta { wanted.select.whole(object) } else { wanted.select.of(object) };
        let mut shown = Value::Object(shown);
        if feed.immutable && !names {
            shown[&feed.key] = json!(key::mutable(feed, key));
        }
        let is_twice = quirks.list_twice_every.is_some_and(|every| (index + 1).is_multiple_of(every.max(1)));
        (0..1 + usize::from(is_twice)).for_each(|_| value.push(shown.clone()));
    }
    (end, value, goes_on)
}

/// The only object of a path, without `value`.
fn only(world: &World, feed: &Row, wanted: &Wanted, path: &str, at: usize) -> Result<Answer, Answer> {
    let mut entries = world.tenant.collection(&feed.name).entries();
    let found = entries.find_map(|(_, entry)| match entry.at(at)? {
        (Life::Living, object) => Some(object),
        _ => None,
    });
    let mut body = wanted.select.of(found.ok_or_else(|| Answer::not_found(&feed.name))?);
    let context = format!("{}/{}/$metadata#{}/$entity", world.origin, version(path), feed.path());
    body.insert("@odata.context".into(), json!(context));
    Ok(Answer::json(Value::Object(body)))
}

/// Where a page begins, the options before the token of the page link, and the query of the link that asked for it.
fn place<'a>(world: &World, feed: &Row, query: &'a str) -> Result<(Place, String, Option<&'a str>), Answer> {
    let Some((options, _)) = query.split_once("$skiptoken=") else {
        let options = if query.is_empty() { String::new() } else { format!("{query}&") };
        return Ok((Place::default(), options, None));
    };
    match world.links.find(query) {
        Some((Cursor::List { place, select }, None)) if select.feed.name == feed.name => {
            Ok((place.clone(), options.into(), Some(query)))
        }
        Some((Cursor::List { .. }, Some(_))) => Err(Answer::error(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )),
        _ => Err(Answer::error(400, "Request_BadRequest", "The page token is not as it was issued.")),
    }
}

/// The number as text, after a byte order mark, as Graph sends it.
fn count(world: &World, feed: &Row, under: &str, query: &str, is_eventual: bool) -> Result<Answer, Answer> {
    match is_eventual {
        true => {
            let filter = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "$filter");
            let filter = filter.map(|(_, text)| Condition::parse(feed, &text)).transpose()?;
            let all = world.tenant.collection(&feed.name).under(under);
            let all = all.filter(|(_, entry)| entry.life == Life::Living);
            let is_meant = |object: &Object| filter.as_ref().is_none_or(|filter| filter.holds(object));
            let number = all.filter(|(_, entry)| is_meant(&entry.properties)).count();
            Ok(Answer::text(200, "text/plain", format!("\u{feff}{number}")))
        }
        false => Err(Answer::error(400, "Request_BadRequest", "$count is not currently supported.")),
    }
}
