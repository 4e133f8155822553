//! Entra's refusals, read before the SDK reads them.
//!
//! azure_identity borrows the description of a refusal from the answer, which fails for every description with
//! an escape in it (<https://github.com/Azure/azure-sdk-for-rust/pull/3479>). Entra's have line ends:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response>.
//! Status and code would then be lost behind "invalid type: string".

use std::sync::Arc;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};

use crate::json::{self, Members};

/// Turns an answer that is no success into an error with its status and, as `<error>:<number>`, what it says.
/// Called once per call, so after the retries.
#[derive(Debug)]
pub(super) struct ReadRefusals;

#[async_trait::async_trait]
impl Policy for ReadRefusals {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let [following, rest @ ..] = next else {
            return Err(Error::with_message(ErrorKind::Other, "nothing sends the request"));
        };
        let response = following.send(context, request, rest).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let error_code = code(&response.into_body().collect().await.unwrap_or_default());
        let kind = ErrorKind::HttpResponse { status, error_code, raw_response: None };
        Err(Error::with_message(kind, "Entra refused"))
    }
}

/// The words of OAuth and of Entra for an error:
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes#error-codes-for-token-endpoint-errors>.
#[rustfmt::skip]
const WORDS: [&str; 24] = [
    "access_denied", "authorization_declined", "authorization_pending", "bad_verification_code",
    "consent_required", "expired_token", "interaction_required", "invalid_client", "invalid_grant",
    "invalid_instance", "invalid_request", "invalid_resource", "invalid_scope", "invalid_target", "invalid_token",
    "login_required", "mfa_required", "server_error", "slow_down", "temporarily_unavailable",
    "unauthorized_client", "unsupported_grant_type", "unsupported_response_type", "user_authentication_required",
];

/// An error of OAuth, if that is what the text is: an answer may say anything.
pub(super) fn word(text: &str) -> Option<&'static str> {
    WORDS.into_iter().find(|word| *word == text)
}

/// The number in `AADSTS<number>: …`.
pub(super) fn aadsts(description: &str) -> Option<u32> {
    let (_, after) = description.split_once("AADSTS")?;
    let end = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

/// The `error` of OAuth, and the number of the AADSTS code; none where there is neither.
pub fn code(body: &[u8]) -> Option<String> {
    let members = Members::first_in(body)?;
    let error = members.find("error", |error| word(&json::text(error)?)).unwrap_or_default();
    let listed = members.list("error_codes").and_then(|codes| json::number(codes.first()?));
    let listed = listed.and_then(|code| u32::try_from(code).ok());
    let number = listed.or_else(|| aadsts(&members.text("error_description")?));
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    (!error.is_empty() || !number.is_empty()).then(|| format!("{error}:{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_whatever_else_the_answer_says() {
        let documented = br#"{"error":"invalid_client","error_description":"AADSTS7000215: \"No\".\r\nTrace ID: 0",
            "error_codes":[7000215],"timestamp":"2026-01-09 02:02:12Z","error_uri":"https:\/\/login.example"}"#;
        assert_eq!(code(documented).as_deref(), Some("invalid_client:7000215"));
        assert_eq!(code(br#"{"error":"invalid_grant"}"#).as_deref(), Some("invalid_grant:"));
        assert_eq!(code(br#"{"error":"See https://login.example"}"#), None);
        assert_eq!(code(br#"{"error_codes":[]}"#), None);
        assert_eq!(code(b"<html>Bad Gateway</html>"), None);
        assert_eq!(code(br#"{"error":{"code":"x"}}"#), None);
        for odd in [
            r#"{"error":"invalid_client","error_codes":[7000215,"x",-1],"n":1e400,"timestamp":"\ud800"}"#,
            r#"{"error":7,"Error":"invalid_client","error_codes":"x","error_description":"AADSTS7000215: No"}"#,
            "\u{feff} {\"error\":\"invalid_client\",\"error\":\"invalid_client\",\"error_codes\":[\"7000215\"]}",
        ] {
            assert_eq!(code(odd.as_bytes()).as_deref(), Some("invalid_client:7000215"), "{odd}");
        }
        assert_eq!(code(br#"{"error":"ada_lovelace","error_codes":[50034]}"#).as_deref(), Some(":50034"));
    }
}
