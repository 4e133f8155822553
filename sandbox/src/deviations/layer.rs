//! The layer in front of a fake.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, Uri},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use percent_encoding::percent_decode_str;

use super::deviation::{Change, Deviation};
use super::exchange::{Answered, Asked, Memory};
use crate::script::lock;

/// More than any body here.
const LARGEST: usize = 16 << 20;

/// What is planted in front of one fake. Clones are the same.
#[derive(Clone, Default)]
pub struct Deviant(Arc<Mutex<Option<Planted>>>);

#[derive(Clone)]
struct Planted {
    deviation: &'static Deviation,
    memory: Arc<Mutex<Memory>>,
}

impl Deviant {
    /// From now on the fake deviates so, or not at all.
    pub fn plant(&self, deviation: Option<&'static Deviation>) {
        *lock(&self.0) = deviation.map(|deviation| Planted { deviation, memory: Arc::default() });
    }

    /// A router behind the layer.
    pub(crate) fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), deviate))
    }
}

async fn deviate(State(deviant): State<Deviant>, request: Request, next: Next) -> Response {
    let planted = lock(&deviant.0).clone();
    let Some(Planted { deviation, memory }) = planted else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let uri = parts.uri.to_string();
    let path = percent_decode_str(&uri).decode_utf8_lossy().into_owned();
    let mut asked = Asked { method: parts.method.to_string(), path, uri, headers: parts.headers, body };
    if let Change::Request(change) = deviation.change {
        change(&mut asked);
        parts.uri = asked.uri.parse::<Uri>().unwrap_or(parts.uri);
    }
    parts.headers = asked.headers.clone();
    let response = next.run(Request::from_parts(parts, Body::from(asked.body.clone()))).await;
    let (mut head, body) = response.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let mut answered = Answered { status: head.status.as_u16(), headers: head.headers, body };
    match deviation.change {
        Change::Request(_) => {}
        Change::Answer(change) => change(&asked, &mut answered),
        Change::Later(change) => change(&asked, &mut answered, &mut lock(&memory)),
    }
    head.status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    head.headers = answered.headers;
    Response::from_parts(head, Body::from(answered.body))
}
