//! A request as far as the host must understand it, and which requests a rule or a gate means.

use axum::http::request::Parts;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::script::Matches;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Writes a document, new or not.
    Upsert,
    /// Writes a new document.
    Create,
    /// Writes a document that is there.
    Replace,
    /// Deletes a document.
    Delete,
    /// Changes a document.
    Patch,
    /// A transactional batch.
    Batch,
    /// Reads one document.
    Read,
    /// Queries, reads a feed, or reads the change feed.
    Query,
    /// The account, databases, containers, partition key ranges, query plans.
    Meta,
}

impl Operation {
    /// It may change documents.
    pub fn is_write(self) -> bool {
        !matches!(self, Self::Read | Self::Query | Self::Meta)
    }
}

/// One document that a request writes.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) operation: Operation,
    pub(super) id: String,
    /// What is written; null for deletes, and for bodies that are not text JSON.
    pub(super) document: Value,
}

/// A request with its body.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) operation: Operation,
    pub(super) container: Option<String>,
    /// The documents that it writes, or the one that it reads.
    pub(super) items: Vec<Item>,
}

impl Call {
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let (method, items) = (parts.method.to_string(), Vec::new());
        let mut call =
            Self { method, path, headers, body, operation: Operation::Meta, container: None, items };
        call.understand();
        call
    }

    /// A header, or none.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The partition key as in its header.
    pub(super) fn partition(&self) -> &str {
        self.header("x-ms-documentdb-partitionkey").unwrap_or_default()
    }

    /// It creates, changes or deletes a database or container; those are not for Entra tokens.
    pub(super) fn is_control_plane_write(&self) -> bool {
        self.operation == Operation::Meta
            && self.method != "GET"
            && !self.flag("x-ms-cosmos-is-query-plan-request")
    }

    fn flag(&self, name: &str) -> bool {
        self.header(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn understand(&mut self) {
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        let ["dbs", _, "colls", container, rest @ ..] = segments.as_slice() else { return };
        self.container = Some((*container).to_owned());
        self.operation = match (self.method.as_str(), rest) {
            ("POST", ["docs"]) if self.flag("x-ms-cosmos-is-query-plan-request") => Operation::Meta,
            ("POST", ["docs"])
                if self.flag("x-ms-documentdb-isquery") || self.flag("x-ms-documentdb-query") =>
            {
                Operation::Query
            }
            ("POST", ["docs"]) if self.flag("x-ms-cosmos-is-batch-request") => Operation::Batch,
            ("POST", ["docs"]) if self.flag("x-ms-documentdb-is-upsert") => Operation::Upsert,
            ("POST", ["docs"]) => Operation::Create,
            ("GET", ["docs"]) => Operation::Query,
            ("GET", ["docs", _]) => Operation::Read,
            ("PUT", ["docs", _]) => Operation::Replace,
            ("PATCH", ["docs", _]) => Operation::Patch,
            ("DELETE", ["docs", _]) => Operation::Delete,
            _ => Operation::Meta,
        };
        // A patch may be its operations alone: so writes the client for JavaScript.
        if self.operation == Operation::Patch && self.body.starts_with(b"[") {
            self.body = [b"{\"operations\":", &self.body[..], b"}"].concat().into();
        }
        let addressed = rest.get(1).map(ToString::to_string);
        self.items = self.written(addressed);
    }

    fn written(&self, addressed: Option<String>) -> Vec<Item> {
        let operation = self.operation;
        match operation {
            Operation::Meta | Operation::Query => Vec::new(),
            Operation::Batch => {
                let operations: Vec<Value> = serde_json::from_slice(&self.body).unwrap_or_default();
                operations.into_iter().map(batched).collect()
            }
            _ => {
                let document: Value = serde_json::from_slice(&self.body).unwrap_or_default();
                let id = addressed.or_else(|| document["id"].as_str().map(String::from)).unwrap_or_default();
                vec![Item { operation, id, document }]
            }
        }
    }
}

/// One operation of a batch body.
fn batched(mut value: Value) -> Item {
    let operation = match value["operationType"].as_str().unwrap_or_default() {
        "Create" => Operation::Create,
        "Upsert" => Operation::Upsert,
        "Replace" => Operation::Replace,
        "Delete" => Operation::Delete,
        "Patch" => Operation::Patch,
        _ => Operation::Read,
    };
    let document = value.get_mut("resourceBody").map(Value::take).unwrap_or_default();
    let id = value["id"].as_str().or_else(|| document["id"].as_str()).unwrap_or_default().to_owned();
    Item { operation, id, document }
}

/// Which requests are meant: all that fit every part that is given.
#[derive(Clone, Debug, Default)]
pub struct Match {
    container: Option<String>,
    operation: Option<Operation>,
    writes: bool,
    id: Option<String>,
    from: usize,
    only: bool,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests that do this.
    pub fn operation(operation: Operation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    /// Requests that may change documents.
    pub fn writes() -> Self {
        Self { writes: true, ..Self::default() }
    }

    /// Only those to this container.
    pub fn container(self, container: &str) -> Self {
        Self { container: Some(container.into()), ..self }
    }

    /// Only those that name this document.
    pub fn id(self, id: &str) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Only from the nth of them on, counted from 1 and from when the rule or the gate was set.
    pub fn nth(self, from: usize) -> Self {
        Self { from, ..self }
    }

    /// A gate holds one request and lets the later ones pass.
    pub fn only(self) -> Self {
        Self { only: true, ..self }
    }
}

impl Matches<Call> for Match {
    fn fits(&self, call: &Call) -> bool {
        self.container.as_ref().is_none_or(|container| call.container.as_ref() == Some(container))
            && self.operation.is_none_or(|operation| operation == call.operation)
            && (!self.writes || call.operation.is_write())
            && self.id.as_ref().is_none_or(|id| call.items.iter().any(|item| item.id == *id))
    }

    fn from(&self) -> usize {
        self.from
    }

    fn until(&self) -> usize {
        if self.only { self.from.max(1) } else { usize::MAX }
    }
}
