//! What the fake keeps of every request, and which requests a rule or a gate means.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Instant,
};

use axum::http::{HeaderMap, Uri, request::Parts};
use serde_json::Value;

use super::{
    key,
    kind::{Asked, Kind},
    route::Named,
    row::Row,
};
use crate::script::Matches;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Record {
    /// `GET`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it asks for.
    pub kind: Kind,
    /// Of which collection, such as `users`.
    pub feed: Option<&'static str>,
    /// The ids of the objects above as the path names them, each percent-encoded, joined by `/`.
    pub parent: Option<String>,
    pub(super) named: Vec<Named>,
    /// Header `User-Agent`.
    pub user_agent: Option<String>,
    /// Header `Prefer`.
    pub prefer: Option<String>,
    /// Header `x-ms-throttle-priority`.
    pub throttle_priority: Option<String>,
    /// Header `ConsistencyLevel`.
    pub consistency_level: Option<String>,
    /// Header `client-request-id`.
    pub client_request_id: Option<String>,
    /// It carried a bearer token, good or not.
    pub has_token: bool,
    /// When it came.
    pub at: Instant,
    /// What it was answered; nothing while it waits, and when the connection was torn down instead.
    pub status: Option<u16>,
}

impl Record {
    pub(super) fn of(parts: &Parts) -> Self {
        let header = |name| header(&parts.headers, name);
        let asked = Asked::of(&parts.uri);
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            kind: asked.kind,
            feed: asked.feed.map(|feed| feed.name.as_str()),
            parent: parent(&asked.named),
            named: asked.named,
            throttle_priority: header("x-ms-throttle-priority"),
            user_agent: header("user-agent"),
            prefer: joined(&parts.headers, "prefer"),
            consistency_level: header("consistencylevel"),
            client_request_id: header("client-request-id"),
            has_token: header("authorization").is_some_and(|value| value.starts_with("Bearer ")),
            at: Instant::now(),
            status: None,
        }
    }

    /// The same for another path: a part of a batch, or that of the signed-in user.
    pub(super) fn with_path(&self, method: &str, path: &str) -> Self {
        let asked = Asked::of(&path.parse::<Uri>().unwrap_or_default());
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            kind: asked.kind,
            feed: asked.feed.map(|feed| feed.name.as_str()),
            parent: parent(&asked.named),
            named: asked.named,
            at: Instant::now(),
            ..self.clone()
        }
    }

    /// The same with the headers of a part of a batch, which has those of its own only.
    pub(super) fn with_headers(self, headers: &Value) -> Self {
        let header = |name: &str| {
            let headers = headers.as_object().into_iter().flatten();
            let mut named = headers.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            named.next().and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        Self {
            prefer: header("prefer"),
            throttle_priority: header("x-ms-throttle-priority"),
            consistency_level: header("consistencylevel"),
            ..self
        }
    }

    /// What `Prefer` says of a name, such as `odata.maxpagesize`.
    pub(super) fn preferred(&self, name: &str) -> Option<&str> {
        let parts = self.prefer.iter().flat_map(|prefer| prefer.split(','));
        let named = parts.filter_map(|part| part.trim().split_once('='));
        let mut values = named.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        values.next().map(|value| value.trim_matches('"'))
    }

    /// The service of the collection that it asks for.
    pub(super) fn service(&self) -> Option<&'static str> {
        let is_directory = self.kind == Kind::GetByIds;
        let service = self.feed.and_then(Row::named).map(|row| row.service.as_str());
        service.or(is_directory.then_some("identity"))
    }
}

fn parent(named: &[Named]) -> Option<String> {
    (!named.is_empty()).then(|| key::chain(named.iter().map(|(_, id)| id.as_str())))
}

/// A name as a number, so that a [`Match`] can be copied.
fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// All values of a header, if there are any.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// A header as text, if it is there and is text.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(String::from)
}

/// The version of the API that a path begins with.
pub(super) fn version(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or("v1.0")
}

/// Which requests are meant.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    kind: Option<Kind>,
    feed: Option<&'static str>,
    service: Option<&'static str>,
    below: Option<u64>,
    from: usize,
}

impl Match {
    /// Every request.
    pub const fn any() -> Self {
        Self { kind: None, feed: None, service: None, below: None, from: 1 }
    }

    /// Requests of this kind.
    pub const fn kind(kind: Kind) -> Self {
        Self { kind: Some(kind), feed: None, service: None, below: None, from: 1 }
    }

    /// Requests that begin a round without a token.
    pub const fn initial() -> Self {
        Self::kind(Kind::Initial)
    }

    /// Requests for a further page.
    pub const fn skip_token() -> Self {
        Self::kind(Kind::SkipToken)
    }

    /// Requests that begin a round from a delta link.
    pub const fn delta_token() -> Self {
        Self::kind(Kind::DeltaToken)
    }

    /// Requests for one object.
    pub const fn by_id() -> Self {
        Self::kind(Kind::ById)
    }

    /// Batches as a whole.
    pub const fn batch() -> Self {
        Self::kind(Kind::Batch)
    }

    /// Requests for the targets of one object's links.
    pub const fn targets() -> Self {
        Self::kind(Kind::Targets)
    }

    /// Requests for pages of lists.
    pub const fn list() -> Self {
        Self::kind(Kind::List)
    }

    /// Only those of this collection, such as `users`.
    pub const fn feed(self, feed: &'static str) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// Only those of collections of this service, such as `outlook`.
    pub const fn service(self, service: &'static str) -> Self {
        Self { service: Some(service), ..self }
    }

    /// Only those for what is below the object that the path names so.
    pub fn below(self, name: &str) -> Self {
        Self { below: Some(hash(name)), ..self }
    }

    /// Only from the nth of them on, counted from 1 and from when the rule or the gate was set.
    pub const fn nth(self, from: usize) -> Self {
        Self { from, ..self }
    }
}

impl Matches<Record> for Match {
    fn fits(&self, request: &Record) -> bool {
        let is_of_feed = self.feed.is_none_or(|feed| request.feed == Some(feed));
        let is_of_service = self.service.is_none_or(|service| request.service() == Some(service));
        let is_below =
            self.below.is_none_or(|below| request.named.iter().any(|(_, name)| hash(name) == below));
        is_of_feed && is_of_service && is_below && self.kind.is_none_or(|kind| kind == request.kind)
    }

    fn from(&self) -> usize {
        self.from
    }
}
