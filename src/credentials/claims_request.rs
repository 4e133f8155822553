//! The claims that a service asked for, put into the token requests of azure_identity, which has no way to be told.
//!
//! Promises: a token request that answers a claims challenge carries the parameter `claims`
//! (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>); any other one is sent as it is.

use std::sync::Arc;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Body, Context, Request};
use url::form_urlencoded::Serializer;

use crate::challenge::{Challenge, claims_parameter};

/// Adds the parameter. Called once per call, so before the retries.
#[derive(Debug)]
pub(super) struct AskForClaims;

#[async_trait::async_trait]
impl Policy for AskForClaims {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let [following, rest @ ..] = next else {
            return Err(Error::with_message(ErrorKind::Other, "nothing sends the request"));
        };
        if let (Some(challenge), Body::Bytes(form)) = (Challenge::of(context), request.body()) {
            let form = with_claims(form, challenge);
            request.set_body(form);
        }
        following.send(context, request, rest).await
    }
}

/// A form with the claims of a challenge.
fn with_claims(form: &[u8], challenge: &Challenge) -> String {
    let mut form = Serializer::new(String::from_utf8_lossy(form).into_owned());
    form.append_pair("claims", &claims_parameter(Some(challenge)));
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_follow_what_the_form_had() {
        let challenge = Challenge::read("Bearer claims=\"eyJhIjoxfQ\"", "token").unwrap();
        let form = with_claims(b"grant_type=client_credentials&scope=a%2F.default", &challenge);
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        assert_eq!(pairs[1], ("scope".into(), "a/.default".into()));
        let claims = r#"{"a":1,"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(pairs[2], ("claims".into(), claims.into()));
    }
}
