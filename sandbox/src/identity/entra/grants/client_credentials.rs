//! A token of the app itself: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.

use serde_json::Value;

use super::super::{
    error::OAuthError,
    grant::{Context, Granted},
    scope::Scopes,
};

pub(crate) fn client_credentials(context: &mut Context<'_>) -> Result<Granted, OAuthError> {
    let text = context.form.need("scope")?;
    if !text.ends_with("/.default") {
        let sentence = "The provided value for scope is not valid. Client credential flows must have a scope value \
                        with /.default suffixed to the resource identifier (application ID URI).";
        return Err(OAuthError::new("invalid_scope", 1_002_012, sentence));
    }
    let scopes = Scopes::parse(text)?;
    context.confidential()?;
    Ok(Granted { app: context.app.clone(), user: None, scopes, nonce: None, asked: Value::Null })
}
