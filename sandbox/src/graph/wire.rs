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
    Inner,
    answer::Answer,
    batch, challenge,
    fault::{Fault, Framing},
    me,
    request::{Kind, Record, header},
    subscriptions,
};
use crate::{
    identity::{Claims, Refusal},
    loopback::Cut,
    script::lock,
};

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
    let mut answer = match fault.as_ref().and_then(Fault::instead) {
        Some(answer) => answer,
        None if batch::is_batch(&record) => {
            let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
            inner.batch(&record, bearer.as_deref(), &body)
        }
        None => match subscriptions::path(&record) {
            Some(id) => {
                let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
                match inner.authorize(&record, &inner.subscribers(id, &body), bearer.as_deref()) {
                    Ok(_) => inner.subscriptions(&record.method, id, &body).await,
                    Err(refused) => refused,
                }
            }
            None => inner.answer(&record, bearer.as_deref(), fault.as_ref()),
        },
    };
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

impl Inner {
    pub(super) fn answer(&self, record: &Record, bearer: Option<&str>, fault: Option<&Fault>) -> Answer {
        let claims = match self.authorize(record, &me::readers(record), bearer) {
            Ok(claims) => claims,
            Err(refused) => return refused,
        };
        let mut world = lock(&self.world);
        if record.kind == Kind::Me {
            let user = claims.user.as_deref();
            return user.map_or_else(me::nobody, |user| {
                world.read(&me::as_user(record, user)).unwrap_or_else(|refused| refused)
            });
        }
        let is_token = matches!(record.kind, Kind::SkipToken | Kind::DeltaToken | Kind::List);
        if let Some(Fault::TokenDead(death)) = fault.filter(|_| is_token) {
            let query = record.path.split_once('?').map_or("", |(_, query)| query);
            world.links.kill(query, *death);
        }
        world.read(record).unwrap_or_else(|refused| refused)
    }

    /// 401 without a good token or the claims that are demanded, 403 without a role or, in a delegated token, a scope of
    /// those that may.
    fn authorize(&self, record: &Record, readers: &[&str], bearer: Option<&str>) -> Result<Claims, Answer> {
        let denied = |message: &str| {
            Err(Answer::error(401, "InvalidAuthenticationToken", message)
                .with("www-authenticate", challenge::CHALLENGE))
        };
        let Some(bearer) = bearer else { return denied("Access token is empty.") };
        let verdict = self.audiences.iter().map(|audience| self.identity.check(bearer, audience));
        let verdict = verdict
            .reduce(|one, other| if one.is_ok() || other == Err(Refusal::Audience) { one } else { other });
        if let (Some(Ok(claims)), Some(demanded)) = (&verdict, &*lock(&self.demanded))
            && !challenge::is_met(demanded, &claims.asked)
        {
            return Err(challenge::answer(demanded));
        }
        match verdict {
            Some(Ok(claims))
                if claims
                    .roles
                    .iter()
                    .chain(&claims.scopes)
                    .any(|granted| readers.contains(&granted.as_str())) =>
            {
                Ok(claims)
            }
            // Graph says so before it looks at permissions.
            Some(Ok(claims)) if record.kind == Kind::Me && claims.user.is_none() => Ok(claims),
            Some(Ok(_)) => Err(Answer::error(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )),
            Some(Err(Refusal::Expired)) => denied("Lifetime validation failed, the token is expired."),
            Some(Err(Refusal::Unknown)) => denied("IDX14100: JWT is not well formed."),
            Some(Err(Refusal::Audience)) | None => {
                denied("Access token validation failure. Invalid audience.")
            }
        }
    }
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
