//! The assertion: a JWT that the app signs about itself; pure. Its form:
//! <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>.
//!
//! Three parts in Base64 around one signature need no JWT library, and the signature is rustls' own library's.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Certificate, Problem, Registration};

/// How long an assertion is good: what Entra recommends at most.
const LIFE_SECONDS: i64 = 600;

/// An assertion for one request, whose id is `id`.
pub(super) fn new(
    registration: &Registration,
    certificate: &Certificate,
    with_chain: bool,
    now: OffsetDateTime,
    id: Uuid,
) -> Result<SecretString, Problem> {
    let signed = format!(
        "{}.{}",
        encode(&header(certificate, with_chain)),
        encode(&payload(registration, now.unix_timestamp(), id))
    );
    let signature = certificate.key.sign(signed.as_bytes());
    let signature = signature.ok_or_else(|| Problem("the key of the certificate does not sign".into()))?;
    Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
}

fn header(certificate: &Certificate, with_chain: bool) -> Value {
    let own = certificate.chain.first().map(Sha256::digest).unwrap_or_default();
    let mut header = json!({
        "alg": certificate.key.algorithm(),
        "typ": "JWT",
        "x5t#S256": BASE64_URL_SAFE_NO_PAD.encode(own),
    });
    if with_chain {
        header["x5c"] = certificate.chain.iter().map(|der| BASE64_STANDARD.encode(der)).collect();
    }
    header
}

fn payload(Registration { authority, tenant_id, client_id, .. }: &Registration, now: i64, id: Uuid) -> Value {
    let authority = authority.origin().ascii_serialization();
    json!({
        "aud": format!("{authority}/{tenant_id}/oauth2/v2.0/token"),
        "iss": client_id,
        "sub": client_id,
        "jti": id.to_string(),
        "iat": now,
        "nbf": now,
        "exp": now + LIFE_SECONDS,
    })
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}
