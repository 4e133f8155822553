//! Which client asks, and how it shows that it is the one: a secret, an assertion, or nothing for a public client.
//!
//! Sources: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow> and, for assertions,
//! <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>.

use super::{
    assertion,
    error::OAuthError,
    form::Form,
    registration::{Platform, Registration},
    state::State,
};

/// The client of a request to the token endpoint, before it has shown anything.
pub(super) fn client<'a>(
    state: &'a State,
    tenant: &str,
    form: &Form,
) -> Result<&'a Registration, OAuthError> {
    state.registration(form.need("client_id")?, tenant)
}

/// The client has to show that it is the one.
pub(super) fn confidential(
    state: &mut State,
    app: &Registration,
    endpoints: &assertion::Endpoints,
    form: &Form,
) -> Result<(), OAuthError> {
    if let Some(text) = form.get("client_assertion") {
        return assertion::check(state, app, endpoints, form, text);
    }
    let client_id = app.client_id();
    let Some(secret) = form.get("client_secret") else {
        let sentence =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(OAuthError::invalid_client(7_000_218, sentence));
    };
    let present = app.secret.as_ref();
    let Some(present) = present.filter(|present| present.value == secret) else {
        let sentence = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
             value, not the client secret ID, for a secret added to app '{client_id}'."
        );
        return Err(OAuthError::invalid_client(7_000_215, sentence));
    };
    if present.is_expired {
        let sentence = format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create \
             new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for \
             added security: https://aka.ms/certCreds."
        );
        return Err(OAuthError::invalid_client(7_000_222, sentence));
    }
    Ok(())
}

/// A client of either kind: what came through a redirect of the platform "Web" is for a client that shows who it is, and
/// what came without one too unless the app allows public client flows.
pub(super) fn either(
    state: &mut State,
    app: &Registration,
    platform: Option<Platform>,
    endpoints: &assertion::Endpoints,
    form: &Form,
) -> Result<(), OAuthError> {
    let is_public = match platform {
        Some(platform) => platform == Platform::Public,
        None => app.is_public,
    };
    if !is_public {
        return confidential(state, app, endpoints, form);
    }
    if form.get("client_secret").is_some() || form.get("client_assertion").is_some() {
        let sentence =
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return Err(OAuthError::invalid_client(700_025, sentence));
    }
    Ok(())
}
