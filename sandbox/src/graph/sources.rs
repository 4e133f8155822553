//! Who is linked to one object: `GET /users/{id}/memberOf`, `/groups/{id}/transitiveMemberOf`, `/users/{id}/directReports`.
//!
//! What is in a removed group is not in it until the group comes back. Sources:
//! <https://learn.microsoft.com/graph/api/user-list-memberof>, <https://learn.microsoft.com/graph/api/user-list-directreports>,
//! <https://learn.microsoft.com/graph/api/user-list-transitivememberof>. Left out: replicas that lag.

use super::{
    answer::Answer,
    ends::{End, Wanted},
    relationship::{Edge, Relationship},
    request::Record,
    route::{cast, segments},
    row::Row,
    world::World,
};

/// A page of the objects that are linked to one.
pub(super) fn sources(world: &World, feed: &'static Row, record: &Record) -> Result<Answer, Answer> {
    let mut asked = segments(record.path.split('?').next().unwrap_or_default());
    asked.pop_if(|last| cast(last).is_some());
    let (property, name) = (asked.pop().unwrap_or_default(), asked.pop().unwrap_or_default());
    let wanted = Wanted::of(record)?;
    let id = world.found(feed, &name);
    world.tenant.get(&feed.name, &id).ok_or_else(|| Answer::not_found(&name))?;
    let relationships: Vec<_> = Relationship::backward(feed, &property).collect();
    let mut all = linked_to(world, &relationships, &id);
    if property.starts_with("transitive") {
        let mut at = 0;
        while let Some(group) = all.get(at).cloned() {
            at += 1;
            let above = Relationship::backward(group.row, "memberOf").collect::<Vec<_>>();
            let new = linked_to(world, &above, &group.id).into_iter().filter(|end| !all.contains(end));
            all.extend(new.collect::<Vec<_>>());
        }
    }
    wanted.page(world, record, all)
}

/// The living objects that are linked to one.
fn linked_to(world: &World, relationships: &[Relationship], target: &str) -> Vec<End> {
    let found = relationships.iter().flat_map(|relationship| {
        let (row, key) = (Row::of(relationship.of()), (*relationship, target.to_owned()));
        let all = world.tenant.collection(&row.name);
        let linked = all.living().filter(move |(id, _)| all.edge(id, &key).is_some_and(Edge::is_now));
        linked.map(move |(id, _)| End { row, id: id.clone() })
    });
    found.collect()
}
