//! Devices that cannot show a page: they show a code, and the user types it elsewhere.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code#device-authorization-request>. The page
//! takes the code as `otc`, and whoever types it signs in by naming a user; `decline` says no.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Path, RawQuery, State as Shared},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    authenticate,
    desk::Desk,
    error::{Ids, OAuthError, answer},
    form::Form,
    page,
    scope::Scopes,
    state::{Answer, Device},
};
use crate::{identity::Kind, loopback::Cut, script::lock};

/// How long a device may wait.
const LIFETIME: Duration = Duration::from_secs(900);

/// The endpoint that a device asks for its codes.
pub(super) async fn authorization(
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
    let number = desk.record("devicecode", &tenant, &form);
    let resource = form.get("scope").and_then(|scope| Scopes::parse(scope).ok()).unwrap_or_default().resource;
    let failed = desk.registry.fail(Kind::AppRegistration, &resource, Some("devicecode"), &cut).await;
    let ids = Ids::of(&headers, desk.random());
    let give = || begin(&desk, &tenant, &form).map(|body| answer(StatusCode::OK, &body));
    desk.reply(number, &ids, failed, give)
}

fn begin(desk: &Desk, tenant: &str, form: &Form) -> Result<Value, OAuthError> {
    desk.check_tenant(tenant)?;
    let mut state = lock(&desk.state);
    let app = authenticate::client(&state, tenant, form)?;
    if !app.is_public {
        let sentence =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(OAuthError::invalid_client(7_000_218, sentence));
    }
    let client_id = app.client_id().to_owned();
    let scopes = Scopes::parse(form.need("scope")?)?;
    let (code, user_code) = (format!("sbx{:032x}", desk.random()), user_code(desk.random()));
    let uri = format!("{}/device", desk.origin);
    state.devices.push(Device {
        code: code.clone(),
        user_code: user_code.clone(),
        client_id,
        scopes,
        until: Instant::now() + LIFETIME,
        polled: None,
        answer: Answer::None,
        is_redeemed: false,
    });
    let message = format!(
        "To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."
    );
    Ok(json!({
        "user_code": user_code, "device_code": code, "verification_uri": uri, "expires_in": LIFETIME.as_secs(),
        "interval": state.interval.as_secs(), "message": message,
    }))
}

/// Nine characters that nobody takes for others.
fn user_code(mut random: u128) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut next = || {
        let letter = LETTERS[(random % 32) as usize];
        random /= 32;
        char::from(letter)
    };
    (0..9).map(|_| next()).collect()
}

/// The page with a field for the code.
pub(super) async fn form(RawQuery(query): RawQuery) -> Html<String> {
    let query = Form::parse(&query.unwrap_or_default());
    Html(page::device(query.get("otc").unwrap_or_default()))
}

/// The code as the user typed it.
pub(super) async fn enter(Shared(desk): Shared<Arc<Desk>>, body: String) -> Response {
    let form = Form::parse(&body);
    let said = match (form.get("otc"), form.get("username"), form.get("decline")) {
        (Some(code), _, Some(_)) => {
            decline(&desk, code).map(|()| "You have declined. You can close this window.")
        }
        (Some(code), Some(name), None) => approve(&desk, code, name)
            .map(|()| "You have signed in on your device. You can close this window."),
        _ => Err("Enter the code and who you are.".to_owned()),
    };
    match said {
        Ok(said) => Html(page::said(said)).into_response(),
        Err(said) => (StatusCode::BAD_REQUEST, Html(page::said(&said))).into_response(),
    }
}

/// The user signs in for the device.
pub(super) fn approve(desk: &Desk, user_code: &str, username: &str) -> Result<(), String> {
    let user = desk.user(username).ok_or_else(|| format!("There is no user {username}."))?;
    settle(desk, user_code, Answer::SignedIn(user))
}

/// The user says no.
pub(super) fn decline(desk: &Desk, user_code: &str) -> Result<(), String> {
    settle(desk, user_code, Answer::Declined)
}

fn settle(desk: &Desk, user_code: &str, answer: Answer) -> Result<(), String> {
    let mut state = lock(&desk.state);
    let waits = |device: &&mut Device| {
        device.user_code.eq_ignore_ascii_case(user_code.trim()) && device.until > Instant::now()
    };
    let device = state.devices.iter_mut().find(waits).ok_or("That code didn't work. Check the code.")?;
    if device.answer != Answer::None {
        return Err("That code was used already.".into());
    }
    device.answer = answer.clone();
    let device = device.clone();
    if let Answer::SignedIn(user) = &answer {
        state.consents.grant(&device.client_id, user, &device.scopes);
    }
    Ok(())
}
