//! A user who signs in elsewhere, and brings a code for an app or a token for our API.

use anyhow::{Context as _, Result};
use serde_json::Value;
use url::Url;

use super::browser::Browser;

/// Where a client of our API waits for its user.
const BACK: &str = "http://localhost/";

/// What an app asks for at the sign-in page.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// The app.
    pub client_id: &'a str,
    /// Where it waits: a redirect address that is registered.
    pub redirect: &'a str,
    /// Separated by spaces.
    pub scopes: &'a str,
    /// The hashed verifier (S256), if it sends one.
    pub challenge: Option<&'a str>,
}

/// A user at a browser.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub(super) browser: Browser,
    pub(super) origin: String,
    /// The client id of the public client.
    pub(super) app: String,
    /// What scopes of our API begin with.
    pub(super) api: String,
}

impl Visitor {
    /// The address of the sign-in page for this app.
    pub fn sign_in_address(&self, sign_in: &SignIn<'_>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let SignIn { client_id, redirect, scopes, challenge } = *sign_in;
        query.extend_pairs([("client_id", client_id), ("response_type", "code"), ("redirect_uri", redirect)]);
        query.append_pair("scope", scopes);
        if let Some(challenge) = challenge {
            query.extend_pairs([("code_challenge", challenge), ("code_challenge_method", "S256")]);
        }
        format!("{}/organizations/oauth2/v2.0/authorize?{}", self.origin, query.finish())
    }

    /// The code that a user brings from the sign-in page.
    ///
    /// # Errors
    /// When the user is not sent back with a code; the error has the page or the address.
    pub async fn code_for(&self, sign_in: &SignIn<'_>, username: &str) -> Result<String> {
        let back = self.browser.sign_in_at(&self.sign_in_address(sign_in), username).await?;
        let url = Url::parse(&back)?;
        let code = url.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        code.with_context(|| format!("there is no code in {back}"))
    }

    /// A user's token for the confidential client as an API: what a client of that API sends, and on-behalf-of needs.
    ///
    /// # Errors
    /// When the user cannot be signed in.
    pub async fn token_for_api(&self, username: &str) -> Result<String> {
        let scopes = format!("{}/access_as_user", self.api);
        let sign_in = SignIn { client_id: &self.app, redirect: BACK, scopes: &scopes, challenge: None };
        let code = self.code_for(&sign_in, username).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.app),
            ("redirect_uri", BACK),
            ("code", &code),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.browser.client()?.post(format!("{}/organizations/oauth2/v2.0/token", self.origin));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer: Value = serde_json::from_slice(&request.send().await?.bytes().await?)?;
        answer["access_token"].as_str().map(String::from).with_context(|| answer.to_string())
    }
}
