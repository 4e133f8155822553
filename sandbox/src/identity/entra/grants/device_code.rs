//! The poll of a device that waits for its user:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code#authenticating-the-user>, and `slow_down` of
//! RFC 8628 when it polls faster than it was told; Entra documents no number for that, so it has the one of waiting.

use std::time::Instant;

use serde_json::Value;

use super::super::{
    authenticate,
    error::OAuthError,
    grant::{Context, Granted},
    state::Answer,
};

pub(crate) fn device_code(context: &mut Context<'_>) -> Result<Granted, OAuthError> {
    let Context { state, app, form, endpoints, .. } = context;
    let text = form.need("device_code")?.to_owned();
    authenticate::either(state, app, None, endpoints, form)?;
    let interval = state.interval;
    let Some(device) = state.devices.iter_mut().find(|device| device.code == text) else {
        let sentence = "The provided value for the input parameter 'device_code' is not valid.";
        return Err(OAuthError::new("bad_verification_code", 70018, sentence));
    };
    if device.client_id != app.client_id() {
        let sentence =
            "Provided grant is invalid or malformed. The device code was issued to another client.";
        return Err(OAuthError::invalid_grant(70000, sentence));
    }
    let expired = || {
        let sentence = "The provided value for the input parameter 'device_code' is not valid. This device code has expired.";
        OAuthError::new("expired_token", 70020, sentence)
    };
    if device.until < Instant::now() || device.is_redeemed {
        return Err(expired());
    }
    // A client is given a tenth of the interval for the ways of the network.
    let is_fast = device.polled.is_some_and(|last| last.elapsed() < interval.mul_f64(0.9));
    device.polled = Some(Instant::now());
    let user = match &device.answer {
        Answer::None if is_fast => {
            let sentence = "The device polls faster than it was told. Wait longer between two requests.";
            return Err(OAuthError::new("slow_down", 70016, sentence));
        }
        Answer::None => {
            let sentence = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            return Err(OAuthError::new("authorization_pending", 70016, sentence));
        }
        Answer::Declined => {
            let sentence = "OAuth 2.0 device flow error. Authorization was declined by the user.";
            return Err(OAuthError::new("authorization_declined", 70017, sentence));
        }
        Answer::SignedIn(user) => user.clone(),
    };
    device.is_redeemed = true;
    let scopes = device.scopes.clone();
    Ok(Granted { app: app.clone(), user: Some(user), scopes, nonce: None, asked: Value::Null })
}
