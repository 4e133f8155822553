//! What the token endpoint grants: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response-2>.

use std::fmt;

use azure_core::credentials::{AccessToken, Secret};
use azure_core::time::OffsetDateTime;
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::credentials::answer::ends;

/// An access token, and the refresh token that came with it.
#[derive(Clone)]
pub struct Granted {
    /// The access token.
    pub token: AccessToken,
    /// The refresh token, where the scopes have `offline_access`.
    pub refresh_token: Option<Secret>,
}

impl Granted {
    /// The tokens of an answer that came at `now`.
    ///
    /// # Errors
    /// [`Failure::Nonsense`] names the member that is missing.
    pub fn read(members: &Map<String, Value>, now: OffsetDateTime) -> Result<Self, Failure> {
        let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let secret = |name: &str| text(name).map(|text| Secret::new(text.to_owned()));
        let token = secret("access_token").ok_or(Failure::Nonsense("it has no `access_token`"))?;
        let written = |name: &str| match members.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let ends = ends(written, now).ok_or(Failure::Nonsense("it has no `expires_in`"))?;
        let token = AccessToken::new(token, ends);
        Ok(Self { token, refresh_token: secret("refresh_token") })
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Granted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Granted, Failure> {
        Granted::read(&serde_json::from_str(body).unwrap(), OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_life_is_a_number_or_text() {
        for body in [
            r#"{"access_token":"a","expires_in":3599,"refresh_token":"r","scope":7}"#,
            r#"{"access_token":"a","expires_in":"3599","refresh_token":"r"}"#,
        ] {
            let granted = read(body).unwrap();
            assert_eq!(granted.token.expires_on.unix_timestamp(), 3599);
            assert_eq!(granted.refresh_token.unwrap().secret(), "r");
        }
    }

    #[test]
    fn a_member_that_is_missing_is_named() {
        for (body, word) in
            [(r#"{"expires_in":1}"#, "access_token"), (r#"{"access_token":"a"}"#, "expires_in")]
        {
            let failure = read(body).unwrap_err();
            assert!(matches!(failure, Failure::Nonsense(what) if what.contains(word)), "{failure:?}");
        }
    }
}
