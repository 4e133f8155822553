//! Entra over TLS, as its clients meet it. Here what all tests have in common; beside it one file for each part.

mod assertions;
mod code;
mod consent;
mod devices;
mod discovery;
mod secret;

use reqwest::Client;
use serde_json::Value;

use super::*;
use crate::identity::{COSMOS_AUDIENCE, Options};

const SCOPE: &str = "https://cosmos.azure.com/.default";
const GRAPH: &str = "https://graph.microsoft.com";

async fn start() -> (Identity, Entra) {
    let identity = Identity::start(Options::default()).await.unwrap();
    let entra = Entra::start(&identity).await.unwrap();
    (identity, entra)
}

fn client(entra: &Entra) -> Client {
    entra.browser().client().unwrap()
}

type Fields = Vec<(String, String)>;

fn fields(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// A request of the confidential client with its secret.
fn good(entra: &Entra) -> Fields {
    let (id, secret) = (entra.client_id(), entra.secret());
    fields(&[
        ("grant_type", "client_credentials"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("scope", SCOPE),
    ])
}

/// The same fields, but for one.
fn with(form: &Fields, name: &str, value: &str) -> Fields {
    let mut form = form.clone();
    form.retain(|(other, _)| other != name);
    form.push((name.to_owned(), value.to_owned()));
    form
}

async fn post(entra: &Entra, path: &str, form: &Fields) -> reqwest::Result<(u16, Value)> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client(entra).post(format!("{}{path}", entra.origin()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    Ok((status, serde_json::from_slice(&answer.bytes().await?).unwrap_or_default()))
}

async fn ask(entra: &Entra, tenant: &str, form: &Fields) -> reqwest::Result<(u16, Value)> {
    post(entra, &format!("/{tenant}/oauth2/v2.0/token"), form).await
}

/// A request that is granted.
async fn granted(entra: &Entra, form: &Fields) -> Value {
    let (status, body) = ask(entra, "contoso.example", form).await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

/// What a request is refused with: `error` and the number of its code.
async fn refused(entra: &Entra, form: &Fields) -> (String, u64) {
    let (status, body) = ask(entra, "contoso.example", form).await.unwrap();
    let error = body["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!(status, if error == "invalid_client" { 401 } else { 400 }, "{body}");
    let code = body["error_codes"][0].as_u64().unwrap();
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    assert!(description.contains("\r\nTrace ID: ") && description.contains("\r\nCorrelation ID: "));
    (error, code)
}

fn token_of(body: &Value) -> &str {
    body["access_token"].as_str().unwrap()
}

/// What an address has as a parameter.
fn parameter(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name)?;
    Some(found.1.into_owned())
}

/// The address of the sign-in page.
fn page_of(entra: &Entra, query: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{}/organizations/oauth2/v2.0/authorize?{query}", entra.origin())
}

const BACK: &str = "http://localhost:4711/";

/// The public client's parameters for the sign-in page.
fn sign_in(entra: &Entra, scope: &str) -> Fields {
    fields(&[
        ("client_id", &entra.public_client_id()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", scope),
        ("state", "a state"),
    ])
}

fn borrowed(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Who signs in.
fn user(identity: &Identity) -> crate::identity::User {
    identity.users().remove(0)
}

/// A user of the public client has signed in with these scopes: the answer of the token endpoint.
async fn signed_in(identity: &Identity, entra: &Entra, scope: &str) -> Value {
    let page = page_of(entra, &borrowed(&sign_in(entra, scope)));
    let back = entra.browser().sign_in_at(&page, &user(identity).user_principal_name).await.unwrap();
    let code = parameter(&back, "code").unwrap();
    granted(entra, &redeem(entra, &code)).await
}

/// The public client's request with a code.
fn redeem(entra: &Entra, code: &str) -> Fields {
    fields(&[
        ("grant_type", "authorization_code"),
        ("client_id", &entra.public_client_id()),
        ("code", code),
        ("redirect_uri", BACK),
    ])
}
