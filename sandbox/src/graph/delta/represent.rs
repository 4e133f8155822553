//! How an item of a round looks at the replica that serves its page.

use serde_json::{Value, json};

use super::{Item, Round};
use crate::graph::{
    collection::{Collection, Life, Object},
    key,
    relationship::{Edge, LinkKey, Relationship},
    row::Removal,
};

/// How an item looks at that position; nothing when an initial round has lost it meanwhile.
pub(in crate::graph) fn represent(round: &Round, item: &Item, all: &Collection, at: usize) -> Option<Value> {
    let entry = all.entry(&item.id)?;
    let (life, properties) = entry.at(at)?;
    let shown = match (life, item.older) {
        (Life::Living, _) if !round.select.holds(properties) => return None,
        (_, true) => entry.older_at(at).unwrap_or(properties),
        (Life::Living, false) if round.select.includes(properties) => properties,
        (Life::Removed, false) => return removed(round, &item.id, properties, "changed"),
        // An event outside of the window is told as one that is gone, whatever became of it.
        (Life::Living | Life::Purged, false) => return removed(round, &item.id, properties, "deleted"),
    };
    let mut object = round.select.of(shown);
    if let Some(names) = round.partial.get(&item.id) {
        let key = &round.select.feed.key;
        object.retain(|name, _| name == key || name.starts_with('@') || names.contains(name));
    }
    annotate(round, &mut object, item, all, at);
    Some(Value::Object(object))
}

/// How an object that is gone is told, if it is.
fn removed(round: &Round, key: &str, last: &Object, reason: &str) -> Option<Value> {
    let feed = round.select.feed;
    let id = (feed.key.clone(), json!(key::id(feed, key)));
    let more = match feed.removal {
        Removal::None => return None,
        Removal::Annotation => vec![("@removed".into(), json!({ "reason": reason }))],
        // Without its name: <https://learn.microsoft.com/graph/api/driveitem-delta>.
        Removal::DeletedFacet => {
            let kept = ["parentReference", "folder", "file"].into_iter();
            let kept = kept.filter_map(|name| Some((name.to_owned(), last.get(name)?.clone())));
            kept.chain([("deleted".into(), json!({"state": "deleted"}))]).collect()
        }
        // As a message without content: <https://learn.microsoft.com/graph/api/chatmessage-delta>.
        Removal::DeletedDateTime => {
            let kept = last.iter().filter(|(name, _)| **name != feed.key && *name != "body");
            let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
            let emptied = [
                ("body".into(), json!({"contentType": "text", "content": ""})),
                ("deletedDateTime".into(), json!("2026-01-01T00:00:00.000Z")),
            ];
            kept.chain(emptied).collect()
        }
    };
    round.shows_all_removed.then(|| Value::Object([id].into_iter().chain(more).collect()))
}

/// Adds `<name>@delta` for every relationship of which there is something to tell, what was removed first.
/// Source: <https://learn.microsoft.com/graph/delta-query-groups>.
fn annotate(round: &Round, object: &mut Object, item: &Item, all: &Collection, at: usize) {
    for relationship in round.select.relationships() {
        let links = links(round, item, relationship, all, at);
        if !links.is_empty() {
            object.insert(relationship.annotation().into(), Value::Array(links));
        }
    }
}

fn links(round: &Round, item: &Item, relationship: Relationship, all: &Collection, at: usize) -> Vec<Value> {
    let keys = item.links.iter().filter(|key| key.0 == relationship);
    let edges = keys.filter_map(|key| Some((key, all.edge(&item.id, key)?)));
    let is_there = |edge: &Edge| match item.older && !round.initial {
        true => edge.was_before(at),
        false => edge.is_at(at),
    };
    let (there, gone): (Vec<_>, Vec<_>) = edges.partition(|(_, edge)| is_there(edge));
    let gone = gone.into_iter().filter(|_| !round.initial).map(|(key, edge)| {
        let mut link = link(key, edge);
        link["@removed"] = json!({"reason": "deleted"});
        link
    });
    // A new one speaks for itself.
    let is_silent = relationship.is_to_one() && !there.is_empty() && round.silent;
    let gone = gone.filter(|_| !is_silent);
    gone.chain(there.into_iter().map(|(key, edge)| link(key, edge))).collect()
}

fn link((_, target): &LinkKey, edge: &Edge) -> Value {
    json!({"@odata.type": format!("#microsoft.graph.{}", edge.target_type), "id": target})
}
