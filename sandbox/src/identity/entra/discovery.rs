//! Discovery: the addresses of the endpoints and the keys that sign.
//!
//! Sources: <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>, and the instance discovery with which
//! MSAL makes sure of an authority: <https://learn.microsoft.com/entra/identity-platform/msal-client-application-configuration#authority>.

use std::sync::Arc;

use axum::{
    extract::{Path, State as Shared},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::json;

use super::{
    desk::Desk,
    error::{Ids, answer},
    form::Form,
};
use crate::{identity::key::SigningKey, script::lock};

/// `/common/discovery/instance`: this host is an authority.
pub(super) async fn instance(Shared(desk): Shared<Arc<Desk>>) -> Response {
    let tenant = lock(&desk.registry.options).tenant_id.clone();
    let host = desk.origin.trim_start_matches("https://");
    let body = json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", desk.origin),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    });
    answer(StatusCode::OK, &body)
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) async fn openid(
    Shared(desk): Shared<Arc<Desk>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    let options = lock(&desk.registry.options).clone();
    if let Err(refusal) = desk.check_tenant(&tenant) {
        return refusal.respond(&Ids::of(&headers, desk.random()));
    }
    // For several tenants the issuer has a place for the tenant's id.
    let issuer = if desk.is_tenant(&tenant, &options) { &*options.tenant_id } else { "{tenantid}" };
    let base = format!("{}/{tenant}", desk.origin);
    let body = json!({
        "issuer": format!("{}/{issuer}/v2.0", desk.origin),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": desk.origin.trim_start_matches("https://"),
    });
    answer(StatusCode::OK, &body)
}

/// `/{tenant}/discovery/v2.0/keys`.
pub(super) async fn keys(
    Shared(desk): Shared<Arc<Desk>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    desk.record("keys", &tenant, &Form::default());
    if let Err(refusal) = desk.check_tenant(&tenant) {
        return refusal.respond(&Ids::of(&headers, desk.random()));
    }
    answer(StatusCode::OK, &json!({"keys": [SigningKey::of_server().public().jwk()]}))
}
