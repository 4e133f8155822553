//! How an item of a round looks at the replica that serves its page.

use serde_json::{Map, Value, json};

use super::{Item, Round};
use crate::graph::{
    collection::{Collection, Life, Object},
    relationship::{Edge, LinkKey, Relationship},
};

impl Round {
    /// How an item looks at that position; nothing when an initial round has lost it meanwhile.
    pub(in crate::graph) fn represent(&self, item: &Item, all: &Collection, at: usize) -> Option<Value> {
        let entry = all.entry(&item.id)?;
        let (life, properties) = entry.at(at)?;
        let shown = match (life, item.older) {
            (_, true) => entry.older_at(at).unwrap_or(properties),
            (Life::Living, false) => properties,
            (Life::Removed, false) => return self.removed(&item.id, "changed"),
            (Life::Purged, false) => return self.removed(&item.id, "deleted"),
        };
        let mut object = self.select.of(shown);
        self.annotate(&mut object, item, all, at);
        Some(Value::Object(object))
    }

    fn removed(&self, id: &str, reason: &str) -> Option<Value> {
        self.shows_all_removed.then(|| {
            let removed = [("id".into(), json!(id)), ("@removed".into(), json!({"reason": reason}))];
            Value::Object(Map::from_iter(removed))
        })
    }

    /// Adds `<name>@delta` for every relationship of which there is something to tell, what was removed first.
    /// Source: <https://learn.microsoft.com/graph/delta-query-groups>.
    fn annotate(&self, object: &mut Object, item: &Item, all: &Collection, at: usize) {
        for relationship in self.select.relationships() {
            let links = self.links(item, relationship, all, at);
            if !links.is_empty() {
                object.insert(relationship.annotation().into(), Value::Array(links));
            }
        }
    }

    fn links(&self, item: &Item, relationship: Relationship, all: &Collection, at: usize) -> Vec<Value> {
        let keys = item.links.iter().filter(|key| key.0 == relationship);
        let edges = keys.filter_map(|key| Some((key, all.edge(&item.id, key)?)));
        let is_there = |edge: &Edge| match item.older && !self.initial {
            true => edge.was_before(at),
            false => edge.is_at(at),
        };
        let (there, gone): (Vec<_>, Vec<_>) = edges.partition(|(_, edge)| is_there(edge));
        let gone = gone.into_iter().filter(|_| !self.initial).map(|(key, edge)| {
            let mut link = link(key, edge);
            link["@removed"] = json!({"reason": "deleted"});
            link
        });
        // A new one speaks for itself.
        let is_silent = relationship.is_to_one() && !there.is_empty() && self.silent;
        let gone = gone.filter(|_| !is_silent);
        gone.chain(there.into_iter().map(|(key, edge)| link(key, edge))).collect()
    }
}

fn link((_, target): &LinkKey, edge: &Edge) -> Value {
    json!({"@odata.type": format!("#microsoft.graph.{}", edge.target_type), "id": target})
}
