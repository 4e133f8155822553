//! The targets of the links of one object: `GET /groups/{id}/members`, `/groups/{id}/owners`, `/users/{id}/manager`.
//!
//! Unlike the delta feed, these show no soft-deleted targets, although such a link is there and comes back with its
//! target. Sources: <https://learn.microsoft.com/graph/api/group-list-members>,
//! <https://learn.microsoft.com/graph/api/group-list-owners>, <https://learn.microsoft.com/graph/api/user-list-manager>,
//! <https://learn.microsoft.com/graph/api/group-list-transitivemembers>.

use serde_json::json;

use super::{
    answer::Answer,
    collection::Life,
    ends::{End, Wanted},
    relationship::Relationship,
    request::Record,
    route::{cast, segments},
    row::Row,
    world::World,
};

/// A page of the targets of one object, or its only one.
pub(super) fn targets(world: &mut World, feed: &'static Row, record: &Record) -> Result<Answer, Answer> {
    let mut asked = segments(record.path.split('?').next().unwrap_or_default());
    asked.pop_if(|last| cast(last).is_some());
    let property = asked.pop().unwrap_or_default();
    let is_deep = property == "transitiveMembers";
    let direct = if is_deep { "members" } else { &*property };
    let (Some(relationship), Some(name)) = (Relationship::below(feed, direct), asked.pop()) else {
        return Err(Answer::not_found(&property));
    };
    let wanted = Wanted::of(record)?;
    let id = world.found(feed, &name);
    let mut all = shown(world, feed, &id, relationship).ok_or_else(|| Answer::not_found(&name))?;
    if is_deep {
        add_members_of_groups(world, feed, relationship, &mut all);
    }
    if !relationship.is_to_one() {
        return wanted.page(world, record, all);
    }
    let Some(end) = all.first() else { return Err(Answer::not_found(relationship.name())) };
    let mut one = wanted.shown(world, end)?;
    one["@odata.context"] = json!(format!("{}/$entity", wanted.context(world, record)));
    Ok(Answer::json(one))
}

/// Adds the members of the groups that are there, and of the groups in these, each once.
fn add_members_of_groups(world: &mut World, feed: &'static Row, members: Relationship, all: &mut Vec<End>) {
    let mut at = 0;
    while let Some(one) = all.get(at) {
        at += 1;
        if one.row.name != feed.name {
            continue;
        }
        let group = one.id.clone();
        for member in shown(world, feed, &group, members).unwrap_or_default() {
            if !all.contains(&member) {
                all.push(member);
            }
        }
    }
}

/// The living targets of a living object, as the answering replicas know them; none when it does not live.
fn shown(world: &mut World, feed: &'static Row, id: &str, relationship: Relationship) -> Option<Vec<End>> {
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
        let (row, at) = positions.iter().find(|(feed, _)| feed.kind == edge.target_type)?;
        let is_living =
            lives(world.tenant.collection(&row.name).entry(target).and_then(|entry| entry.at(*at)));
        is_living.then(|| End { row, id: target.clone() })
    });
    Some(shown.collect())
}
