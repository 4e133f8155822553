//! The authorization endpoint: a browser comes, the user signs in, and the browser is sent back to the app with a code.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-authorization-code>. The
//! page asks for `username` and is posted to its own address, so that a script can answer it; signing in is consenting. A
//! request whose app or redirect address is wrong is told on the page, never sent back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Path, RawQuery, State as Shared},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;
use url::Url;

use super::{
    authenticate,
    desk::Desk,
    error::{Ids, OAuthError},
    form::Form,
    page,
    scope::Scopes,
    state::{Challenge, Code},
    token::client_info,
};
use crate::{identity::User, loopback::Cut, script::lock};

/// How long a code is good: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>.
const LIFETIME: Duration = Duration::from_secs(600);

/// What came with the browser and can be answered by sending it back.
pub(super) struct Asked {
    pub client_id: String,
    pub redirect: String,
    mode: Mode,
    app_name: &'static str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// The browser comes: a page, or back at once when the user is signed in already.
pub(super) async fn show(
    desk: Shared<Arc<Desk>>,
    tenant: Path<String>,
    cut: ConnectInfo<Cut>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    respond(&desk.0, &tenant.0, &cut.0, &query.0.unwrap_or_default(), &headers, None).await
}

/// The user has filled in the page.
pub(super) async fn submit(
    desk: Shared<Arc<Desk>>,
    tenant: Path<String>,
    cut: ConnectInfo<Cut>,
    query: RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let filled = Form::parse(&body);
    respond(&desk.0, &tenant.0, &cut.0, &query.0.unwrap_or_default(), &headers, Some(&filled)).await
}

async fn respond(
    desk: &Desk,
    tenant: &str,
    cut: &Cut,
    query: &str,
    headers: &HeaderMap,
    filled: Option<&Form>,
) -> Response {
    if *lock(&desk.is_down) {
        return cut.reset().await;
    }
    let form = Form::parse(query);
    let ids = Ids::of(headers, desk.random());
    let number = filled.is_none().then(|| desk.record("authorize", tenant, &form));
    let note = |refusal: &OAuthError| {
        if let Some(number) = number {
            desk.note_error(number, refusal);
        }
    };
    let asked = match asked(desk, tenant, form) {
        Ok(asked) => asked,
        Err(refusal) => {
            note(&refusal);
            return (StatusCode::BAD_REQUEST, Html(page::said(&refusal.description(&ids)))).into_response();
        }
    };
    match sign_in(desk, tenant, &asked, filled) {
        Ok(Some(values)) => asked.send_back(values),
        Ok(None) => {
            let hint = asked.form.get("login_hint").unwrap_or_default();
            let users: Vec<_> = desk.users().into_iter().map(|user| user.user_principal_name).collect();
            Html(page::sign_in(asked.app_name, hint, &users)).into_response()
        }
        Err(refusal) => {
            note(&refusal);
            let values = [("error", refusal.error.clone()), ("error_description", refusal.description(&ids))];
            asked.send_back(values.map(|(name, value)| (name.to_owned(), value)).into())
        }
    }
}

impl Asked {
    /// Sends the browser back to the app.
    fn send_back(&self, mut values: Vec<(String, String)>) -> Response {
        if let Some(state) = self.form.get("state") {
            values.push(("state".into(), state.into()));
        }
        if self.mode == Mode::FormPost {
            return Html(page::form_post(&self.redirect, &values)).into_response();
        }
        let Ok(mut url) = Url::parse(&self.redirect) else {
            return (StatusCode::BAD_REQUEST, Html(page::said("The redirect address is no address.")))
                .into_response();
        };
        if self.mode == Mode::Query {
            url.query_pairs_mut().extend_pairs(&values);
        } else {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&values).finish();
            url.set_fragment(Some(&text));
        }
        (StatusCode::FOUND, [(LOCATION, url.to_string())]).into_response()
    }
}

/// What was asked for, if the browser can be sent back at all.
fn asked(desk: &Desk, tenant: &str, form: Form) -> Result<Asked, OAuthError> {
    desk.check_tenant(tenant)?;
    let state = lock(&desk.state);
    let app = authenticate::client(&state, tenant, &form)?;
    let redirect = form.need("redirect_uri")?.to_owned();
    if app.platform(&redirect).is_none() {
        let sentence = format!(
            "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured \
             for the application '{}'. Make sure the redirect URI sent in the request matches one added to your \
             application in the Azure portal.",
            app.client_id()
        );
        return Err(OAuthError::new("invalid_request", 50011, sentence));
    }
    let mode = match form.get("response_mode") {
        Some("form_post") => Mode::FormPost,
        Some("fragment") => Mode::Fragment,
        _ => Mode::Query,
    };
    let (client_id, app_name) = (app.client_id().to_owned(), app.display_name);
    Ok(Asked { client_id, redirect, mode, app_name, form })
}

/// The values with which the browser goes back, or nothing while the page is to be shown.
fn sign_in(
    desk: &Desk,
    tenant: &str,
    asked: &Asked,
    filled: Option<&Form>,
) -> Result<Option<Vec<(String, String)>>, OAuthError> {
    let form = &asked.form;
    if form.need("response_type")? != "code" {
        let sentence = "The 'response_type' is not supported: this app is not enabled for implicit grants.";
        return Err(OAuthError::new("unsupported_response_type", 700_054, sentence));
    }
    let scopes = Scopes::parse(form.need("scope")?)?;
    let challenge = challenge(form)?;
    let claims = form.claims()?;
    let prompt = form.get("prompt").unwrap_or_default();
    if !["", "none", "login", "consent", "select_account", "create"].contains(&prompt) {
        let sentence = format!("Unsupported 'prompt' value '{prompt}'.");
        return Err(OAuthError::new("invalid_request", 90023, sentence));
    }
    let name = match filled {
        Some(filled) if filled.get("cancel").is_some() => {
            return Err(OAuthError::new(
                "access_denied",
                65004,
                "User declined to consent to access the app.",
            ));
        }
        Some(filled) => filled.get("username").map(String::from),
        None if prompt.is_empty() || prompt == "none" => lock(&desk.state).signed_in.clone(),
        None => None,
    };
    let Some(name) = name else {
        if prompt == "none" {
            let sentence = "A silent sign-in request was sent but no user is signed in.";
            return Err(OAuthError::new("login_required", 50058, sentence));
        }
        return Ok(None);
    };
    let Some(user) = desk.user(&name) else {
        let sentence = format!("The user account {name} does not exist in the {tenant} directory.");
        return Err(OAuthError::new("access_denied", 50034, sentence));
    };
    let code = new_code(desk, asked, &user, scopes, challenge, claims);
    let mut values = vec![("code".to_owned(), code)];
    if form.get("client_info") == Some("1") {
        let options = lock(&desk.registry.options).clone();
        values.push(("client_info".into(), client_info(&user, &options)));
    }
    values.push(("session_state".into(), format!("{:032x}", desk.random())));
    Ok(Some(values))
}

fn new_code(
    desk: &Desk,
    asked: &Asked,
    user: &User,
    scopes: Scopes,
    challenge: Option<Challenge>,
    claims: Value,
) -> String {
    let text = format!("1.sbxc{:032x}", desk.random());
    let mut state = lock(&desk.state);
    state.consents.grant(&asked.client_id, user, &scopes);
    let code = Code {
        client_id: asked.client_id.clone(),
        redirect: asked.redirect.clone(),
        user: user.clone(),
        scopes,
        challenge,
        nonce: asked.form.get("nonce").map(String::from),
        asked: claims,
        until: Instant::now() + LIFETIME,
        is_used: false,
    };
    state.codes.insert(text.clone(), code);
    text
}

/// RFC 7636: 43 to 128 characters.
fn challenge(form: &Form) -> Result<Option<Challenge>, OAuthError> {
    let is_hashed = match form.get("code_challenge_method") {
        None | Some("plain") => false,
        Some("S256") => true,
        Some(other) => {
            let sentence = format!("The value '{other}' of 'code_challenge_method' is not supported.");
            return Err(OAuthError::new("invalid_request", 501_491, sentence));
        }
    };
    let Some(value) = form.get("code_challenge") else { return Ok(None) };
    if !(43..=128).contains(&value.len()) {
        let sentence = "Invalid size of Code_Challenge parameter.";
        return Err(OAuthError::new("invalid_request", 501_491, sentence));
    }
    Ok(Some(Challenge { is_hashed, value: value.into() }))
}
