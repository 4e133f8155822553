//! Acts for whoever called our API: their token for it becomes one for Graph,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>.
//!
//! Promises: the caller's token is sent to Entra only, is kept as long as the call lasts, and shows nowhere. A claims challenge
//! of Graph is answered with another exchange. What Entra refuses is sorted by who can do something about it.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};

use super::ask::Ask;
use super::explain::{self, Way};
use super::failure::Failure;
use super::prompt::Show;
use super::proof::Proof;
use super::wire::Endpoint;
use crate::challenge::{Challenge, claims_parameter};
use crate::credentials::Registration;

/// The grant of on-behalf-of.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Exchanges a user's token for our API for one for Graph.
pub(super) async fn exchange(
    endpoint: &Endpoint,
    proof: &[(&'static str, Secret)],
    assertion: &str,
    scopes: &[&str],
    challenge: Option<&Challenge>,
) -> Result<AccessToken, Failure> {
    let ask = Ask {
        endpoint,
        scope: &scopes.join(" "),
        claims: &claims_parameter(challenge),
        proof,
        show: &Show::default(),
    };
    let grant =
        vec![("grant_type", GRANT), ("assertion", assertion), ("requested_token_use", "on_behalf_of")];
    Ok(ask.redeem(grant).await?.token)
}

/// The app registration of our API, which can act for its callers.
#[derive(Debug, Clone)]
pub struct Api {
    /// The app registration.
    pub registration: Registration,
    /// What proves that the app is the app.
    pub proof: Proof,
}

/// The credential of one caller, for one call.
pub struct ForCaller {
    api: Api,
    endpoint: Endpoint,
    assertion: Secret,
    held: Mutex<Option<AccessToken>>,
    refused: Mutex<Option<NotActing>>,
}

/// Why there is no token for Graph, in a sentence with the next step.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotActing {
    /// Somebody has to consent, or to assign the app to the user: the caller's next token would do no better.
    #[error("{0}")]
    Forbidden(String),
    /// The user has to sign in again.
    #[error("{why}")]
    SignIn {
        /// The sentence.
        why: String,
        /// The claims that the next token must have, as a challenge has them.
        claims: Option<String>,
    },
    /// Something is wrong with our app registration.
    #[error("{0}")]
    Ours(String),
    /// Entra gives no answer.
    #[error("{0}")]
    Unavailable(String),
}

impl Api {
    /// The credential for a caller with this token.
    pub fn acting_for(&self, assertion: &str) -> ForCaller {
        ForCaller {
            api: self.clone(),
            endpoint: Endpoint::new(self.registration.clone()),
            assertion: Secret::new(assertion.to_owned()),
            held: Mutex::default(),
            refused: Mutex::default(),
        }
    }
}

impl ForCaller {
    /// Why the last exchange failed, if it did.
    pub fn refused(&self) -> Option<NotActing> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn exchange(
        &self,
        scopes: &[&str],
        challenge: Option<&Challenge>,
    ) -> Result<AccessToken, NotActing> {
        let Api { registration, proof } = &self.api;
        let proof = proof.parameters(registration).await.map_err(NotActing::Ours)?;
        let exchanged = exchange(&self.endpoint, &proof, self.assertion.secret(), scopes, challenge).await;
        exchanged.map_err(|failure| not_acting(&failure, registration))
    }

    fn held(&self, challenge: Option<&Challenge>) -> Option<AccessToken> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        (!challenge.is_some_and(|challenge| challenge.refuses(&held.token))).then_some(held)
    }
}

#[async_trait::async_trait]
impl TokenCredential for ForCaller {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = options.unwrap_or_default();
        let challenge = Challenge::of(&options.method_options.context);
        if let Some(token) = self.held(challenge) {
            return Ok(token);
        }
        match self.exchange(scopes, challenge).await {
            Ok(token) => {
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                Ok(token)
            }
            Err(refused) => {
                let words = refused.to_string();
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
                Err(explain::error(words))
            }
        }
    }
}

/// Refusals that no token of the caller mends: nobody has consented, the user declined, or the app is not assigned to them.
const FORBIDDEN: [u32; 3] = [65001, 65004, 50105];

fn not_acting(failure: &Failure, registration: &Registration) -> NotActing {
    let why = explain::why(failure, Way::Caller, registration);
    let Failure::Refused(refusal) = failure else { return NotActing::Unavailable(why) };
    if refusal.error == "consent_required" || refusal.code.is_some_and(|code| FORBIDDEN.contains(&code)) {
        return NotActing::Forbidden(why);
    }
    if failure.needs_person().is_some() {
        return NotActing::SignIn { why, claims: refusal.claims.as_ref().map(Challenge::encoded) };
    }
    match failure.may_pass() {
        true => NotActing::Unavailable(why),
        false => NotActing::Ours(why),
    }
}

impl fmt::Debug for ForCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForCaller")
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Refusal;
    use super::*;

    fn sorted(status: u16, body: &str) -> NotActing {
        let registration = Registration {
            authority: "https://login.example".parse().unwrap(),
            tenant_id: "t".into(),
            client_id: "the-api".into(),
            setting: "AZURE_CLIENT_ID",
        };
        let refusal = Refusal::read(status, &serde_json::from_str(body).unwrap());
        not_acting(&Failure::Refused(refusal), &registration)
    }

    #[test]
    fn what_entra_refuses_is_sorted_by_who_can_mend_it() {
        let consent = sorted(400, r#"{"error":"invalid_grant","error_codes":[65001]}"#);
        assert!(
            matches!(&consent, NotActing::Forbidden(why) if why.contains("admin-consent --id the-api")),
            "{consent}"
        );
        let body = r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{\"a\":1}}"}"#;
        let NotActing::SignIn { why, claims } = sorted(400, body) else { panic!("a person is needed") };
        assert_eq!(claims.as_deref(), Some("eyJhY2Nlc3NfdG9rZW4iOnsiYSI6MX19"));
        assert!(
            why.contains("multi-factor") && why.contains("sign in again") && !why.contains("FILE"),
            "{why}"
        );
        let expired = sorted(400, r#"{"error":"invalid_grant","error_codes":[500133]}"#);
        assert!(matches!(expired, NotActing::SignIn { claims: None, .. }), "{expired}");
        let secret = sorted(401, r#"{"error":"invalid_client","error_codes":[7000215]}"#);
        assert!(matches!(&secret, NotActing::Ours(why) if why.contains("AZURE_CLIENT_SECRET")), "{secret}");
        assert!(matches!(sorted(503, "{}"), NotActing::Unavailable(_)));
        let registration = |failure: &Failure| {
            matches!(
                not_acting(
                    failure,
                    &Registration {
                        authority: "https://login.example".parse().unwrap(),
                        tenant_id: "t".into(),
                        client_id: "c".into(),
                        setting: "AZURE_CLIENT_ID",
                    }
                ),
                NotActing::Unavailable(_)
            )
        };
        assert!(registration(&Failure::Late) && registration(&Failure::Broken));
    }
}
