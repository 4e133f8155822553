//! A new access token without the user: <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
//!
//! The used token is replaced. Here it is dead after that, unless a test says otherwise; Entra itself lets it live for a
//! while, and tells clients to throw it away.

use serde_json::Value;

use super::super::{
    authenticate,
    error::OAuthError,
    grant::{Context, Granted},
    scope::Scopes,
    state::End,
};

pub(crate) fn refresh_token(context: &mut Context<'_>) -> Result<Granted, OAuthError> {
    let Context { state, app, form, endpoints, .. } = context;
    let text = form.need("refresh_token")?;
    let Some(token) = state.refresh_tokens.get(text).cloned() else {
        return Err(dead(End::Used));
    };
    authenticate::either(state, app, None, endpoints, form)?;
    if token.client_id != app.client_id() {
        let sentence =
            "Provided grant is invalid or malformed. The refresh token was issued to another client.";
        return Err(OAuthError::invalid_grant(70000, sentence).suberror("client_mismatch"));
    }
    if let Some(end) = token.end {
        return Err(dead(end));
    }
    state.check_interaction()?;
    let asked = form.get("scope").map(Scopes::parse).transpose()?.filter(|asked| !asked.names.is_empty());
    // A refresh token is always replaced, whether or not `offline_access` is asked for again.
    let scopes = Scopes { is_offline: true, ..asked.unwrap_or_else(|| token.scopes.clone()) };
    let known = |name: &String| token.scopes.names.contains(name) && token.scopes.resource == scopes.resource;
    if !scopes.names.iter().all(known) || state.consents.is_withdrawn(app, &token.user) {
        state.consents.check(app, &token.user, &scopes, context.options)?;
    }
    if state.rotates
        && let Some(used) = state.refresh_tokens.get_mut(text)
    {
        used.end = Some(End::Used);
    }
    Ok(Granted { app: app.clone(), user: Some(token.user), scopes, nonce: None, asked: Value::Null })
}

fn dead(end: End) -> OAuthError {
    match end {
        End::Used => {
            OAuthError::invalid_grant(70000, "Provided grant is invalid or malformed.").suberror("bad_token")
        }
        End::Revoked => {
            let sentence = "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
                            The user might have changed or reset their password.";
            OAuthError::invalid_grant(50173, sentence).suberror("bad_token")
        }
        End::Expired => {
            let sentence = "The refresh token has expired due to inactivity. The token was issued long ago and was \
                            inactive for 90.00:00:00.";
            OAuthError::invalid_grant(700_082, sentence).suberror("bad_token")
        }
    }
}
