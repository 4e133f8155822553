//! Deviations of who gives tokens.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::deviation::{Change, Deviation, Service};
use super::exchange::{Answered, Asked};

const fn of(
    service: Service,
    name: &'static str,
    breaks: &'static [&'static str],
    change: fn(&Asked, &mut Answered),
) -> Deviation {
    Deviation { name, breaks, service, change: Change::Answer(change) }
}

/// All of them.
pub(super) const ALL: &[Deviation] = &[
    of(Service::Identity, "the managed identity gives no token", &["E-1"], |_, answer| {
        answer.change(|body| drop(body.as_object_mut().map(|body| body.remove("access_token"))));
    }),
    of(Service::Identity, "the managed identity does not say when a token ends", &["E-1"], |_, answer| {
        answer.change(|body| drop(body.as_object_mut().map(|body| body.remove("expires_on"))));
    }),
    of(Service::Identity, "the end of a managed identity's token is a word", &["E-1"], |_, answer| {
        answer.change(|body| body["expires_on"] = json!("tomorrow"));
    }),
    of(Service::Entra, "the token endpoint gives no token", &["E-3"], |asked, answer| {
        if asked.is("POST", "/token") {
            answer.change(|body| drop(body.as_object_mut().map(|body| body.remove("access_token"))));
        }
    }),
    of(Service::Entra, "the token endpoint does not say when a token ends", &["E-3"], |asked, answer| {
        if asked.is("POST", "/token") {
            answer.change(|body| drop(body.as_object_mut().map(|body| body.remove("expires_in"))));
        }
    }),
    of(Service::Identity, "a token is no JWT", &["E-4"], |asked, answer| {
        if is_for_graph(asked) {
            answer.change(|body| body["access_token"] = json!("opaque"));
        }
    }),
    of(Service::Identity, "a token names no tenant", &["E-4"], |asked, answer| {
        if is_for_graph(asked) {
            answer.change(|body| without(body, &["tid"]));
        }
    }),
    of(Service::Identity, "a token names no app", &["E-4"], |asked, answer| {
        if is_for_graph(asked) {
            answer.change(|body| without(body, &["appid", "azp"]));
        }
    }),
];

/// The tokens for Cosmos DB are left as they are.
fn is_for_graph(asked: &Asked) -> bool {
    asked.has("/msi/token") && !asked.has("cosmos")
}

/// The token without these claims. It was not issued, so no service takes it.
fn without(body: &mut Value, claims: &[&str]) {
    let token = body["access_token"].as_str().unwrap_or_default().to_owned();
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return };
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let mut payload: Value = serde_json::from_slice(&decoded).unwrap_or_default();
    if let Some(payload) = payload.as_object_mut() {
        claims.iter().for_each(|claim| drop(payload.remove(*claim)));
    }
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    body["access_token"] = json!(format!("{header}.{payload}.{signature}"));
}
