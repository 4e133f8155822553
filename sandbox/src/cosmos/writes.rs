//! The log of writes: what was tried, and what came of it.

use serde_json::Value;

use super::{
    emulator::Reply,
    request::{Call, Item, Operation},
};

/// A write that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The container.
    pub container: String,
    /// The document.
    pub id: String,
    /// How it was written; the operations of a batch one by one.
    pub operation: Operation,
    /// What came of it, also when the answer was lost; nothing when the request was reset before it was carried out.
    pub status: Option<u16>,
    /// Its `_mirror.save`.
    pub save: Option<u64>,
    /// The reason in `_mirror.removed`, when it is a tombstone.
    pub removed: Option<String>,
    /// Its `_mirror.source`.
    pub source: Option<String>,
    /// Its `_mirror.parent`.
    pub parent: Option<String>,
    /// What it says, when it is a lease.
    pub lease: Option<LeaseWrite>,
    /// Whose it is, when it lies in `mirror`.
    pub feed: Option<String>,
}

impl Write {
    /// It was carried out.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status) && status != 207)
    }
}

/// What the document of a lease says.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaseWrite {
    /// Whose it is.
    pub feed: String,
    /// How often it was taken.
    pub epoch: u64,
    /// Somebody holds it.
    pub held: bool,
    /// It was given back with everything written and saved.
    pub clean: bool,
}

impl LeaseWrite {
    fn of(document: &Value) -> Option<Self> {
        (document["id"] == "lease").then(|| Self {
            feed: document["feed"].as_str().unwrap_or_default().to_owned(),
            epoch: document["epoch"].as_u64().unwrap_or_default(),
            held: !document["holder"].is_null(),
            clean: document["clean"] == true,
        })
    }
}

/// The writes of a call, one by one, with what came of each.
pub(super) fn of(call: &Call, reply: Option<&Reply>) -> Vec<Write> {
    let Some(container) = call.container.as_ref().filter(|_| call.operation.is_write()) else {
        return Vec::new();
    };
    let results: Vec<Value> = match (call.operation, reply) {
        (Operation::Batch, Some(reply)) => serde_json::from_slice(&reply.body).unwrap_or_default(),
        _ => Vec::new(),
    };
    let of = |(index, item): (usize, &Item)| {
        let own = results.get(index).and_then(|result| result["statusCode"].as_u64());
        let own = own.and_then(|status| status.try_into().ok());
        let text = |value: &Value| value.as_str().map(String::from);
        Write {
            container: container.clone(),
            id: item.id.clone(),
            operation: item.operation,
            status: own.or(reply.map(|reply| reply.status)),
            save: item.document["_mirror"]["save"].as_u64(),
            removed: text(&item.document["_mirror"]["removed"]["reason"]),
            source: text(&item.document["_mirror"]["source"]),
            parent: text(&item.document["_mirror"]["parent"]),
            lease: LeaseWrite::of(&item.document),
            feed: text(&item.document["feed"]),
        }
    };
    call.items.iter().enumerate().map(of).collect()
}
