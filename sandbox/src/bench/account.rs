//! An account of Cosmos DB that only answers: it takes every document of some containers, keeps none, and passes everything else
//! on to the stand-in. So what is measured is the handler, not the stand-in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::rows::Rows;
use crate::cosmos::Cosmos;
use crate::loopback::{Loopback, Server};
use crate::script::lock;

/// More than any request of a client.
const BODY_LIMIT: usize = 16 << 20;
/// What a document of 1.7 KB costs with the indexing of the containers, in request units.
const WRITE: f64 = 10.29;
/// What a query costs, in request units, …
const QUERY: f64 = 2.8;
/// … and each document that it finds. In the example of
/// <https://learn.microsoft.com/azure/cosmos-db/troubleshoot-query-performance>, 60,951 documents of 6.5 KB take 0.07 each.
const PER_ROW: f64 = 0.1;
const BATCH: &str = "x-ms-cosmos-is-batch-request";
const CONTINUATION: &str = "x-ms-continuation";
const CHARGE: &str = "x-ms-request-charge";

/// The account, as long as it lives.
pub struct Account {
    inner: Arc<Inner>,
    _server: Server,
}

struct Inner {
    origin: String,
    /// The stand-in behind it.
    behind: OnceLock<String>,
    http: reqwest::Client,
    /// Containers whose documents are taken and not kept.
    taken: Vec<String>,
    latency: Duration,
    began: Instant,
    /// The same in seconds since 1970.
    began_at: u64,
    writes: AtomicUsize,
    /// Operations of batches.
    links: AtomicUsize,
    /// Requests by what they do, and to which container.
    requests: Mutex<BTreeMap<String, usize>>,
    /// Thousandths of a request unit.
    charge: AtomicU64,
    /// Microseconds from the beginning to the first document; and to the last one.
    first: AtomicU64,
    last: AtomicU64,
    sample: Mutex<Option<Bytes>>,
    link: Mutex<Option<Bytes>>,
    /// What it knows of the documents that it took.
    rows: Mutex<Rows>,
    /// Documents that were replaced, with the time of the answer.
    replaced: Mutex<Vec<(String, Duration)>>,
}

/// What an account was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Documents of the containers that it takes.
    pub writes: usize,
    /// Documents that came in batches.
    pub links: usize,
    /// All requests, by what they do, and to which container.
    pub requests: BTreeMap<String, usize>,
    /// Request units of all of them.
    pub charge: f64,
    /// When the first document arrived, since the account is there; zero where none did.
    pub first: Duration,
    /// When the last one did.
    pub last: Duration,
}

impl Asked {
    /// What was asked for since then; the moments stay.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        for (kind, count) in &mut self.requests {
            *count -= before.requests.get(kind).unwrap_or(&0);
        }
        self.requests.retain(|_, count| *count > 0);
        Self { writes: self.writes - before.writes, charge: self.charge - before.charge, ..self }
    }
}

impl Account {
    /// An account that takes the documents of these containers, and answers so much later than it could.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(taken: &[&str], latency: Duration) -> Result<Self> {
        let loopback = Loopback::bind().await?;
        let inner = Arc::new(Inner {
            origin: loopback.origin().to_owned(),
            behind: OnceLock::new(),
            http: reqwest::Client::builder().no_proxy().build()?,
            taken: taken.iter().map(|name| format!("/colls/{name}/docs")).collect(),
            latency,
            began: Instant::now(),
            began_at: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            writes: AtomicUsize::default(),
            links: AtomicUsize::default(),
            requests: Mutex::default(),
            charge: AtomicU64::default(),
            first: AtomicU64::default(),
            last: AtomicU64::default(),
            sample: Mutex::default(),
            link: Mutex::default(),
            rows: Mutex::default(),
            replaced: Mutex::default(),
        });
        let server = loopback.serve(Router::new().fallback(respond).with_state(Arc::clone(&inner)));
        Ok(Self { inner, _server: server })
    }

    /// Passes on to this stand-in what it does not answer itself.
    pub fn stand_before(&self, behind: &Cosmos) {
        let _ = self.inner.behind.set(behind.endpoint().trim_end_matches('/').to_owned());
    }

    /// Its endpoint.
    pub fn endpoint(&self) -> &str {
        &self.inner.origin
    }

    /// How long it has been there.
    pub fn age(&self) -> Duration {
        self.inner.began.elapsed()
    }

    /// One of the documents that it took, if there was one.
    pub fn sample(&self) -> Option<Bytes> {
        lock(&self.inner.sample).clone()
    }

    /// One of the documents that it took in batches, if there was one.
    pub fn link(&self) -> Option<Bytes> {
        lock(&self.inner.link).clone()
    }

    /// The ids of the documents that were replaced, each with the time since the account is there, in this order.
    pub fn replaced(&self) -> Vec<(String, Duration)> {
        lock(&self.inner.replaced).clone()
    }

    /// What it was asked for so far.
    pub fn asked(&self) -> Asked {
        let inner = &self.inner;
        let time = |moment: &AtomicU64| Duration::from_micros(moment.load(Ordering::Relaxed));
        Asked {
            writes: inner.writes.load(Ordering::Relaxed),
            links: inner.links.load(Ordering::Relaxed),
            requests: lock(&inner.requests).clone(),
            charge: inner.charge.load(Ordering::Relaxed) as f64 / 1000.0,
            first: time(&inner.first),
            last: time(&inner.last),
        }
    }
}

async fn respond(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    *lock(&inner.requests).entry(kind(&request)).or_default() += 1;
    let path = request.uri().path();
    let is_upsert = request.headers().contains_key("x-ms-documentdb-is-upsert");
    let is_taken = inner.taken.iter().any(|taken| path.ends_with(taken.as_str()));
    let is_query = {
        let has = |name: &str| request.headers().contains_key(name);
        let asks = has("x-ms-documentdb-isquery") || has("x-ms-documentdb-query");
        asks && !has("x-ms-cosmos-is-query-plan-request")
    };
    let reply = match is_taken {
        true if request.headers().contains_key(BATCH) => take_batch(&inner, request).await,
        true if is_upsert => take(&inner, request).await,
        true if is_query => find(&inner, request).await,
        _ => pass_on(&inner, request).await,
    };
    reply.unwrap_or_else(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}")).into_response())
}

/// What a request does, and to which container: `query users`.
fn kind(request: &Request) -> String {
    let has = |name: &str| request.headers().contains_key(name);
    let path = request.uri().path().split_once("/colls/").map_or("", |(_, path)| path);
    let (container, rest) = path.split_once('/').unwrap_or((path, ""));
    let does = match (request.method().as_str(), rest) {
        ("POST", "docs") if has("x-ms-documentdb-isquery") || has("x-ms-documentdb-query") => "query",
        ("POST", "docs") if has(BATCH) => "batch",
        ("POST", "docs") if has("x-ms-documentdb-is-upsert") => "upsert",
        ("POST", "docs") => "create",
        ("PUT", _) => "replace",
        ("GET", rest) if rest.starts_with("docs/") => "read",
        _ => "look at",
    };
    format!("{does} {}", if container.is_empty() { "the account" } else { container })
}

/// A document that is taken: read to its end, since a client sends it to its end.
async fn take(inner: &Inner, request: Request) -> Result<Response> {
    let document = to_bytes(request.into_body(), BODY_LIMIT).await?;
    let moment = inner.began.elapsed().as_micros() as u64;
    lock(&inner.rows).take(&document, inner.began_at + inner.began.elapsed().as_secs())?;
    if inner.first.compare_exchange(0, moment, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        *lock(&inner.sample) = Some(document);
    }
    inner.last.fetch_max(moment, Ordering::Relaxed);
    inner.writes.fetch_add(1, Ordering::Relaxed);
    inner.charge.fetch_add((WRITE * 1000.0) as u64, Ordering::Relaxed);
    if !inner.latency.is_zero() {
        tokio::time::sleep(inner.latency).await;
    }
    let reply = Response::builder().status(StatusCode::CREATED).header("content-type", "application/json");
    let reply = reply.header(CHARGE, WRITE.to_string()).header("etag", "\"taken\"");
    Ok(reply.header("x-ms-session-token", "0:-1#1").body(Body::empty())?)
}

/// One operation of a batch.
#[derive(Deserialize)]
struct Operation<'a> {
    #[serde(borrow, rename = "resourceBody")]
    body: Option<&'a RawValue>,
}

/// A transactional batch that is taken, of which nothing is known later.
async fn take_batch(inner: &Inner, request: Request) -> Result<Response> {
    let operations = to_bytes(request.into_body(), BODY_LIMIT).await?;
    let operations: Vec<Operation> = serde_json::from_slice(&operations).context("a batch")?;
    let count = operations.len();
    if let Some(Operation { body: Some(link) }) = operations.first() {
        lock(&inner.link).get_or_insert_with(|| link.get().to_owned().into());
    }
    inner.links.fetch_add(count, Ordering::Relaxed);
    inner.charge.fetch_add((WRITE * 1000.0) as u64 * count as u64, Ordering::Relaxed);
    if !inner.latency.is_zero() {
        tokio::time::sleep(inner.latency).await;
    }
    let answers = vec![r#"{"statusCode":201,"requestCharge":10.29,"eTag":"\"taken\""}"#; count].join(",");
    let reply = Response::builder().status(StatusCode::OK).header("content-type", "application/json");
    let reply = reply.header(CHARGE, (WRITE * count as f64).to_string());
    Ok(reply.header("x-ms-session-token", "0:-1#1").body(Body::from(format!("[{answers}]")))?)
}

/// A query of an enumeration that compares: answered from what is known of the documents. Other queries are passed on.
async fn find(inner: &Inner, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await?;
    let after = parts.headers.get(CONTINUATION).and_then(|after| after.to_str().ok());
    let most = parts.headers.get("x-ms-max-item-count").and_then(|most| most.to_str().ok()?.parse().ok());
    let answer = lock(&inner.rows).answer(&body, most.unwrap_or(100), after)?;
    let Some(answer) = answer else {
        return pass_on(inner, Request::from_parts(parts, Body::from(body))).await;
    };
    let charge = QUERY + answer.rows as f64 * PER_ROW;
    inner.charge.fetch_add((charge * 1000.0) as u64, Ordering::Relaxed);
    if !inner.latency.is_zero() {
        tokio::time::sleep(inner.latency).await;
    }
    let reply = Response::builder().status(StatusCode::OK).header("content-type", "application/json");
    let reply = reply.header(CHARGE, charge.to_string()).header("x-ms-session-token", "0:-1#1");
    let reply = answer.continuation.iter().fold(reply, |reply, next| reply.header(CONTINUATION, next));
    Ok(reply.body(Body::from(answer.body))?)
}

/// Everything else: the stand-in answers, in the name of this account.
async fn pass_on(inner: &Inner, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let behind = inner.behind.get().context("the account stands before nothing yet")?;
    let url = format!("{behind}{}", parts.uri.path_and_query().map_or("/", |path| path.as_str()));
    let replaced = parts.uri.path().rsplit_once("/docs/").filter(|_| parts.method == Method::PUT);
    let replaced = replaced.map(|(_, id)| id.to_owned());
    let mut headers = parts.headers;
    headers.remove("host");
    let body = to_bytes(body, BODY_LIMIT).await?;
    let answer = inner.http.request(parts.method, url).headers(headers).body(body).send().await?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    inner.charge.fetch_add((charge(&headers) * 1000.0) as u64, Ordering::Relaxed);
    let text = answer.bytes().await?;
    if let Some(id) = replaced.filter(|_| status.is_success()) {
        lock(&inner.replaced).push((id, inner.began.elapsed()));
    }
    // The topology names the addresses of the account.
    let text = match std::str::from_utf8(&text) {
        Ok(known) if known.contains(behind) => known.replace(behind, &inner.origin).into(),
        _ => text,
    };
    headers.remove("content-length");
    headers.remove("transfer-encoding");
    if !inner.latency.is_zero() {
        tokio::time::sleep(inner.latency).await;
    }
    Ok((status, headers, text).into_response())
}

fn charge(headers: &HeaderMap) -> f64 {
    let text = headers.get(CHARGE).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
