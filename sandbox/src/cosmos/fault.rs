//! Faults of the account, set by a test.

use std::time::Duration;

use serde_json::json;

use super::{
    emulator::Reply,
    request::{Call, Operation},
};

/// One way to go wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429 with sub-status 3200: the request units are used up.
    Throttle {
        /// Header `x-ms-retry-after-ms`.
        retry_after_ms: u64,
    },
    /// 449: try the same again.
    RetryWith,
    /// 503, nothing was written.
    Unavailable,
    /// This status for good, nothing was written: 400, 403, 413…
    Refuse(u16),
    /// This status, sub-status and sentence; nothing was written. Those that the service has are on
    /// <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-forbidden> and
    /// <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-unauthorized>.
    Says {
        /// The status.
        status: u16,
        /// Header `x-ms-substatus`.
        sub_status: Option<u32>,
        /// The sentence.
        message: String,
    },
    /// 403 by the firewall of the account, which knows no sub-status:
    /// <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-forbidden#firewall-blocking-requests>
    Firewall,
    /// 403 for want of a data-plane role: sub-status 5301 about metadata, 5302 about documents.
    /// <https://learn.microsoft.com/azure/cosmos-db/nosql/troubleshoot-forbidden>
    NoRole,
    /// A batch fails because its first operation does, with this status and sub-status, or 0: the answer is a 207, and
    /// nothing was written. <https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch>
    Inside(u16, u32),
    /// A write is answered as if it had been carried out, and is not: for load, where only the client counts. The emulator
    /// keeps every document in memory, and copies a whole container for each batch.
    Pretended,
    /// The request is carried out, and the connection reset instead of an answer.
    Lost,
    /// Something on the way sends the request again, and it is the second answer that arrives: 412 to a write over a
    /// version that the first one has just replaced, 409 to a second creation.
    Twice,
    /// The connection is reset, nothing was written.
    Reset,
    /// The request is carried out so much later.
    Slow(Duration),
}

impl Fault {
    /// The answer that takes the place of the true one.
    pub(super) fn instead(&self, call: &Call) -> Option<Reply> {
        match self {
            Self::Throttle { retry_after_ms } => Some(
                Reply::error(429, "TooManyRequests", "The request rate is large.")
                    .with("x-ms-substatus", 3200)
                    .with("x-ms-retry-after-ms", retry_after_ms),
            ),
            Self::RetryWith => Some(Reply::error(
                449,
                "RetryWith",
                "Conflicting request to resource has been attempted. Retry to avoid conflicts.",
            )),
            Self::Unavailable => Some(Reply::error(
                503,
                "ServiceUnavailable",
                "Service is currently unavailable, please retry after a while.",
            )),
            Self::Refuse(status) => {
                Some(Reply::error(*status, "BadRequest", "The request is refused, as told."))
            }
            Self::Says { status, sub_status, message } => {
                let reply = Reply::error(*status, "Refused", message);
                Some(sub_status.map_or(reply.clone(), |sub| reply.with("x-ms-substatus", sub)))
            }
            Self::Firewall => Some(Reply::error(
                403,
                "Forbidden",
                "Request originated from IP 203.0.113.9 through public internet. This is blocked by your Cosmos DB account \
                 firewall settings. More info: https://aka.ms/cosmosdb-tsg-forbidden",
            )),
            Self::NoRole => Some(without_role(call.operation)),
            Self::Inside(status, sub) => Some(inside((*status, *sub), call.items.len())),
            Self::Pretended if call.operation == Operation::Batch => Some(pretended(call.items.len())),
            Self::Pretended => Some(super::sabotage::pretend(call)),
            Self::Lost | Self::Twice | Self::Reset | Self::Slow(_) => None,
        }
    }
}

/// The identity has no role that covers the operation.
fn without_role(operation: Operation) -> Reply {
    let (sub_status, action) = match operation {
        Operation::Meta => (5301, "readMetadata"),
        Operation::Read => (5302, "sqlDatabases/containers/items/read"),
        Operation::Query => (5302, "sqlDatabases/containers/executeQuery"),
        Operation::Delete => (5302, "sqlDatabases/containers/items/delete"),
        _ => (5302, "sqlDatabases/containers/items/create"),
    };
    let message = format!(
        "Request blocked by Auth sandbox : Request is blocked because principal [bbbbbbbb-cccc-4ddd-8eee-ffffffffffff] does \
         not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/{action}] on any \
         scope. Learn more: https://aka.ms/cosmos-native-rbac."
    );
    Reply::error(403, "Forbidden", &message).with("x-ms-substatus", sub_status)
}

/// A batch of so many upserts that created what was not there.
fn pretended(operations: usize) -> Reply {
    let result = json!({"statusCode": 201, "requestCharge": 6.0, "eTag": "\"pretended\""});
    let results = serde_json::Value::from(vec![result; operations]);
    Reply { status: 200, headers: Vec::new(), body: results.to_string().into() }
        .with("content-type", "application/json")
        .with("x-ms-request-charge", 6.0 * operations as f64)
}

/// A batch of so many operations, of which the first one fails by itself and the others with it.
fn inside(first: (u16, u32), operations: usize) -> Reply {
    let mut results =
        vec![json!({"statusCode": 424, "requestCharge": 1.0, "retryAfterMilliseconds": 20}); operations];
    if let Some(result) = results.first_mut() {
        (result["statusCode"], result["subStatusCode"]) = (first.0.into(), first.1.into());
    }
    Reply { status: 207, headers: Vec::new(), body: serde_json::Value::from(results).to_string().into() }
        .with("content-type", "application/json")
        .with("x-ms-request-charge", 1.0)
}
