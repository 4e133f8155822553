//! Changes become documents. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::change::{Change, Kind, LinkChange};
use crate::protocol::{
    Candidate, Document, LinkDocument, Meta, Reason, Removed, SetAside, Source, document_id, hashed, link_id,
    parent_of,
};

/// What all documents of one page share.
#[derive(Debug, Clone)]
pub struct Stamp<'a> {
    /// The catalogue's name.
    pub resource: &'a str,
    /// The tenant.
    pub tenant_id: &'a str,
    /// How it was read.
    pub source: Source,
    /// The generation of the walk; 0 when none vouches for it.
    pub generation: u64,
    /// The save that will cover the page (rule 5).
    pub save: u64,
    /// When the page was read.
    pub now: OffsetDateTime,
    /// How long a tombstone stays.
    pub tombstone_ttl: Duration,
}

impl Stamp<'_> {
    /// The same, of a document that is settled; or of one that has to be looked up by its id.
    pub fn settled(&self, settled: bool) -> Self {
        Self { source: if settled { self.source } else { Source::ById }, ..self.clone() }
    }
}

/// The document of a change; none of one that decides nothing.
pub fn of<'a>(change: &Change<'a>, stamp: &Stamp<'a>) -> Option<Document<'a>> {
    Some(match &change.kind {
        Kind::Put { properties, shadowed, .. } => {
            let mut document = bare(change, stamp);
            document.properties = properties.clone();
            document.meta.shadowed = shadowed.clone();
            document
        }
        Kind::Remove(reason) => tombstone(bare(change, stamp), *reason, stamp),
        Kind::SetAside(why) => set_aside(change, (*why).to_owned(), stamp),
        Kind::Unclear => return None,
    })
}

/// The document that stands for a change whose content Cosmos refused.
pub fn set_aside<'a>(change: &Change<'a>, reason: String, stamp: &Stamp<'a>) -> Document<'a> {
    let mut document = bare(change, stamp);
    document.meta.set_aside = Some(SetAside { reason, bytes: change.text.len() });
    document
}

/// The tombstone of an object that a complete walk, or a fresh look, did not show.
pub fn missing<'a>(found: Candidate, stamp: &Stamp<'a>) -> Document<'a> {
    let document = Document {
        id: found.id,
        properties: Vec::new(),
        meta: Meta { graph_id: found.graph_id.map(Cow::Owned), ..meta(stamp) },
        ttl: None,
    };
    tombstone(document, Reason::Missing, stamp)
}

/// The tombstone of an object that was soft-deleted, or missing, already, and that another complete walk did not show
/// either: since when it is gone stays.
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

/// The tombstone of a link that was found.
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

/// A document without content. One without an id is found by a hash of its text.
fn bare<'a>(change: &Change<'a>, stamp: &Stamp<'a>) -> Document<'a> {
    let id = match &change.id {
        Some(id) => document_id(id),
        None => hashed(change.text.as_bytes()),
    };
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
        parent: None,
        graph_id: None,
        shadowed: BTreeMap::new(),
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
            tenant_id: "t",
            source: Source::Delta,
            generation: 3,
            save: 9,
            now: OffsetDateTime::UNIX_EPOCH,
            tombstone_ttl: Duration::from_secs(30 * 86_400),
        };
        let objects = [RawValue::from_string(text.to_owned()).unwrap()];
        let changes = change::of(&objects);
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
