//! Tokens that look like those of a user for our API, and are not: for whoever has to tell them apart.

use std::sync::OnceLock;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::desk::Desk;
use crate::{
    identity::{User, jwt, key::SigningKey},
    script::lock,
};

/// Who signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Entra, with the key that it publishes.
    Entra,
    /// Somebody else, in the name of that key.
    Stranger,
    /// Nobody: `alg` is `none`.
    Nobody,
}

/// A token of version 2.0 for the confidential client as an API, with other claims and other members of the header.
pub(super) fn forge(desk: &Desk, user: &User, claims: &Value, header: &Value, signer: Signer) -> String {
    let options = lock(&desk.registry.options).clone();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut payload = json!({
        "aud": options.app_registration.client_id, "iss": format!("{}/{}/v2.0", desk.origin, options.tenant_id),
        "iat": now, "nbf": now, "exp": now + 3_600, "tid": options.tenant_id, "oid": user.object_id, "ver": "2.0",
        "azp": options.public_client.client_id, "scp": "access_as_user", "idtyp": "user",
    });
    let key = SigningKey::of_server();
    let mut named = json!({"typ": "JWT", "kid": key.public().id()});
    for (object, changes) in [(&mut payload, claims), (&mut named, header)] {
        for (name, value) in changes.as_object().into_iter().flatten() {
            object[name] = value.clone();
        }
    }
    let signed = match signer {
        Signer::Entra => jwt::sign(key, "RS256", named, &payload),
        Signer::Stranger => jwt::sign(stranger(), "RS256", named, &payload),
        Signer::Nobody => {
            named["alg"] = "none".into();
            let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            Some(format!("{}.{}.", part(&named), part(&payload)))
        }
    };
    signed.unwrap_or_default()
}

fn stranger() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::new_rsa)
}
