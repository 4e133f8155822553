//! The targets of the links of one object: `GET /groups/{id}/members`, `/groups/{id}/owners`, `/users/{id}/manager`.
//!
//! Unlike the delta feed, these show no soft-deleted targets, although such a link is there and comes back with its
//! target. Sources: <https://learn.microsoft.com/graph/api/group-list-members>,
//! <https://learn.microsoft.com/graph/api/group-list-owners>, <https://learn.microsoft.com/graph/api/user-list-manager>,
//! <https://learn.microsoft.com/graph/api/group-list-transitivemembers>.
//! Left out: any property but the id, `$filter`, `$count` and the casts. A page link says in plain text where it goes on.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    answer::Answer, collection::Life, relationship::Relationship, route::segments, row::Row, world::World,
};

/// Objects of a page where nothing else is asked for, and at most: <https://learn.microsoft.com/graph/paging>.
const PAGE: (usize, usize) = (100, 999);

/// A page of the targets of one object, or its only one.
pub(super) fn targets(
    world: &mut World,
    feed: &'static Row,
    path: &str,
    query: &str,
) -> Result<Answer, Answer> {
    let mut asked = segments(path);
    let property = asked.pop().unwrap_or_default();
    let is_deep = property == "transitiveMembers";
    let direct = if is_deep { "members" } else { &*property };
    let (Some(relationship), Some(id)) = (Relationship::below(feed, direct), asked.pop()) else {
        return Err(Answer::not_found(&property));
    };
    let mut options: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if options.remove("$select").as_deref() != Some("id") {
        return Err(Answer::error(400, "BadRequest", "This stand-in knows `$select=id` only."));
    }
    let from = options.remove("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or_default();
    let top = options.remove("$top").map_or(Ok(PAGE.0), |top| top.parse());
    let Some(top) = top.ok().filter(|top| (1..=PAGE.1).contains(top)) else {
        return Err(Answer::error(400, "Request_BadRequest", "Invalid page size specified: $top."));
    };
    if let Some(option) = options.keys().next() {
        return Err(Answer::error(400, "BadRequest", &format!("The query option '{option}' is not known.")));
    }
    let mut all = shown(world, feed, &id, relationship).ok_or_else(|| Answer::not_found(&id))?;
    if is_deep {
        add_members_of_groups(world, feed, relationship, &mut all);
    }
    let context = format!("{}/v1.0/$metadata#directoryObjects(id)", world.origin);
    if relationship.is_to_one() {
        let Some(mut one) = all.into_iter().next() else {
            return Err(Answer::not_found(relationship.name()));
        };
        one["@odata.context"] = json!(format!("{context}/$entity"));
        return Ok(Answer::json(one));
    }
    let value: Vec<_> = all.iter().skip(from).take(top).cloned().collect();
    let mut page = json!({"@odata.context": context, "value": value});
    if from + top < all.len() {
        let next = format!("{}{path}?$select=id&$top={top}&$skiptoken={}", world.origin, from + top);
        page["@odata.nextLink"] = json!(next);
    }
    Ok(Answer::json(page))
}

/// Adds the members of the groups that are there, and of the groups in these, each once.
fn add_members_of_groups(world: &mut World, feed: &'static Row, members: Relationship, all: &mut Vec<Value>) {
    let mut at = 0;
    while let Some(one) = all.get(at) {
        at += 1;
        let Some(group) = one["id"].as_str().filter(|_| one["@odata.type"] == "#microsoft.graph.group")
        else {
            continue;
        };
        for member in shown(world, feed, group, members).unwrap_or_default() {
            if !all.contains(&member) {
                all.push(member);
            }
        }
    }
}

/// The living targets of a living object, as the answering replicas know them; none when it does not live.
fn shown(world: &mut World, feed: &'static Row, id: &str, relationship: Relationship) -> Option<Vec<Value>> {
    let positions = Row::all().map(|feed| (feed, world.replica(feed, 0))).collect::<Vec<_>>();
    let position = |name: &str| positions.iter().find(|(feed, _)| feed.name == name).map(|(_, at)| *at);
    let sources = world.tenant.collection(&feed.name);
    let at = position(&feed.name)?;
    let lives = |entry: Option<(Life, _)>| matches!(entry, Some((Life::Living, _)));
    if !lives(sources.entry(id).and_then(|entry| entry.at(at))) {
        return None;
    }
    let edges = sources.edges_of(id).filter(|((kind, _), edge)| *kind == relationship && edge.is_at(at));
    let shown = edges.filter_map(|((_, target), edge)| {
        let (feed, at) = positions.iter().find(|(feed, _)| feed.kind == edge.target_type)?;
        let is_living =
            lives(world.tenant.collection(&feed.name).entry(target).and_then(|entry| entry.at(*at)));
        let kind = format!("#microsoft.graph.{}", edge.target_type);
        is_living.then(|| json!({"@odata.type": kind, "id": target}))
    });
    Some(shown.collect())
}
