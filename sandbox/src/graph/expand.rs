//! `$expand` of links: `GET /users?$expand=manager($select=id)`.
//!
//! An object has the target of a link to one, if there is one, and up to twenty of others. Source:
//! <https://learn.microsoft.com/graph/query-parameters#expand>. Left out: more than one name, options but `$select`, and
//! replicas of the targets that lag.

use serde_json::Value;

use super::{
    answer::Answer, collection::Object, ends::typed, relationship::Relationship, row::Row, world::World,
};

/// Most targets that an object shows.
const MOST: usize = 20;

/// Links that are to be shown with their objects.
pub(super) struct Expanded {
    relationship: Relationship,
    names: Option<String>,
}

impl Expanded {
    /// The meaning of `$expand`; nothing when it is about something else that the collection expands.
    pub(super) fn parse(feed: &Row, text: &str) -> Result<Option<Self>, Answer> {
        if !feed.expand.is_empty() {
            return Ok(None);
        }
        let (name, options) = text.split_once('(').unwrap_or((text, ""));
        let relationship = Relationship::below(feed, name);
        let relationship = relationship.ok_or_else(|| Answer::unknown_property(feed, name))?;
        let names = options.trim_end_matches(')').strip_prefix("$select=").map(str::to_owned);
        Ok(Some(Self { relationship, names }))
    }

    /// Adds them to what is shown of an object, as the answering replica knows it.
    pub(super) fn add(&self, world: &World, feed: &Row, at: usize, shown: &mut Object) -> Result<(), Answer> {
        let id = shown.get(&feed.key).and_then(Value::as_str).unwrap_or_default();
        let edges = world.tenant.collection(&feed.name).edges_of(id);
        let edges = edges.filter(|((kind, _), edge)| *kind == self.relationship && edge.is_at(at));
        let targets = edges.filter_map(|((_, target), edge)| {
            let row = Row::all().find(|row| row.kind == edge.target_type)?;
            Some((row, world.tenant.get(&row.name, target)?))
        });
        let targets = targets.take(MOST).map(|(row, object)| typed(row, object, self.names.as_deref()));
        let mut targets = targets.collect::<Result<Vec<_>, _>>()?;
        match self.relationship.is_to_one() {
            false => drop(shown.insert(self.relationship.name().into(), Value::Array(targets))),
            true => targets.pop().into_iter().for_each(|one| {
                shown.insert(self.relationship.name().into(), one);
            }),
        }
        Ok(())
    }
}
