//! The token endpoint: which grant, which client, and the answer.
//!
//! The form of an answer: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response-2>.

use std::sync::Arc;

use axum::{
    extract::{ConnectInfo, Path, State as Shared},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    assertion::Endpoints,
    authenticate,
    desk::Desk,
    error::{Ids, OAuthError, answer},
    form::Form,
    grant::{Context, Granted},
    grants,
    registration::Registration,
    scope::Scopes,
    state::State,
};
use crate::{
    identity::{Kind, Options, User, issued::Wanted, jwt, key::SigningKey},
    loopback::Cut,
    script::lock,
};

/// One token request.
pub(super) async fn token(
    Shared(desk): Shared<Arc<Desk>>,
    Path(tenant): Path<String>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if *lock(&desk.is_down) {
        return cut.reset().await;
    }
    let form = Form::parse(&body);
    let ids = Ids::of(&headers, desk.random());
    let number = desk.record("token", &tenant, &form);
    let grant = form.get("grant_type").unwrap_or_default();
    let audience = audience(&lock(&desk.state), &form);
    let failed = desk.registry.asked(Kind::AppRegistration, &audience, Some(grant), &cut).await;
    desk.reply(number, &ids, failed, || give(&desk, &tenant, &form).map(|body| shown(&desk, &body)))
}

/// The answer with a token, in other words where that was asked for.
fn shown(desk: &Desk, body: &Value) -> Response {
    let headers = [("content-type", "application/json; charset=utf-8")];
    worded(desk, body)
        .map_or_else(|| answer(StatusCode::OK, body), |body| (StatusCode::OK, headers, body).into_response())
}

/// An answer in other words, where that was asked for.
fn worded(desk: &Desk, body: &Value) -> Option<String> {
    let end = OffsetDateTime::now_utc().unix_timestamp() + body["expires_in"].as_i64()?;
    lock(&desk.registry.options).worded(body["access_token"].as_str()?, end)
}

/// For which resource a request asks for a token, as far as can be seen before it is checked.
fn audience(state: &State, form: &Form) -> String {
    let asked = form.get("scope").and_then(|scope| Scopes::parse(scope).ok());
    let asked = asked.filter(|scopes| !scopes.names.is_empty()).map(|scopes| scopes.resource);
    let earlier = || {
        let code = form.get("code").and_then(|code| state.codes.get(code)).map(|code| &code.scopes);
        let device = form.get("device_code").and_then(|code| state.device(code)).map(|device| &device.scopes);
        let token = form.get("refresh_token").and_then(|token| state.refresh_tokens.get(token));
        code.or(device).or(token.map(|token| &token.scopes)).map(|scopes| scopes.resource.clone())
    };
    asked.or_else(earlier).unwrap_or_default()
}

fn give(desk: &Desk, tenant: &str, form: &Form) -> Result<Value, OAuthError> {
    let options = lock(&desk.registry.options).clone();
    let grant = form.need("grant_type");
    let is_tenant = desk.is_tenant(tenant, &options);
    let is_shared = matches!(tenant, "common" | "organizations");
    if !is_tenant && !is_shared {
        return Err(desk.no_tenant(tenant));
    }
    let grant = grant?;
    let mut state = lock(&desk.state);
    let known = [
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ];
    if !known.contains(&grant) {
        return Err(OAuthError::new(
            "unsupported_grant_type",
            70003,
            "The app requested an unsupported grant type.",
        ));
    }
    let app = authenticate::client(&state, tenant, form)?.clone();
    let endpoints =
        Endpoints { origin: desk.origin.clone(), tenants: [tenant.to_owned(), options.tenant_id.clone()] };
    let mut context =
        Context { state: &mut state, options: &options, app: &app, form, endpoints: &endpoints };
    let granted = match grant {
        "client_credentials" if !is_tenant => {
            let sentence = "No tenant-identifying information found in either the request or implied by any \
                            provided credentials.";
            Err(OAuthError::new("invalid_request", 50059, sentence))
        }
        "client_credentials" => grants::client_credentials(&mut context),
        "authorization_code" => grants::authorization_code(&mut context),
        "refresh_token" => grants::refresh_token(&mut context),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            grants::on_behalf_of(&mut context, &lock(&desk.registry.issued))
        }
        _ => grants::device_code(&mut context),
    }?;
    let claims = form.claims()?;
    let asked = if claims.is_null() { granted.asked.clone() } else { claims };
    Ok(respond(desk, &mut state, &options, &Granted { asked, ..granted }, form))
}

/// The tokens.
fn respond(desk: &Desk, state: &mut State, options: &Options, granted: &Granted, form: &Form) -> Value {
    let Granted { app, user, scopes, nonce, asked } = granted;
    let issuer = format!("{}/{}/v2.0", desk.origin, options.tenant_id);
    // Tokens of version 2.0 have a client id as their audience.
    let is_version_2 = !state.version_1;
    let api = state.registrations.iter().find(|api| api.is_audience(&scopes.resource) && is_version_2);
    let names = scopes.granted(options);
    let wanted = Wanted {
        resource: api.map_or(&*scopes.resource, Registration::client_id),
        app: &app.principal,
        user: user.as_ref().map(|user| (user, &*names)),
        version_2: api.map(|_| &*issuer),
        asked: asked.clone(),
    };
    let (access_token, claims) = lock(&desk.registry.issued).issue(options, options.lifetime, &wanted);
    let expires_in = claims.expires_on - OffsetDateTime::now_utc().unix_timestamp();
    let mut body = json!({
        "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": access_token,
    });
    let Some(user) = user else { return body };
    body["scope"] = scopes.text(&names).into();
    if scopes.is_offline {
        body["refresh_token"] = state.refresh(app, user, scopes, desk.random()).into();
    }
    if scopes.is_openid {
        let key = SigningKey::of_server();
        body["id_token"] = id_token(key, &issuer, options, granted, user, nonce.as_deref()).into();
    }
    if form.get("client_info") == Some("1") {
        body["client_info"] = client_info(user, options).into();
    }
    body
}

/// Whose account it is, for the client's cache.
pub(super) fn client_info(user: &User, options: &Options) -> String {
    let info = json!({"uid": user.object_id, "utid": options.tenant_id});
    BASE64_URL_SAFE_NO_PAD.encode(info.to_string())
}

/// Form: <https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>.
fn id_token(
    key: &SigningKey,
    issuer: &str,
    options: &Options,
    granted: &Granted,
    user: &User,
    nonce: Option<&str>,
) -> Option<String> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let client_id = granted.app.client_id();
    let mut payload = json!({
        "aud": client_id, "iss": issuer, "iat": now, "nbf": now, "exp": now + 3600, "name": user.display_name,
        "oid": user.object_id, "preferred_username": user.user_principal_name, "sub": user.subject(client_id),
        "tid": options.tenant_id, "ver": "2.0",
    });
    if let Some(nonce) = nonce {
        payload["nonce"] = nonce.into();
    }
    let header = json!({"typ": "JWT", "kid": key.public().id()});
    jwt::sign(key, "RS256", header, &payload)
}
