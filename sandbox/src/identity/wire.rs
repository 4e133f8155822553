//! The wire face of the managed-identity endpoint: what it asks of a request, and how it answers.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::format_description};

use super::{ExpiresOn, Failed, Inner, Kind};
use crate::{loopback::Cut, script::lock};

/// One token request.
pub(super) async fn token(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query: HashMap<_, _> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let resource = query.get("resource").cloned().unwrap_or_default();
    if let Some(failed) = inner.asked(Kind::ManagedIdentity, &resource, None, &cut).await {
        let status = match failed {
            Failed::Status(status) => status,
            Failed::Refused(..) => StatusCode::BAD_REQUEST,
        };
        return refuse(status, "The identity endpoint is told to fail.");
    }
    if let Err((status, message)) = admit(&inner, &query, &headers) {
        return refuse(status, message);
    }
    let (access_token, claims) = inner.issue_managed(&resource);
    let options = lock(&inner.options).clone();
    if let Some(body) = options.worded(&access_token, claims.expires_on) {
        return (StatusCode::OK, [(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response();
    }
    let body = json!({
        "access_token": access_token, "client_id": options.managed_identity.client_id,
        "expires_on": expires_on(options.expires_on, claims.expires_on), "resource": resource, "token_type": "Bearer",
    });
    answer(StatusCode::OK, &body)
}

fn expires_on(form: ExpiresOn, seconds: i64) -> Value {
    match form {
        ExpiresOn::Text => seconds.to_string().into(),
        ExpiresOn::Number => seconds.into(),
        ExpiresOn::Date => {
            let form = format_description!(
                "[month]/[day]/[year] [hour repr:12]:[minute]:[second] [period] [offset_hour sign:mandatory]:[offset_minute]"
            );
            let moment = OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds);
            moment.format(form).unwrap_or_default().into()
        }
    }
}

/// What the endpoint asks of a request before it issues anything.
fn admit(
    inner: &Inner,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    let bad = |message| Err((StatusCode::BAD_REQUEST, message));
    match headers.get("x-identity-header").map(|value| value.as_bytes()) {
        None => return bad("The X-IDENTITY-HEADER header is missing."),
        Some(secret) if secret != inner.header.as_bytes() => {
            return Err((StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER header is wrong."));
        }
        Some(_) => {}
    }
    if query.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return bad("The api-version is missing or not supported.");
    }
    if query.get("resource").is_none_or(String::is_empty) {
        return bad("The resource is missing.");
    }
    if query
        .get("client_id")
        .is_some_and(|client_id| *client_id != lock(&inner.options).managed_identity.client_id)
    {
        return bad(
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        );
    }
    Ok(())
}

fn refuse(status: StatusCode, message: &str) -> Response {
    answer(
        status,
        &json!({"statusCode": status.as_u16(), "message": message, "correlationId": "00000000-0000-4000-8000-000000000000"}),
    )
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}
