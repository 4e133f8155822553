//! The thin wire face: what happens to a request between the socket and the emulator.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};

use super::{
    Inner, LeaseWrite, Write,
    authorization::authorize,
    emulator::{Ask, Reply},
    fault::Fault,
    request::{Call, Operation},
    rules,
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
    if let Err(refused) = authorize(&call, &inner.identity, &inner.account, &inner.key) {
        return send(refused);
    }
    // What has arrived is carried out, even if nobody waits for the answer any more.
    match tokio::spawn(async move { inner.perform(call).await }).await {
        Ok(Some(reply)) => send(reply),
        Ok(None) => cut.reset().await,
        Err(error) => send(Reply::error(500, "InternalServerError", &error.to_string())),
    }
}

impl Inner {
    /// Gates, faults, the request itself. Nothing means that the connection is reset.
    async fn perform(&self, mut call: Call) -> Option<Reply> {
        if !self.before.pass(&call).await {
            return None;
        }
        let fault = self.faults.next(&call);
        match fault {
            Some(Fault::Reset) => {
                self.log(&call, None);
                return None;
            }
            Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        if matches!(fault, Some(Fault::Twice)) {
            let first = self.apply(&mut call).await;
            self.log(&call, Some(&first));
        }
        let reply =
            match fault.as_ref().and_then(|fault| fault.instead(&call)).or_else(|| rules::refusal(&call)) {
                Some(reply) => reply,
                None => self.apply(&mut call).await,
            };
        self.log(&call, Some(&reply));
        if !self.after.pass(&call).await || matches!(fault, Some(Fault::Lost)) {
            return None;
        }
        Some(reply)
    }

    async fn apply(&self, call: &mut Call) -> Reply {
        if let Some(container) = &call.container {
            self.expire(container).await;
        }
        if let Some(reply) = lock(&self.saboteur).meddle(call) {
            return reply;
        }
        let ask = Ask {
            method: &call.method,
            path: &call.path,
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        if let Some(reply) = self.read_behind(call, ask.clone()).await {
            return reply;
        }
        let reply = match self.emulator.ask(ask).await {
            Ok(reply) => reply,
            Err(error) => Reply::error(500, "InternalServerError", &format!("{error:#}")),
        };
        let reply = self.with_sub_status(call, reply).await;
        // A batch that failed says 207 and has written nothing.
        if call.operation.is_write() && reply.is_success() && reply.status != 207 {
            lock(&self.expiry).note(call);
        }
        reply
    }

    /// The sub-statuses that the emulator leaves out, and by which a client tells what is wrong with the container:
    /// 1003 where it is not there, 1001 where it has another partition key than the request
    /// (<https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb>).
    async fn with_sub_status(&self, call: &Call, reply: Reply) -> Reply {
        let Some(container) = call.container.as_ref().filter(|_| call.operation != Operation::Meta) else {
            return reply;
        };
        let is_about_key = || String::from_utf8_lossy(&reply.body).to_lowercase().contains("partition key");
        let sub_status = match reply.status {
            404 if self.emulator.container(container).await.is_none() => 1003,
            400 if is_about_key() => 1001,
            _ => return reply,
        };
        let mut reply = reply;
        reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-ms-substatus"));
        reply.with("x-ms-substatus", sub_status)
    }

    /// Deletes what has expired.
    pub(super) async fn expire(&self, container: &str) {
        let expired = lock(&self.expiry).expired(container);
        for (partition, id) in expired {
            // Gone already is as good.
            let _deleted = self.emulator.delete_expired(container, &partition, &id).await;
        }
        let by_default = lock(&self.expiry).expired_by_default(container);
        if let Some(newest) = by_default {
            let _deleted = self.emulator.delete_older(container, newest).await;
        }
    }

    fn log(&self, call: &Call, reply: Option<&Reply>) {
        let Some(container) = call.container.as_ref().filter(|_| call.operation.is_write()) else { return };
        let results: Vec<serde_json::Value> = match (call.operation, reply) {
            (Operation::Batch, Some(reply)) => serde_json::from_slice(&reply.body).unwrap_or_default(),
            _ => Vec::new(),
        };
        let mut writes = lock(&self.writes);
        for (index, item) in call.items.iter().enumerate() {
            let own = results
                .get(index)
                .and_then(|result| result["statusCode"].as_u64())
                .and_then(|status| status.try_into().ok());
            let status = own.or(reply.map(|reply| reply.status));
            let (container, id, operation) = (container.clone(), item.id.clone(), item.operation);
            writes.push(Write {
                container,
                id,
                operation,
                status,
                save: item.document["_mirror"]["save"].as_u64(),
                removed: item.document["_mirror"]["removed"]["reason"].as_str().map(String::from),
                source: item.document["_mirror"]["source"].as_str().map(String::from),
                lease: LeaseWrite::of(&item.document),
                feed: item.document["feed"].as_str().map(String::from),
            });
        }
    }
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
