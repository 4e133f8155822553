//! The wire face of the token endpoint: what it asks of a request, and how it answers.
//!
//! Codes and sentences: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>; the form of an error:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response>.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{ConnectInfo, Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;
use time::{OffsetDateTime, macros::format_description};

use super::Desk;
use crate::{identity::Kind, loopback::Cut, script::lock};

/// A refusal: `error`, the number of its AADSTS code, and the sentence.
struct No(&'static str, u32, String);

/// One token request.
pub(super) async fn token(
    State(desk): State<Arc<Desk>>,
    Path(tenant): Path<String>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    body: String,
) -> Response {
    if *lock(&desk.is_down) {
        return cut.reset().await;
    }
    let form: HashMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let scope = form.get("scope").map(String::as_str).unwrap_or_default();
    let audience = scope.strip_suffix("/.default").unwrap_or(scope);
    if let Some(status) = desk.registry.asked(Kind::AppRegistration, audience, &cut).await {
        let sentence = "A transient error has occurred. Please try again.".to_owned();
        return refuse(status, &No("server_error", 90033, sentence));
    }
    if let Err(no) = admit(&desk, &tenant, &form) {
        let status =
            if no.0 == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        return refuse(status, &no);
    }
    let (access_token, claims) = desk.registry.issue(Kind::AppRegistration, audience);
    let expires_in = claims.expires_on - OffsetDateTime::now_utc().unix_timestamp();
    let body = json!({
        "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": access_token,
    });
    answer(StatusCode::OK, &body)
}

/// What the endpoint asks of a request before it issues anything, in Entra's order.
fn admit(desk: &Desk, tenant: &str, form: &HashMap<String, String>) -> Result<(), No> {
    let options = lock(&desk.registry.options).clone();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let missing = |name: &str| {
        let sentence = format!("The request body must contain the following parameter: '{name}'.");
        No("invalid_request", 900_144, sentence)
    };
    if tenant != options.tenant_id {
        let sentence = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into \
             the correct cloud."
        );
        return Err(No("invalid_request", 90002, sentence));
    }
    if field("grant_type").ok_or_else(|| missing("grant_type"))? != "client_credentials" {
        let sentence = "The app requested an unsupported grant type.".to_owned();
        return Err(No("unsupported_grant_type", 70003, sentence));
    }
    let client_id = field("client_id").ok_or_else(|| missing("client_id"))?;
    if client_id != options.app_registration.client_id {
        let sentence = format!(
            "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen \
             if the application has not been installed by the administrator of the tenant or consented to by any \
             user in the tenant. You may have sent your authentication request to the wrong tenant."
        );
        return Err(No("unauthorized_client", 700_016, sentence));
    }
    if !field("scope").ok_or_else(|| missing("scope"))?.ends_with("/.default") {
        let sentence = "The provided value for scope is not valid. Client credential flows must have a scope value \
                        with /.default suffixed to the resource identifier (application ID URI).";
        return Err(No("invalid_scope", 1_002_012, sentence.to_owned()));
    }
    knows_secret(desk, client_id, field("client_secret"))
}

fn knows_secret(desk: &Desk, client_id: &str, secret: Option<&str>) -> Result<(), No> {
    let present = lock(&desk.secret);
    match secret {
        None => {
            let sentence = "The request body must contain the following parameter: 'client_assertion' or \
                            'client_secret'.";
            Err(No("invalid_client", 7_000_218, sentence.to_owned()))
        }
        Some(secret) if secret != present.value => {
            let sentence = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{client_id}'."
            );
            Err(No("invalid_client", 7_000_215, sentence))
        }
        Some(_) if present.is_expired => {
            let sentence = format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
                 create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate \
                 credentials for added security: https://aka.ms/certCreds."
            );
            Err(No("invalid_client", 7_000_222, sentence))
        }
        Some(_) => Ok(()),
    }
}

fn refuse(status: StatusCode, No(error, code, sentence): &No) -> Response {
    const ID: &str = "00000000-0000-4000-8000-000000000000";
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    let now = OffsetDateTime::now_utc().format(form).unwrap_or_default();
    let description =
        format!("AADSTS{code}: {sentence}\r\nTrace ID: {ID}\r\nCorrelation ID: {ID}\r\nTimestamp: {now}");
    let body = json!({
        "error": error, "error_description": description, "error_codes": [code], "timestamp": now,
        "trace_id": ID, "correlation_id": ID,
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    });
    answer(status, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}
