//! The thin wire face: what happens to a request between the socket and the emulator.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};

use super::{
    authorization::authorize,
    behind::read_behind,
    bulk,
    emulator::{Ask, Reply},
    fault::Fault,
    inner::Inner,
    request::{Call, Operation},
    rules, since, writes,
};
use crate::{loopback::Cut, script::lock};

/// More than any request of a client; the emulator itself refuses what is over 2 MB.
const BODY_LIMIT: usize = 16 << 20;

/// One request, from the socket to the socket.
pub(super) async fn respond(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else { return cut.reset().await };
    let call = Call::new(parts, body);
    let [account, host] = &inner.account;
    let audiences = [inner.audience, account, host];
    if let Err(refused) = authorize(&call, &inner.identity, audiences, &inner.key) {
        return send(refused);
    }
    // A request that has arrived is carried out, even if the client is gone.
    match tokio::spawn(async move { perform(&inner, call).await }).await {
        Ok(Some(reply)) => send(reply),
        Ok(None) => cut.reset().await,
        Err(error) => send(Reply::error(500, "InternalServerError", &error.to_string())),
    }
}

/// Gates, faults, the request itself. Nothing means that the connection is reset.
async fn perform(inner: &Inner, mut call: Call) -> Option<Reply> {
    if !inner.before.pass(&call).await {
        return None;
    }
    let fault = inner.faults.next(&call);
    match fault {
        Some(Fault::Reset) => {
            log(inner, &call, None);
            return None;
        }
        Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
        _ => {}
    }
    if matches!(fault, Some(Fault::Twice)) {
        let first = apply(inner, &mut call).await;
        log(inner, &call, Some(&first));
    }
    let reply = match fault.as_ref().and_then(|fault| fault.instead(&call)).or_else(|| rules::refusal(&call))
    {
        Some(reply) => reply,
        None => apply(inner, &mut call).await,
    };
    log(inner, &call, Some(&reply));
    if !inner.after.pass(&call).await || matches!(fault, Some(Fault::Lost)) {
        return None;
    }
    Some(reply)
}

async fn apply(inner: &Inner, call: &mut Call) -> Reply {
    if let Some(container) = &call.container {
        inner.expire(container).await;
    }
    if let Some(reply) = lock(&inner.saboteur).meddle(call) {
        return reply;
    }
    let ask = Ask {
        method: &call.method,
        path: &call.path,
        headers: call.headers.clone(),
        body: call.body.clone(),
    };
    if let Some(reply) = read_behind(inner, call, ask.clone()).await {
        return reply;
    }
    let asked = match bulk::is_bulk(call) {
        true => bulk::answer(&inner.emulator, call).await,
        false => inner.emulator.ask(ask).await,
    };
    let reply = match asked {
        Ok(reply) => reply,
        Err(error) => Reply::error(500, "InternalServerError", &format!("{error:#}")),
    };
    let reply = since::only_newer(call, with_sub_status(inner, call, reply).await);
    // A batch that failed says 207 and has written nothing.
    if call.operation.is_write() && reply.is_success() && reply.status != 207 {
        lock(&inner.expiry).note(call);
    }
    reply
}

/// The sub-statuses that the emulator leaves out, and by which a client tells what is wrong with the container:
/// 1003 where it is not there, 1001 where it has another partition key than the request
/// (<https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb>).
async fn with_sub_status(inner: &Inner, call: &Call, reply: Reply) -> Reply {
    let Some(container) = call.container.as_ref().filter(|_| call.operation != Operation::Meta) else {
        return reply;
    };
    let is_about_key = || String::from_utf8_lossy(&reply.body).to_lowercase().contains("partition key");
    let sub_status = match reply.status {
        404 if inner.emulator.container(container).await.is_none() => 1003,
        400 if is_about_key() => 1001,
        _ => return reply,
    };
    let mut reply = reply;
    reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-ms-substatus"));
    reply.with("x-ms-substatus", sub_status)
}

fn log(inner: &Inner, call: &Call, reply: Option<&Reply>) {
    lock(&inner.writes).extend(writes::of(call, reply));
}

fn send(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
