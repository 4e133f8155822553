//! An API that calls another one for the user who called it:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>.

use serde_json::Value;
use time::OffsetDateTime;

use super::super::{
    error::OAuthError,
    grant::{Context, Granted},
    scope::Scopes,
};
use crate::identity::issued::Issued;

pub(crate) fn on_behalf_of(context: &mut Context<'_>, issued: &Issued) -> Result<Granted, OAuthError> {
    let (form, app) = (context.form, context.app);
    let assertion = form.need("assertion")?;
    if form.need("requested_token_use")? != "on_behalf_of" {
        let sentence = "The app requested an unsupported value of the parameter 'requested_token_use'.";
        return Err(OAuthError::new("invalid_request", 90100, sentence));
    }
    let scopes = Scopes::parse(form.need("scope")?)?;
    context.confidential()?;
    let Some(claims) = issued.claims(assertion) else {
        let sentence = "Assertion failed signature validation. [Reason - The provided signature value did not match \
                        the expected signature value.]";
        return Err(OAuthError::invalid_grant(50013, sentence));
    };
    if !app.is_audience(&claims.audience) {
        let sentence = format!(
            "Assertion audience does not match the Client app presenting the assertion. The audience in the \
             assertion was '{}' and the expected audience is '{}' or one of the Application Uris of this application \
             with App ID '{}' ({}). The downstream client must request a token for the expected audience (the \
             application that made the OBO request) and this application should use that token as the assertion.",
            claims.audience,
            app.app_id_uri.as_deref().unwrap_or(app.client_id()),
            app.client_id(),
            app.display_name,
        );
        return Err(OAuthError::invalid_grant(500_131, sentence));
    }
    if claims.expires_on <= OffsetDateTime::now_utc().unix_timestamp() {
        let sentence = "Assertion is not within its valid time range. Ensure that the access token is not expired \
                        before using it for user assertion, or request a new token.";
        return Err(OAuthError::invalid_grant(500_133, sentence));
    }
    let user = claims.user.as_ref();
    let user = context.options.users.iter().find(|user_of| Some(&user_of.object_id) == user).cloned();
    let Some(user) = user else {
        let sentence = format!(
            "Application '{}' is not allowed to make application on-behalf-of calls.",
            app.client_id()
        );
        return Err(OAuthError::invalid_grant(7_000_114, sentence));
    };
    context.state.check_interaction()?;
    context.state.consents.check(app, &user, &scopes, context.options)?;
    Ok(Granted { app: app.clone(), user: Some(user), scopes, nonce: None, asked: Value::Null })
}
