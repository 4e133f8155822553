//! Why an endpoint of Entra gave no token, as values that the flows branch on.
//!
//! Promises: of a refusal only names and numbers are kept; its description may carry anything. Form of a refusal:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-response-1>.

use std::error::Error as _;

use serde_json::{Map, Value};

use crate::challenge::Challenge;
use crate::credentials::refusal::{aadsts, word};

/// Why there is no answer, or none with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Entra refused.
    Refused(Refusal),
    /// No connection came about; nothing was sent.
    NoConnection {
        /// The certificate of the server is not trusted.
        is_untrusted: bool,
    },
    /// The connection broke before the answer was complete.
    Broken,
    /// No answer in time.
    Late,
    /// An answer that is not what the protocol says, and what is wrong with it.
    Nonsense(&'static str),
    /// The HTTP client could not be built.
    NoClient,
}

/// A refusal, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 where the refusal came through the browser.
    pub status: u16,
    /// `error`, for example `invalid_grant`.
    pub error: String,
    /// The number of the first AADSTS code.
    pub code: Option<u32>,
    /// The claims that a person has to satisfy by signing in again.
    pub claims: Option<Challenge>,
}

/// Refusals that end when a person signs in again:
/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors>.
const NEED_A_PERSON: [&str; 4] =
    ["invalid_grant", "interaction_required", "consent_required", "login_required"];

impl Failure {
    /// What reqwest's error says.
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Late;
        }
        if !error.is_connect() {
            return Self::Broken;
        }
        let mut cause = error.source();
        while let Some(current) = cause {
            if current.to_string().contains("invalid peer certificate") {
                return Self::NoConnection { is_untrusted: true };
            }
            cause = current.source();
        }
        Self::NoConnection { is_untrusted: false }
    }

    /// Whether the same request may be sent again at once.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoConnection { is_untrusted } => !is_untrusted,
            Self::Refused(refusal) => refusal.status == 429 || refusal.status >= 500,
            _ => false,
        }
    }

    /// The refusal that ends when a person signs in again.
    pub fn needs_person(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) if NEED_A_PERSON.contains(&refusal.error.as_str()) => Some(refusal),
            _ => None,
        }
    }

    /// Whether nobody has consented, or no more: AADSTS65001.
    pub fn lacks_consent(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == Some(65001))
    }

    /// Whether this is the refusal with that name.
    pub fn is(&self, error: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.error == error)
    }
}

impl Refusal {
    /// What is kept of an answer of the endpoint.
    pub fn read(status: u16, members: &Map<String, Value>) -> Self {
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let listed = members.get("error_codes").and_then(|codes| codes.get(0)).and_then(Value::as_u64);
        let code = listed.and_then(|code| u32::try_from(code).ok());
        let code = code.or_else(|| aadsts(text("error_description")));
        Self { status, error: name(text("error")), code, claims: Challenge::of_entra(text("claims")) }
    }

    /// What is kept of an answer that came through the browser.
    pub fn redirected(error: &str, description: &str) -> Self {
        Self { status: 0, error: name(error), code: aadsts(description), claims: None }
    }
}

/// An error of OAuth, or nothing where it is something else.
fn name(text: &str) -> String {
    word(text).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Refusal {
        Refusal::read(400, &serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_refusal_keeps_names_and_numbers_only() {
        let refusal = read(
            r#"{"error":"invalid_grant","error_description":"AADSTS65001: hush\r\nTrace ID: 0","error_codes":[65001],
                "suberror":"consent_required","claims":"{\"access_token\":{\"acrs\":{\"value\":\"c1\"}}}"}"#,
        );
        assert_eq!((refusal.error.as_str(), refusal.code), ("invalid_grant", Some(65001)));
        assert!(refusal.claims.is_some() && !format!("{refusal:?}").contains("hush"));
        assert!(Failure::Refused(refusal).needs_person().is_some());
    }

    #[test]
    fn the_code_is_also_read_from_the_description_and_odd_names_are_dropped() {
        assert_eq!(
            read(r#"{"error":7,"error_codes":"x","error_description":"AADSTS70008: a"}"#).code,
            Some(70008)
        );
        let odd = read(r#"{"error":"<script>hush</script>","claims":"no"}"#);
        assert_eq!((odd.error.as_str(), odd.code, odd.claims), ("", None, None));
        assert_eq!(Refusal::redirected("access_denied", "AADSTS65004: User declined").code, Some(65004));
    }

    #[test]
    fn only_what_was_not_read_by_entra_is_sent_again() {
        let refused = |status| Failure::Refused(Refusal { status, ..read("{}") });
        assert!(Failure::NoConnection { is_untrusted: false }.may_pass());
        assert!(refused(429).may_pass() && refused(503).may_pass());
        for failure in
            [Failure::Broken, Failure::Late, refused(400), Failure::NoConnection { is_untrusted: true }]
        {
            assert!(!failure.may_pass(), "{failure:?}");
        }
    }
}
