//! A code from the sign-in page, redeemed once:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#redeem-a-code-for-an-access-token>, with
//! the proof key of RFC 7636.

use std::time::Instant;

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::super::{
    authenticate,
    error::OAuthError,
    grant::{Context, Granted},
    scope::Scopes,
    state::Challenge,
};

pub(crate) fn authorization_code(context: &mut Context<'_>) -> Result<Granted, OAuthError> {
    let Context { state, app, form, endpoints, .. } = context;
    let text = form.need("code")?;
    let redirect = form.need("redirect_uri")?;
    let Some(code) = state.codes.get(text).filter(|code| code.client_id == app.client_id()).cloned() else {
        let sentence = "Invalid request. Request is malformed or invalid.";
        return Err(OAuthError::invalid_grant(9_002_313, sentence));
    };
    authenticate::either(state, app, app.platform(&code.redirect), endpoints, form)?;
    if code.redirect != redirect {
        let sentence = format!(
            "The reply address '{redirect}' does not match the reply address '{}' provided when requesting \
             Authorization code.",
            code.redirect
        );
        return Err(OAuthError::invalid_grant(500_112, sentence));
    }
    if code.is_used {
        let sentence = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use \
                        an existing refresh token.";
        return Err(OAuthError::invalid_grant(54005, sentence));
    }
    if code.until < Instant::now() {
        let sentence = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                        interactive authorization request for this user and resource.";
        return Err(OAuthError::invalid_grant(70008, sentence));
    }
    prove(code.challenge.as_ref(), form.get("code_verifier"))?;
    if let Some(used) = state.codes.get_mut(text) {
        used.is_used = true;
    }
    let scopes = match form.get("scope").map(Scopes::parse).transpose()? {
        // What was not asked for at the sign-in page is not given here.
        Some(asked) if !asked.names.is_empty() && asked.resource == code.scopes.resource => {
            Scopes { is_offline: asked.is_offline || code.scopes.is_offline, ..asked }
        }
        _ => code.scopes.clone(),
    };
    context.state.consents.check(context.app, &code.user, &scopes, context.options)?;
    Ok(Granted {
        app: context.app.clone(),
        user: Some(code.user),
        scopes,
        nonce: code.nonce,
        asked: code.asked,
    })
}

/// The verifier has to be the one of the challenge.
fn prove(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let is_proven = match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if challenge.is_hashed => {
            let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
            challenge.value == BASE64_URL_SAFE_NO_PAD.encode(hash)
        }
        (Some(challenge), Some(verifier)) => challenge.value == verifier,
        _ => false,
    };
    if is_proven {
        return Ok(());
    }
    let sentence =
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
    Err(OAuthError::invalid_grant(501_481, sentence))
}
