//! The state of Entra as plain data: registrations, consents, codes, refresh tokens, and the switches of a test.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{error::OAuthError, form::Request, registration::Registration, scope::Scopes};
use crate::identity::{Options, User, key::PublicKey};

/// All of it.
pub(super) struct State {
    pub registrations: Vec<Registration>,
    /// Keys of those whose tokens federated credentials trust, by issuer.
    pub issuers: HashMap<String, PublicKey>,
    pub codes: HashMap<String, Code>,
    pub devices: Vec<Device>,
    pub refresh_tokens: HashMap<String, RefreshToken>,
    pub consents: Consents,
    /// Assertions that were used: a client makes a new one for each request.
    pub assertions: HashSet<(String, String)>,
    /// Who is signed in in the browser already, and meets no page.
    pub signed_in: Option<String>,
    /// Refreshing and on-behalf-of need the user again, with these claims.
    pub interaction: Option<String>,
    /// Our own API gets tokens of version 1.0: `requestedAccessTokenVersion` of its registration.
    pub version_1: bool,
    /// A refresh token that was used is not good any more.
    pub rotates: bool,
    /// How long a device has to wait between two polls.
    pub interval: Duration,
    /// Requests by their numbers, and how many there were.
    pub requests: Vec<(usize, Request)>,
    pub recorded: usize,
    /// Secrets that clients sent: codes, verifiers, assertions, refresh tokens and the like.
    pub sent: HashSet<String>,
}

/// An authorization code: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub client_id: String,
    pub redirect: String,
    pub user: User,
    pub scopes: Scopes,
    pub challenge: Option<Challenge>,
    pub nonce: Option<String>,
    pub asked: Value,
    pub until: Instant,
    pub is_used: bool,
}

/// What the verifier of a code has to match (RFC 7636).
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub is_hashed: bool,
    pub value: String,
}

/// A device that waits.
#[derive(Clone, Debug)]
pub(super) struct Device {
    /// What the device polls with.
    pub code: String,
    /// What the user types.
    pub user_code: String,
    pub client_id: String,
    pub scopes: Scopes,
    pub until: Instant,
    pub polled: Option<Instant>,
    pub answer: Answer,
    pub is_redeemed: bool,
}

/// What the user said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    Declined,
    SignedIn(User),
}

/// A refresh token: <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
#[derive(Clone, Debug)]
pub(super) struct RefreshToken {
    pub client_id: String,
    pub user: User,
    pub scopes: Scopes,
    pub end: Option<End>,
}

/// Why a refresh token is not good any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Used,
    Revoked,
    Expired,
}

/// To what users have consented. What [`Options::delegated`] lists needs no consent of its own.
#[derive(Debug, Default)]
pub(super) struct Consents {
    withdrawn: HashSet<(String, String)>,
    granted: HashSet<(String, String, String)>,
}

impl Consents {
    /// The user has consented at the sign-in page.
    pub fn grant(&mut self, client_id: &str, user: &User, scopes: &Scopes) {
        self.withdrawn.remove(&(client_id.to_owned(), user.object_id.clone()));
        self.granted.extend(
            scopes.names.iter().map(|name| (client_id.to_owned(), user.object_id.clone(), name.clone())),
        );
    }

    /// The consent is taken away.
    pub fn withdraw(&mut self, client_id: &str, user_id: &str) {
        self.granted.retain(|(client, user, _)| client != client_id || user != user_id);
        self.withdrawn.insert((client_id.to_owned(), user_id.to_owned()));
    }

    /// Whether the consent was taken away.
    pub fn is_withdrawn(&self, app: &Registration, user: &User) -> bool {
        self.withdrawn.contains(&(app.client_id().to_owned(), user.object_id.clone()))
    }

    /// Refuses what the user has not consented to.
    pub fn check(
        &self,
        app: &Registration,
        user: &User,
        scopes: &Scopes,
        options: &Options,
    ) -> Result<(), OAuthError> {
        let (client_id, user_id) = (app.client_id().to_owned(), user.object_id.clone());
        let is_granted = |name: &String| {
            name == ".default"
                || options.delegated.contains(name)
                || self.granted.contains(&(client_id.clone(), user_id.clone(), name.clone()))
        };
        if !self.is_withdrawn(app, user) && scopes.names.iter().all(is_granted) {
            return Ok(());
        }
        let sentence = format!(
            "The user or administrator has not consented to use the application with ID '{client_id}' named '{}'. \
             Send an interactive authorization request for this user and resource.",
            app.display_name
        );
        Err(OAuthError::invalid_grant(65001, sentence).suberror("consent_required"))
    }
}

impl State {
    /// The registration with this client id.
    pub fn registration(&self, client_id: &str, tenant: &str) -> Result<&Registration, OAuthError> {
        self.registrations.iter().find(|app| app.client_id() == client_id).ok_or_else(|| {
            let sentence = format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented \
                 to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            );
            OAuthError::new("unauthorized_client", 700_016, sentence)
        })
    }

    /// The device that waits with this device code.
    pub fn device(&self, code: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.code == code)
    }

    /// A new refresh token.
    pub fn refresh(&mut self, app: &Registration, user: &User, scopes: &Scopes, random: u128) -> String {
        let text = format!("1.sbx{random:032x}");
        let (client_id, user, scopes) = (app.client_id().to_owned(), user.clone(), scopes.clone());
        self.refresh_tokens.insert(text.clone(), RefreshToken { client_id, user, scopes, end: None });
        text
    }

    /// Refuses while a policy asks for the user.
    pub fn check_interaction(&self) -> Result<(), OAuthError> {
        let Some(claims) = &self.interaction else { return Ok(()) };
        let sentence = "Due to a configuration change made by your administrator, or because you moved to a new \
                        location, you must use multi-factor authentication to access the resource.";
        let mut refusal = OAuthError::new("interaction_required", 50076, sentence).suberror("basic_action");
        refusal.claims = Some(claims.clone());
        Err(refusal)
    }
}
