//! A claims challenge: a service refuses a token and names the claims that the next one must have.
//!
//! [`crate::graph`] reads it from the answer and hands it to its credential, in the context of the token request;
//! [`crate::credentials`] puts it into that request. Format and meaning:
//! <https://learn.microsoft.com/entra/identity-platform/claims-challenge>. Promises: what is no JSON object is no
//! challenge, and `Debug` shows neither the claims nor the token. Leaves out on purpose: how often a challenge is
//! answered (the client of Graph decides).

use std::fmt;

use azure_core::credentials::{Secret, TokenRequestOptions};
use azure_core::http::Context;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Longest claims that are answered; Entra's have about a hundred characters.
const MOST: usize = 8 * 1024;
const TOLERANT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A token that was refused, and the claims that the next one must have.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    claims: Map<String, Value>,
    refused: Secret,
}

impl Challenge {
    /// The challenge in a `WWW-Authenticate` header, if there is one; `refused` is the token that was sent.
    pub fn read(www_authenticate: &str, refused: &str) -> Option<Self> {
        let encoded = parameter(www_authenticate, "claims").filter(|text| text.len() <= MOST)?;
        let bytes = [alphabet::STANDARD, alphabet::URL_SAFE]
            .iter()
            .find_map(|alphabet| GeneralPurpose::new(alphabet, TOLERANT).decode(encoded.trim()).ok())?;
        let claims = serde_json::from_slice(&bytes).ok()?;
        Some(Self { claims, refused: Secret::new(refused.to_owned()) })
    }

    /// The challenge of a refusal by Entra, which sends its claims as JSON; no token was refused.
    pub fn of_entra(claims: &str) -> Option<Self> {
        let claims = serde_json::from_str(claims).ok().filter(|_| claims.len() <= MOST)?;
        Some(Self { claims, refused: Secret::new("") })
    }

    /// The claims in the form in which a `WWW-Authenticate` header has them.
    pub fn encoded(&self) -> String {
        BASE64_STANDARD.encode(Value::Object(self.claims.clone()).to_string())
    }

    /// Whether this is the token that was refused.
    pub fn refuses(&self, token: &Secret) -> bool {
        self.refused == *token
    }

    /// The options with which a credential is asked for a token that answers this.
    pub fn options(&self) -> TokenRequestOptions<'static> {
        let mut options = TokenRequestOptions::default();
        options.method_options.context = Context::new().with_value(self.clone());
        options
    }

    /// The challenge that a token request has to answer.
    pub fn of<'a>(context: &'a Context<'_>) -> Option<&'a Self> {
        context.value::<Self>()
    }
}

/// The parameter `claims` of a token request that answers `challenge`, if there is one, and says that we can
/// answer others (client capability `cp1`):
/// <https://learn.microsoft.com/entra/identity-platform/claims-challenge#how-to-communicate-client-capabilities-to-microsoft-entra-id>.
pub fn claims_parameter(challenge: Option<&Challenge>) -> String {
    let mut claims = challenge.map(|challenge| challenge.claims.clone()).unwrap_or_default();
    let of_token = claims.entry("access_token").or_insert_with(|| json!({}));
    if !of_token.is_object() {
        *of_token = json!({});
    }
    of_token["xms_cc"] = json!({ "values": ["cp1"] });
    Value::Object(claims).to_string()
}

/// The value of one parameter of a challenge, RFC 9110, section 11.2: `name=token` or `name="quoted"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let (value, left) = value(after.trim_start());
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = left;
    }
    None
}

/// A value and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return (value, &quoted[at + 1..]),
            other => {
                value.push(other);
                is_escaped = false;
            }
        }
    }
    (value, "")
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"access_token":{"nbf":{"essential":true, "value":"1626979123"}}}`, as Microsoft's page encodes it.
    const CLAIMS: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYyNjk3OTEyMyJ9fX0=";

    fn documented() -> String {
        format!(
            r#"Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize?a=b", client_id="0",
            errorDescription="said \"claims=no\"", error="insufficient_claims", claims="{CLAIMS}""#
        )
    }

    #[test]
    fn the_claims_are_read_however_they_are_written() {
        let unpadded = format!("Bearer CLAIMS={}", CLAIMS.trim_end_matches('='));
        let second = format!("Basic realm=x, Bearer claims=\"{CLAIMS}\", error=\"insufficient_claims\"");
        for header in [documented(), unpadded, second] {
            let challenge = Challenge::read(&header, "token").unwrap_or_else(|| panic!("{header}"));
            assert_eq!(challenge.claims["access_token"]["nbf"]["value"], "1626979123");
            assert!(challenge.refuses(&"token".into()) && !challenge.refuses(&"other".into()));
            assert_eq!(format!("{challenge:?}"), "Challenge");
        }
    }

    #[test]
    fn anything_else_is_no_challenge() {
        let long = format!("Bearer claims=\"{}\"", "A".repeat(MOST + 1));
        for header in [
            "",
            "Bearer",
            "Bearer realm=\"\"",
            "Bearer claims=\"!\"",
            "Bearer claims=\"WzFd\"",
            "claims",
            &long,
        ] {
            assert_eq!(Challenge::read(header, "token"), None, "{header}");
        }
    }

    #[test]
    fn the_answer_carries_the_claims_and_the_capability() {
        let capability = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(claims_parameter(None), capability);
        let challenge = Challenge::read(&documented(), "token").unwrap();
        let merged: Value = serde_json::from_str(&claims_parameter(Some(&challenge))).unwrap();
        assert_eq!(merged["access_token"]["nbf"]["essential"], true);
        assert_eq!(merged["access_token"]["xms_cc"]["values"][0], "cp1");
        let options = challenge.options();
        assert_eq!(Challenge::of(&options.method_options.context), Some(&challenge));
    }
}
