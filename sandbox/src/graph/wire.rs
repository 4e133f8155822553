//! The thin wire face: bytes in, the world asked, bytes out; gates and faults on the way.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{
    answer::Answer,
    authorize::authorize,
    batch,
    fault::{Fault, Framing},
    inner::Inner,
    request::{Record, header},
    single, subscriptions,
};
use crate::loopback::Cut;

/// Largest body that is taken.
const LARGEST_BODY: usize = 64 << 10;

/// One request, from the socket to the socket.
pub(super) async fn respond(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let record = Record::of(&parts);
    let number = inner.record(&record);
    if !inner.gates.pass(&record).await {
        return cut.reset().await;
    }
    let fault = inner.faults.next(&record);
    match &fault {
        Some(Fault::Reset) => return cut.reset().await,
        Some(Fault::Slow(wait)) => tokio::time::sleep(*wait).await,
        _ => {}
    }
    let bearer = header(&parts.headers, "authorization")
        .and_then(|value| value.strip_prefix("Bearer ").map(String::from));
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let mut answer = match fault.as_ref().and_then(Fault::instead) {
        Some(answer) => answer,
        None if batch::is_batch(&record) => batch::answer(&inner, &record, bearer.as_deref(), &body),
        None => match subscriptions::path(&record) {
            Some(id) => {
                match authorize(
                    &inner,
                    &record,
                    &subscriptions::readers(&inner, id, &body),
                    bearer.as_deref(),
                ) {
                    Ok(_) => subscriptions::answer(&inner, &record, id, &body).await,
                    Err(refused) => refused,
                }
            }
            None => single::answer(&inner, &record, bearer.as_deref(), fault.as_ref(), &body),
        },
    };
    answer = inner.tell_load(&record, answer);
    if let Some(fault) = &fault {
        fault.spoil(&mut answer);
    }
    inner.note_status(number, answer.status);
    let cut_body = match fault {
        Some(Fault::CutBody(framing)) => Some(framing),
        _ => None,
    };
    send(answer, &inner.next_id(), record.client_request_id.as_deref(), cut_body, cut)
}

fn send(
    answer: Answer,
    request_id: &str,
    client_request_id: Option<&str>,
    broken: Option<Framing>,
    cut: Cut,
) -> Response {
    let client_request_id = client_request_id.unwrap_or(request_id);
    let (status, headers) = (answer.status, answer.headers.clone());
    let bytes = Bytes::from(answer.bytes(request_id, client_request_id));
    let length = bytes.len();
    let mut response = Response::new(match broken {
        None => Body::from(bytes),
        Some(_) => half(bytes, cut),
    });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let ids = [
        ("request-id", request_id.to_owned()),
        ("client-request-id", client_request_id.to_owned()),
        ("x-ms-ags-diagnostic", r#"{"ServerInfo":{"DataCenter":"Sandbox"}}"#.to_owned()),
    ];
    for (name, value) in headers.into_iter().chain(ids) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    if broken.is_some() {
        // Compression would hold the first half back, and take the announced length away.
        response.headers_mut().insert("content-encoding", HeaderValue::from_static("identity"));
    }
    if broken == Some(Framing::Length) {
        response.headers_mut().insert("content-length", HeaderValue::from(length));
    }
    response
}

/// The first half of a body, and then the end of the connection.
fn half(bytes: Bytes, cut: Cut) -> Body {
    let first = bytes.slice(..bytes.len() / 2);
    let end = stream::once(async move { cut.close::<Result<Bytes, Infallible>>().await });
    Body::from_stream(stream::once(async move { Ok(first) }).chain(end))
}
