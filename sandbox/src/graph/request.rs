//! What the fake keeps of every request, and which requests a rule or a gate means.

use std::time::Instant;

use axum::http::{HeaderMap, Uri, request::Parts};

use super::{relationship::Relationship, row::Row};
use crate::script::Matches;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A delta query without a token: a round begins.
    Initial,
    /// A further page of a round (`$skiptoken`).
    SkipToken,
    /// A new round from a delta link (`$deltatoken`).
    DeltaToken,
    /// One object.
    ById,
    /// To whom one object is linked: the members or owners of a group, the manager of a user.
    Targets,
    /// A page of a list of all objects, or their number.
    List,
    /// The signed-in user, or something of it.
    Me,
    /// The photo of a user.
    Photo,
    /// The groups in which a user is.
    MemberOf,
    /// The tenant itself, as a list of one.
    Organization,
    /// Several requests in one; its parts are recorded as requests of their own.
    Batch,
    /// Anything else.
    Other,
}

impl Kind {
    /// What is asked for, and of which feed.
    fn of(uri: &Uri) -> (Self, Option<&'static Row>) {
        let path = ["/v1.0/", "/beta/"].iter().find_map(|version| uri.path().strip_prefix(version));
        let (name, rest) = path.map_or(("", ""), |path| path.split_once('/').unwrap_or((path, "")));
        match name {
            "me" => return (Self::Me, None),
            "$batch" if rest.is_empty() => return (Self::Batch, None),
            "organization" if rest.is_empty() => return (Self::Organization, None),
            _ => {}
        }
        let Some(feed) = Row::named(name) else { return (Self::Other, None) };
        let is_beta = uri.path().starts_with("/beta/");
        let kind = match rest {
            "" | "$count" => Self::List,
            path if path.ends_with("/photo/$value") && feed.kind == "user" => Self::Photo,
            path if path.ends_with("/memberOf") && feed.kind == "user" => Self::MemberOf,
            id if is_beta && (id.contains('/') || id.starts_with("delta")) => Self::Other,
            "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()" => match feed.delta {
                true => Self::of_delta(uri),
                false => Self::Other,
            },
            id if !id.is_empty() && !id.contains('/') => Self::ById,
            path if Relationship::asked_for(&feed.name, path).is_some() => Self::Targets,
            _ => Self::Other,
        };
        (kind, Some(feed))
    }

    fn of_delta(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().replace("%24", "$");
        let token = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name));
        if token("$skiptoken=").is_some() {
            return Self::SkipToken;
        }
        match token("$deltatoken=") {
            None | Some("" | "latest") => Self::Initial,
            Some(_) => Self::DeltaToken,
        }
    }
}

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
    /// Header `User-Agent`.
    pub user_agent: Option<String>,
    /// Header `Prefer`.
    pub prefer: Option<String>,
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
        let (kind, feed) = Kind::of(&parts.uri);
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            kind,
            feed: feed.map(|feed| feed.name.as_str()),
            user_agent: header("user-agent"),
            prefer: header("prefer"),
            consistency_level: header("consistencylevel"),
            client_request_id: header("client-request-id"),
            has_token: header("authorization").is_some_and(|value| value.starts_with("Bearer ")),
            at: Instant::now(),
            status: None,
        }
    }

    /// A part of a batch.
    pub(super) fn of_part(batch: &Self, method: &str, path: &str) -> Self {
        let uri: Uri = path.parse().unwrap_or_default();
        let (kind, feed) = Kind::of(&uri);
        let (method, path) = (method.to_owned(), path.to_owned());
        Self {
            method,
            path,
            kind,
            feed: feed.map(|feed| feed.name.as_str()),
            at: Instant::now(),
            ..batch.clone()
        }
    }
}

/// A header as text, if it is there and is text.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(String::from)
}

/// Which requests are meant.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    kind: Option<Kind>,
    feed: Option<&'static str>,
    from: usize,
}

impl Match {
    /// Every request.
    pub const fn any() -> Self {
        Self { kind: None, feed: None, from: 1 }
    }

    /// Requests of this kind.
    pub const fn kind(kind: Kind) -> Self {
        Self { kind: Some(kind), feed: None, from: 1 }
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

    /// Only from the nth of them on, counted from 1 and from when the rule or the gate was set.
    pub const fn nth(self, from: usize) -> Self {
        Self { from, ..self }
    }
}

impl Matches<Record> for Match {
    fn fits(&self, request: &Record) -> bool {
        let is_of_feed = self.feed.is_none_or(|feed| request.feed == Some(feed));
        is_of_feed && self.kind.is_none_or(|kind| kind == request.kind)
    }

    fn from(&self) -> usize {
        self.from
    }
}
