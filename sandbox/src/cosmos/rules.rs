//! Requests that the service refuses and the emulator accepts.
//!
//! Sources: <https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits> and
//! <https://learn.microsoft.com/azure/cosmos-db/nosql/time-to-live>.

use serde_json::Value;

use super::{emulator::Reply, request::Call};

/// The longest id, in bytes.
const ID_BYTES: usize = 1_023;

/// The refusal of a request that the service would not take.
pub(super) fn refusal(call: &Call) -> Option<Reply> {
    let bad = |message: String| Some(Reply::error(400, "BadRequest", &message));
    for item in call.items.iter().filter(|item| item.operation.is_write()) {
        if item.id.contains(['/', '\\', '?', '#']) || item.id.len() > ID_BYTES {
            return bad(format!("The id '{}' is too long or has an invalid character.", item.id));
        }
        let ttl = item.document.get("ttl").unwrap_or(&Value::Null);
        if !ttl.is_null()
            && !ttl.as_i64().is_some_and(|ttl| ttl == -1 || (1..=i64::from(i32::MAX)).contains(&ttl))
        {
            return bad(format!("The ttl {ttl} is neither -1 nor a positive integer."));
        }
    }
    None
}
