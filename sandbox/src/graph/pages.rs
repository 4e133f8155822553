//! Pages of delta rounds: a round begins, goes on from a page link, or begins again from a delta link.

use std::{collections::HashMap, sync::Arc, time::Instant};

use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    answer::Answer,
    delta::{Round, Terms, page_end, represent},
    key,
    links::Cursor,
    request::Record,
    row::{Row, Tokens},
    select::Select,
    world::World,
};

/// Where in a round a page is, and the query of the page link that asked for it, if one did.
#[derive(Clone, Copy)]
struct Place<'a> {
    offset: usize,
    page: usize,
    asked: Option<&'a str>,
}

/// The first page of a round.
pub(super) fn first(
    world: &mut World,
    feed: &'static Row,
    under: String,
    record: &Record,
) -> Result<Answer, Answer> {
    let (_, query) = record.path.split_once('?').unwrap_or((&record.path, ""));
    let round = begin(world, feed, under, query)?;
    Ok(answer(world, Arc::new(round), Place { offset: 0, page: 0, asked: None }, record))
}

fn begin(world: &mut World, feed: &'static Row, under: String, query: &str) -> Result<Round, Answer> {
    let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let select = Select::parse(feed, options.remove("$select").as_deref(), true)?;
    let expand = (!feed.expand.is_empty()).then(|| options.remove("$expand")).flatten();
    let mut select = select.expanding(expand.as_deref())?.filtering(options.remove("$filter").as_deref())?;
    select.under = under;
    select.top = feed.top.then(|| options.remove("$top")).flatten().and_then(|top| top.parse().ok());
    if feed.view.is_some() {
        let (from, until) = (options.remove("startDateTime"), options.remove("endDateTime"));
        select.between = Some(from.zip(until).ok_or_else(|| {
            let message = "This request requires a time window specified by the query string parameters \
                           StartDateTime and EndDateTime.";
            Answer::error(400, "ErrorInvalidParameter", message)
        })?);
    }
    let token = options.remove(option(feed));
    if let Some(option) = options.keys().next() {
        return Err(Answer::error(
            400,
            "Request_UnsupportedQuery",
            &format!("The query option '{option}' is not supported by delta."),
        ));
    }
    let replica = world.replica(feed, 0);
    let seed = world.random.u64(..);
    let hidden = world.hidden.take(&feed.name, world.tenant.collection(&feed.name));
    let (all, terms) = (world.tenant.collection(&feed.name), world.terms(feed, replica, seed));
    Ok(match token.as_deref() {
        Some("latest") => {
            let quirks = Default::default();
            Round::since(all, select, replica, replica, Terms { quirks: &quirks, ..terms })
        }
        // Drives go on from a time: <https://learn.microsoft.com/graph/api/driveitem-delta#example-4>.
        Some(time) if matches!(feed.tokens, Tokens::Token | Tokens::Function) && !time.is_empty() => {
            let time = OffsetDateTime::parse(time, &Rfc3339).map_err(|_| {
                Answer::error(400, "invalidRequest", "The provided token is neither a token nor a time.")
            })?;
            let past = std::time::Duration::try_from(world.tenant.clock().now() - time).unwrap_or_default();
            let moment = Instant::now().checked_sub(past);
            let from = moment.map_or(0, |moment| all.position_at(moment)).min(replica);
            Round::since(all, select, from, from, terms)
        }
        _ => Round::initial(all, select, terms).without(&hidden),
    })
}

/// The page to which a link leads.
pub(super) fn follow(world: &mut World, feed: &Row, under: &str, record: &Record) -> Result<Answer, Answer> {
    let query = token(&record.path);
    let is_asked = |select: &Select| select.feed.name == feed.name && select.under == under;
    let issued = world.links.find(query).filter(|(cursor, _)| is_asked(cursor.select()));
    let Some((cursor, dead)) = issued.cloned() else {
        let message =
            "The token is not as it was issued, or query options were repeated or changed next to it.";
        return Err(Answer::error(400, "BadRequest", message));
    };
    if let Some(death) = dead {
        return Err(death.answer(&restart(world, feed, record)));
    }
    Ok(match cursor {
        Cursor::Page { round, offset, page } => {
            answer(world, round, Place { offset, page, asked: Some(query) }, record)
        }
        Cursor::Delta { select, from, before } => {
            let replica = world.replica(feed, 0);
            let seed = world.random.u64(..);
            let (all, terms) = (world.tenant.collection(&feed.name), world.terms(feed, replica, seed));
            let round = Round::since(all, select, from, before, terms);
            answer(world, Arc::new(round), Place { offset: 0, page: 0, asked: None }, record)
        }
        Cursor::List { .. } => {
            return Err(Answer::error(400, "BadRequest", "The token is one of a list."));
        }
    })
}

/// What stands for a token: the query, or the argument of the function.
pub(super) fn token(path: &str) -> &str {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let argument = path.split_once("/delta(").map(|(_, argument)| argument.trim_end_matches(')'));
    argument.filter(|argument| !argument.is_empty() && query.is_empty()).unwrap_or(query)
}

/// The function `delta` below the path of a request. Outlook writes the id of a folder as a key.
fn function(world: &World, feed: &Row, record: &Record) -> String {
    let path = record.path.split('?').next().unwrap_or_default();
    let base =
        path.rfind("/microsoft.graph.delta").or_else(|| path.rfind("/delta")).map_or(path, |at| &path[..at]);
    let mut segments: Vec<_> = base.split('/').map(str::to_owned).collect();
    if feed.service == "outlook"
        && let Some((name, _)) = record.named.get(1..).and_then(<[_]>::last)
        && let Some(place) = segments.iter().rposition(|segment| segment == name)
    {
        let id = segments.remove(place + 1);
        segments[place] = format!("{name}('{id}')");
    }
    let base = segments.join("/");
    format!("{}{base}/delta", world.origin)
}

/// The option that holds the token of a delta link.
fn option(feed: &Row) -> &'static str {
    match feed.tokens {
        Tokens::Options => "$deltatoken",
        Tokens::SkipToken => "skipToken",
        Tokens::Token | Tokens::Function => "token",
    }
}

/// Where a client is sent whose token died.
fn restart(world: &World, feed: &Row, record: &Record) -> String {
    let names = world.links.find(token(&record.path)).and_then(|(cursor, _)| cursor.select().text());
    let select = names.map(|names| format!("$select={names}&")).unwrap_or_default();
    let token = option(feed);
    format!("{}?{select}{token}=", function(world, feed, record))
}

/// One page: the items from its place on, and a next link, or the delta link after the last item.
fn answer(world: &mut World, round: Arc<Round>, place: Place<'_>, record: &Record) -> Answer {
    let feed = round.select.feed;
    let replica = world.replica(feed, round.until);
    let preferred = record.preferred("odata.maxpagesize").and_then(|size| size.parse().ok());
    let size = feed.page_size(preferred.or(round.select.top), world.page_size);
    let (end, next) = extent(world, &round, place, size);
    let all = world.tenant.collection(&feed.name);
    let is_mutable = feed.immutable && record.preferred("IdType") != Some("ImmutableId");
    let items = round.items[place.offset..end].iter();
    let shown = items.filter_map(|item| {
        let mut object = represent(&round, item, all, replica)?;
        if is_mutable {
            object[&feed.key] = json!(key::mutable(feed, &item.id));
        }
        Some(object)
    });
    let value: Vec<_> = shown.collect();
    let function = function(world, feed, record);
    let (name, link) = match (next, place.asked) {
        (Some(_), Some(_)) if world.quirks.repeat_link => {
            ("@odata.nextLink", format!("{}{}", world.origin, record.path))
        }
        (Some(offset), _) => {
            let cursor = Cursor::Page { round: Arc::clone(&round), offset, page: place.page + 1 };
            ("@odata.nextLink", format!("{function}{}", world.links.issue(cursor)))
        }
        (None, _) => {
            let (select, from) = (round.select.clone(), round.until);
            let cursor = Cursor::Delta { select, from, before: round.from };
            ("@odata.deltaLink", format!("{function}{}", world.links.issue(cursor)))
        }
    };
    let context = format!("{}/v1.0/$metadata#{}{}", world.origin, feed.path(), round.select.context());
    Answer::json(json!({"@odata.context": context, "value": value, name: link}))
        .with("x-ms-resource-unit", "1")
}

/// Where a page ends, and where the next one begins if there is one.
fn extent(
    world: &World,
    round: &Round,
    Place { offset, page, .. }: Place<'_>,
    size: usize,
) -> (usize, Option<usize>) {
    let end = page_end(&round.items, offset, size);
    if world.quirks.repeat_page {
        return (end, Some(offset));
    }
    // An empty page must be followed by one that is not, or a round would never end.
    let every = world.quirks.empty_page_every.filter(|every| *every > 1);
    if every.is_some_and(|every| (page + 1).is_multiple_of(every)) {
        return (offset, Some(offset));
    }
    (end, (end < round.items.len() || world.quirks.repeat_link).then_some(end))
}
