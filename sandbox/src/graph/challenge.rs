//! Claims challenges of continuous access evaluation: a token that is good otherwise is refused until one comes that was
//! asked for with the claims that Graph names.
//!
//! Sources: <https://learn.microsoft.com/entra/identity-platform/claims-challenge>,
//! <https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation>. Graph itself challenges
//! only clients that say they can handle it (`xms_cc`); here a test says when.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::answer::Answer;

/// What every refused token is answered with.
pub(super) const CHALLENGE: &str = "Bearer realm=\"\", \
    authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
    client_id=\"00000003-0000-0000-c000-000000000000\"";

/// Whether the `claims` parameter of a token has all the claims that are demanded; it may have more.
pub(super) fn is_met(demanded: &Value, asked: &Value) -> bool {
    let Some(demanded) = demanded["access_token"].as_object() else { return true };
    demanded.iter().all(|(claim, value)| asked["access_token"].get(claim) == Some(value))
}

/// The refusal that names the claims.
pub(super) fn answer(demanded: &Value) -> Answer {
    let claims = BASE64_STANDARD.encode(demanded.to_string());
    let challenge = format!("{CHALLENGE}, error=\"insufficient_claims\", claims=\"{claims}\"");
    let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                   TokenIssuedBeforeRevocationTimestamp";
    Answer::error(401, "InvalidAuthenticationToken", message).with("www-authenticate", &challenge)
}
