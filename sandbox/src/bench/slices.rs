//! Graph with one group of very many members, made when they are asked for: pages of slices, as `members@delta` tells them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::loopback::{Loopback, Server};

/// The id of the group.
pub const GROUP: &str = "00000000-0000-4000-9000-000000000001";

/// How the group is told.
#[derive(Clone, Copy, Debug)]
pub struct Slices {
    /// Members of the group.
    pub members: usize,
    /// Members in a slice: the group comes again with each.
    pub slice: usize,
    /// Slices on a page.
    pub page: usize,
}

/// The source, as long as it lives.
pub struct Source {
    inner: Arc<Inner>,
    _server: Server,
}

struct Inner {
    origin: String,
    slices: Slices,
    requests: AtomicUsize,
}

impl Source {
    /// A source of this group.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(slices: Slices) -> Result<Self> {
        let loopback = Loopback::bind().await?;
        let origin = loopback.origin().to_owned();
        let inner = Arc::new(Inner { origin, slices, requests: AtomicUsize::default() });
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
}

/// A page: where it begins is in the token.
async fn page(State(source): State<Arc<Inner>>, uri: Uri) -> Response {
    source.requests.fetch_add(1, Ordering::Relaxed);
    let query = uri.query().unwrap_or_default();
    let all = if query.contains("$deltatoken=") { 0 } else { source.slices.members };
    let from = query.split_once("$skiptoken=").and_then(|(_, from)| from.parse().ok()).unwrap_or(0).min(all);
    ([(header::CONTENT_TYPE, "application/json")], text(&source, from, all)).into_response()
}

fn text(source: &Inner, from: usize, all: usize) -> String {
    let Slices { slice, page, .. } = source.slices;
    let to = (from + slice.max(1) * page.max(1)).min(all);
    let slices = (from..to).step_by(slice.max(1)).map(|first| {
        let members = (first..(first + slice).min(to)).map(|number| {
            format!(
                r##"{{"@odata.type":"#microsoft.graph.user","id":"00000000-0000-4000-8000-{number:012}"}}"##
            )
        });
        let members = members.collect::<Vec<_>>().join(",");
        format!(r#"{{"id":"{GROUP}","displayName":"All","members@delta":[{members}]}}"#)
    });
    let slices = slices.collect::<Vec<_>>().join(",");
    let link = format!("{}/v1.0/groups/delta", source.origin);
    match to == all {
        true => format!(r#"{{"value":[{slices}],"@odata.deltaLink":"{link}?$deltatoken=end"}}"#),
        false => format!(r#"{{"value":[{slices}],"@odata.nextLink":"{link}?$skiptoken={to}"}}"#),
    }
}
