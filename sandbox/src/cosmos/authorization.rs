//! Authorization: an Entra token of our identity for Cosmos DB, or a signature with the account key.
//!
//! Source: <https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources>. A token is for all accounts
//! of a cloud or for this one: the SDKs for Python and JavaScript ask for the latter. Roles are left out: a token may do everything in the data plane but create, change or delete databases and containers, as in the service.

use azure_core::credentials::Secret;
use percent_encoding::percent_decode_str;

use super::{emulator::Reply, request::Call};
use crate::identity::{Identity, Refusal};

/// Checks one request to an account that takes tokens for these audiences; the error is the answer.
pub(super) fn authorize(
    call: &Call,
    identity: &Identity,
    audiences: [&str; 3],
    key: &str,
) -> Result<(), Reply> {
    let unauthorized = |message: &str| Err(Reply::error(401, "Unauthorized", message));
    let Some(header) = call.header("authorization") else {
        return unauthorized(
            "Required Header authorization is missing. Ensure a valid Authorization token is passed.",
        );
    };
    let header = percent_decode_str(header).decode_utf8_lossy();
    let (mut kind, mut signature) = ("", "");
    for part in header.split('&') {
        match part.split_once('=') {
            Some(("type", value)) => kind = value,
            Some(("sig", value)) => signature = value,
            _ => {}
        }
    }
    match kind {
        "aad" if !audiences.iter().any(|audience| identity.accepts(signature, audience)) => {
            let is_for_another = audiences
                .iter()
                .all(|audience| identity.check(signature, audience) == Err(Refusal::Audience));
            match is_for_another {
                // In the words of the service: <https://github.com/Azure/azure-sdk-for-net/issues/49087>.
                true => unauthorized(&format!(
                    "Request blocked by Auth : Provided AAD token is intended for another resource. This database \
                     account accepts tokens intended for [{}].",
                    audiences.join(", ")
                )),
                false => unauthorized("The AAD token is expired or revoked."),
            }
        }
        "aad" if call.is_control_plane_write() => {
            let message = "Request blocked by Auth : the given request cannot be authorized by AAD token in data plane.";
            Err(Reply::error(403, "Forbidden", message).with("x-ms-substatus", 5300))
        }
        "aad" => Ok(()),
        "master" if is_signed(call, signature, key) => Ok(()),
        _ => unauthorized(
            "The input authorization token can't serve the request. The wrong key is being used or the expected payload is not built as per the protocol.",
        ),
    }
}

/// The signature is over verb, resource type, resource link and date. Clients differ in whether the link is
/// percent-encoded; both are taken.
fn is_signed(call: &Call, signature: &str, key: &str) -> bool {
    let date = call.header("x-ms-date").unwrap_or_default().to_lowercase();
    let path = call.path.split('?').next().unwrap_or_default().trim_matches('/');
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // An odd number of segments ends in the name of a feed, which belongs to the resource before it.
    let (kind, link) = match segments.as_slice() {
        [before @ .., kind] if before.len().is_multiple_of(2) => (*kind, before.join("/")),
        [.., kind, _id] => (*kind, segments.join("/")),
        _ => ("", String::new()),
    };
    let decoded = percent_decode_str(&link).decode_utf8_lossy().into_owned();
    let verb = call.method.to_lowercase();
    [link, decoded].iter().any(|link| {
        let payload = format!("{verb}\n{kind}\n{link}\n{date}\n\n");
        azure_core::hmac::hmac_sha256(&payload, &Secret::from(key.to_owned()))
            .is_ok_and(|expected| expected == signature)
    })
}
