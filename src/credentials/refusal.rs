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
use serde::Deserialize;

/// Turns an answer that is no success into an error with its status and, as `<error>:<number>`, what it says.
/// Called once per call, so after the retries.
#[derive(Debug)]
pub(super) struct ReadRefusals;

/// What is read of a refusal: no text, which could carry anything.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

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

/// The `error` of OAuth, which is one of a few words, and the number of the AADSTS code, if there is one.
fn code(body: &[u8]) -> Option<String> {
    let Refusal { error, error_codes } = serde_json::from_slice(body).ok()?;
    let is_word = error.len() < 40 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let number = error_codes.first().map(u32::to_string).unwrap_or_default();
    is_word.then(|| format!("{error}:{number}"))
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
    }
}
