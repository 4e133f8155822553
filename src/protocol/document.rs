//! Builds the Cosmos documents of changes. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use serde_json::value::RawValue;

use super::change::{Change, Kind, LinkChange, SHADOWED};
use super::content::Shadow;
use crate::json::Members;
use crate::protocol::{
    Candidate, Document, Existing, LinkDocument, Meta, Reason, Removed, SetAside, Source, compare,
    document_id, hashed, link_id, parent_of,
};

/// Values shared by all documents of one page.
#[derive(Debug, Clone)]
pub struct Stamp<'a> {
    /// The catalogue name of the resource.
    pub resource: &'a str,
    /// The parent of the feed, if it has one. It is the partition of the documents.
    pub parent: Option<&'a str>,
    /// The tenant.
    pub tenant_id: &'a str,
    /// How the objects were read from Graph.
    pub source: Source,
    /// The objects are of the list that is a first copy (rule 16).
    pub is_first_list: bool,
    /// The generation of the enumeration that reported the objects; 0 when no enumeration did.
    pub generation: u64,
    /// The save that will cover the page (rule 5).
    pub save: u64,
    /// When the page was read.
    pub now: OffsetDateTime,
    /// How long a tombstone stays in Cosmos.
    pub tombstone_ttl: Duration,
    /// How long a document stays in Cosmos, if not until its object is gone.
    pub ttl: Option<Duration>,
}

impl Stamp<'_> {
    /// This stamp for a settled document or, with `false`, for a document that must be looked up by its id.
    pub fn settled(&self, settled: bool) -> Self {
        Self { source: if settled { self.source } else { Source::ById }, ..self.clone() }
    }
}

/// The document of a change; `None` for a change that decides nothing.
pub fn of<'a>(change: &Change<'a>, stamp: &Stamp<'a>) -> Option<Document<'a>> {
    Some(match &change.kind {
        Kind::Put { properties, shadowed, .. } => {
            let mut document = bare(change, stamp);
            document.properties = properties.clone();
            document.meta.shadowed = shadowed.clone();
            document.meta.hash = compare::hash(change, stamp.is_first_list);
            document.ttl = stamp.ttl.map(|ttl| ttl.as_secs());
            document
        }
        Kind::Remove(reason) => tombstone(bare(change, stamp), *reason, stamp),
        Kind::SetAside(why) => set_aside(change, (*why).to_owned(), stamp),
        Kind::Unclear => return None,
    })
}

/// A document beside the properties that others added to the one that it replaces. It says which are ours. Where the
/// older one does not say it, what the feed does not select (`selected`) is others'.
pub fn beside_others<'d>(
    mut document: Document<'d>,
    kept: Option<&'d Existing>,
    selected: &[String],
) -> Document<'d> {
    let ours: Vec<_> = document.properties.iter().map(|(name, _)| name.clone()).collect();
    let others = kept.map(|kept| others(kept, &ours, selected)).unwrap_or_default();
    document.meta.properties = Some(ours);
    document.properties.extend(others);
    document
}

fn others<'d>(
    kept: &'d Existing,
    ours: &[Cow<'_, str>],
    selected: &[String],
) -> Vec<(Cow<'d, str>, &'d RawValue)> {
    let Some(fields) = Members::of(kept.text.get()) else { return Vec::new() };
    let before = Shadow::of(&fields).properties;
    let is_others = |name: &str| match &before {
        _ if name == "id" || SHADOWED.contains(&name) || ours.iter().any(|our| our == name) => false,
        Some(before) => !before.iter().any(|our| our == name),
        None => !selected.is_empty() && !selected.iter().any(|one| one == name) && !name.contains('@'),
    };
    fields.into_vec().into_iter().filter(|(name, _)| is_others(name)).collect()
}

/// The document that replaces an object whose content Cosmos refused.
pub fn set_aside<'a>(change: &Change<'a>, reason: String, stamp: &Stamp<'a>) -> Document<'a> {
    let mut document = bare(change, stamp);
    document.ttl = stamp.ttl.map(|ttl| ttl.as_secs());
    document.meta.hash = compare::hash(change, stamp.is_first_list);
    document.meta.set_aside = Some(SetAside { reason, bytes: change.text.len() });
    document
}

/// The tombstone of an object that neither a complete enumeration nor a read by id returned.
pub fn missing<'a>(found: Candidate, stamp: &Stamp<'a>) -> Document<'a> {
    let document = Document {
        id: found.id,
        properties: Vec::new(),
        meta: Meta { graph_id: found.graph_id.map(Cow::Owned), ..meta(stamp) },
        ttl: None,
    };
    tombstone(document, Reason::Missing, stamp)
}

/// The tombstone of an object that was already soft-deleted or missing and that another complete enumeration did not
/// return either. The removal time stays the same.
pub fn still_missing<'a>(found: Candidate, stamp: &Stamp<'a>) -> Document<'a> {
    let since = found.removed_at.unwrap_or(stamp.now);
    let mut document = missing(found, stamp);
    document.meta.removed = Some(Removed { reason: Reason::Missing, at: since });
    document
}

/// The document of a link.
pub fn link<'a>(change: &'a LinkChange<'a>, container: &'a str, stamp: &Stamp<'a>) -> LinkDocument<'a> {
    let parent = parent_of(&change.source);
    let bare = LinkDocument {
        id: link_id(&change.source, &change.target),
        source_id: None,
        target_id: None,
        target_type: None,
        meta: Meta { resource: container, parent: Some(parent), ..meta(stamp) },
        ttl: None,
    };
    if change.removed {
        return buried(bare, Reason::Deleted, stamp);
    }
    LinkDocument {
        source_id: Some(&change.source),
        target_id: Some(&change.target),
        target_type: Some(&change.target_type),
        ..bare
    }
}

/// The tombstone of a link that a query returned.
pub fn missing_link<'a>(
    found: Candidate,
    container: &'a str,
    reason: Reason,
    stamp: &Stamp<'a>,
) -> LinkDocument<'a> {
    let bare = LinkDocument {
        id: found.id,
        source_id: None,
        target_id: None,
        target_type: None,
        meta: Meta { resource: container, parent: found.parent, ..meta(stamp) },
        ttl: None,
    };
    buried(bare, reason, stamp)
}

fn buried<'a>(document: LinkDocument<'a>, reason: Reason, stamp: &Stamp<'a>) -> LinkDocument<'a> {
    let meta = Meta { removed: Some(Removed { reason, at: stamp.now }), ..document.meta };
    LinkDocument { meta, ttl: Some(stamp.tombstone_ttl.as_secs()), ..document }
}

fn tombstone<'a>(document: Document<'a>, reason: Reason, stamp: &Stamp<'a>) -> Document<'a> {
    let meta = Meta { removed: Some(Removed { reason, at: stamp.now }), ..document.meta };
    Document { meta, ttl: Some(stamp.tombstone_ttl.as_secs()), ..document }
}

/// The id of the document of an object: if the object has no id, a hash of its text.
pub fn id_of(change: &Change<'_>) -> String {
    change.id.as_deref().map_or_else(|| hashed(change.text.as_bytes()), document_id)
}

/// A document without content.
fn bare<'a>(change: &Change<'a>, stamp: &Stamp<'a>) -> Document<'a> {
    let id = id_of(change);
    let graph_id = change.id.clone().filter(|graph_id| *graph_id != id);
    Document { id, properties: Vec::new(), meta: Meta { graph_id, ..meta(stamp) }, ttl: None }
}

fn meta<'a>(stamp: &Stamp<'a>) -> Meta<'a> {
    Meta {
        resource: stamp.resource,
        tenant_id: stamp.tenant_id,
        synced_at: stamp.now,
        source: stamp.source,
        generation: stamp.generation,
        save: stamp.save,
        hash: None,
        parent: stamp.parent.map(str::to_owned),
        graph_id: None,
        shadowed: BTreeMap::new(),
        properties: None,
        removed: None,
        set_aside: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::change;

    fn document(text: &str) -> Value {
        let stamp = Stamp {
            resource: "users",
            parent: None,
            tenant_id: "t",
            source: Source::Delta,
            is_first_list: false,
            generation: 3,
            save: 9,
            now: OffsetDateTime::UNIX_EPOCH,
            tombstone_ttl: Duration::from_secs(30 * 86_400),
            ttl: None,
        };
        let objects = [RawValue::from_string(text.to_owned()).unwrap()];
        let changes = change::of(&objects, change::Told::Removed);
        serde_json::to_value(of(&changes.objects[0], &stamp).unwrap()).unwrap()
    }

    #[test]
    fn a_living_document_says_where_it_comes_from() {
        let document = document(r#"{"id":"a/b","mail":null,"ttl":7}"#);
        assert_eq!(document["id"], "~YS9i");
        assert_eq!(document["mail"], Value::Null);
        assert_eq!(document.get("ttl"), None, "a Graph property must not make the document expire");
        let mirror = &document["_mirror"];
        assert_eq!(mirror["graphId"], "a/b");
        assert_eq!(mirror["shadowed"], json!({"ttl": 7}));
        assert_eq!(
            (&mirror["generation"], &mirror["save"], &mirror["source"]),
            (&json!(3), &json!(9), &json!("delta"))
        );
        assert_eq!(mirror.get("removed"), None);
    }

    #[test]
    fn a_tombstone_has_a_reason_and_an_end_and_no_content() {
        let document = document(r#"{"id":"1","displayName":"secret","@removed":{"reason":"deleted"}}"#);
        assert_eq!(
            document["_mirror"]["removed"],
            json!({"reason": "deleted", "at": "1970-01-01T00:00:00Z"})
        );
        assert_eq!(document["ttl"], 2_592_000);
        assert_eq!(document.get("displayName"), None);
    }

    #[test]
    fn what_has_no_id_is_noted_under_a_hash() {
        let document = document(r#"{"displayName":"x"}"#);
        assert!(document["id"].as_str().unwrap().starts_with("~sha256-"));
        assert_eq!(document["_mirror"]["setAside"], json!({"reason": "no id", "bytes": 19}));
    }
}
