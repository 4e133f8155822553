//! Graph with very many users, made when they are asked for: nothing is kept, so that only the handler grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::listed;
use crate::graph::Tenant;
use crate::loopback::{Loopback, Server};

/// Users on a page of a list: <https://learn.microsoft.com/graph/api/user-list#optional-query-parameters>.
const LIST_PAGE: usize = 999;

/// How the source answers.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Users of the tenant.
    pub users: usize,
    /// Users on a page.
    pub page: usize,
    /// How long each answer takes.
    pub latency: Duration,
}

/// The source, as long as it lives.
pub struct Source {
    inner: Arc<Inner>,
    _server: Server,
}

struct Inner {
    origin: String,
    shape: Shape,
    /// A user as JSON without its id, its names and the closing brace.
    rest: String,
    /// So many users have changed since the last round.
    changed: AtomicUsize,
    /// Tokens of delta links are dead.
    dead: AtomicBool,
    requests: AtomicUsize,
    began: Instant,
    /// Microseconds from the beginning to the first request since it was looked at.
    first: AtomicU64,
}

impl Source {
    /// A source of this shape, whose users have as many properties as those of a seeded tenant.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(shape: Shape) -> Result<Self> {
        let loopback = Loopback::bind().await?;
        let (origin, rest) = (loopback.origin().to_owned(), rest());
        let (changed, dead, requests) =
            (AtomicUsize::default(), AtomicBool::default(), AtomicUsize::default());
        let (began, first) = (Instant::now(), AtomicU64::default());
        let inner = Arc::new(Inner { origin, shape, rest, changed, dead, requests, began, first });
        let server = loopback.serve(Router::new().fallback(page).with_state(Arc::clone(&inner)));
        Ok(Self { inner, _server: server })
    }

    /// Its origin.
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// How many requests it has answered.
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// How long ago the first request came since the last time that this was asked; none if none came.
    pub fn take_first(&self) -> Option<Duration> {
        let first = self.inner.first.swap(0, Ordering::Relaxed);
        (first > 0).then(|| self.inner.began.elapsed() - Duration::from_micros(first))
    }

    /// So many users change.
    pub fn change(&self, users: usize) {
        self.inner.changed.store(users, Ordering::Relaxed);
    }

    /// Delta links end.
    pub fn end_tokens(&self) {
        self.inner.dead.store(true, Ordering::Relaxed);
    }
}

/// What all users have in common.
fn rest() -> String {
    let tenant = Tenant::seeded(1, 7);
    let user = tenant.living("users").next().map(|(_, user)| user.clone());
    let mut user = user.unwrap_or_default();
    for name in ["id", "displayName", "userPrincipalName", "createdDateTime"] {
        user.remove(name);
    }
    Value::Object(user).to_string().trim_start_matches('{').to_owned()
}

/// A page: where it begins, and where its round ends, is in the token.
async fn page(State(source): State<Arc<Inner>>, uri: Uri) -> Response {
    source.requests.fetch_add(1, Ordering::Relaxed);
    let moment = source.began.elapsed().as_micros() as u64;
    let _ = source.first.compare_exchange(0, moment, Ordering::Relaxed, Ordering::Relaxed);
    if !source.shape.latency.is_zero() {
        tokio::time::sleep(source.shape.latency).await;
    }
    let query = uri.query().unwrap_or_default();
    let range = listed::range(query, source.shape.users);
    if uri.path().ends_with("/$count") {
        return ([(header::CONTENT_TYPE, "text/plain")], range.len().to_string()).into_response();
    }
    if query.contains("$deltatoken=latest") {
        return ([(header::CONTENT_TYPE, "application/json")], text(&source, 0, 0, false)).into_response();
    }
    let is_list = uri.path().ends_with("/users");
    let is_round = query.contains("$deltatoken=");
    if is_round && source.dead.swap(false, Ordering::Relaxed) {
        let error = json!({"error": {"code": "syncStateNotFound", "message": "Resync required."}});
        let headers = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::GONE, headers, error.to_string()).into_response();
    }
    let token = query.split("$skiptoken=").nth(1).unwrap_or_default();
    let (from, until) =
        match token.split_once('-').and_then(|(from, until)| from.parse().ok().zip(until.parse().ok())) {
            Some(place) => place,
            None if is_round => (0, source.changed.swap(0, Ordering::Relaxed)),
            None => (range.start, range.end),
        };
    let text = text(&source, from, until, is_list);
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// A page of a round, or of a list.
fn text(source: &Inner, from: usize, until: usize, is_list: bool) -> String {
    let size = if is_list { LIST_PAGE } else { source.shape.page };
    let to = (from + size).min(until);
    let mut text = String::with_capacity((to - from) * (source.rest.len() + 200) + 200);
    text.push_str(r#"{"value":["#);
    for number in from..to {
        let comma = if number == from { "" } else { "," };
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let names =
            format!(r#""displayName":"User {number}","userPrincipalName":"user{number}@contoso.example""#);
        let created = listed::created(number, source.shape.users);
        let created = format!(r#""createdDateTime":"{created}""#);
        text.push_str(&format!(r#"{comma}{{"id":"{id}",{names},{created},{}"#, source.rest));
    }
    let link = format!("{}/v1.0/users{}", source.origin, if is_list { "" } else { "/delta" });
    text.push_str(&match to == until {
        true if is_list => "]}".to_owned(),
        true => format!(r#"],"@odata.deltaLink":"{link}?$deltatoken=end"}}"#),
        false => format!(r#"],"@odata.nextLink":"{link}?$skiptoken={to}-{until}"}}"#),
    });
    text
}
