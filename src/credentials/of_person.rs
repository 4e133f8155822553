//! Tokens of one person and of nobody else.
//!
//! Promises: a token that is another person's, or an application's, is an error. While a feed of a person is read, another
//! one may sign in, or another user's token may be written into the file of `on-behalf-of`: what they see must not get into
//! this person's copy.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::claims::claims;
use super::problem::Problem;

/// A credential whose tokens have to be those of one person.
#[derive(Debug)]
pub struct OfPerson {
    credential: Arc<dyn TokenCredential>,
    /// The object id.
    person: String,
}

impl OfPerson {
    /// Takes tokens of this credential that have this object id.
    pub fn new(credential: Arc<dyn TokenCredential>, person: &str) -> Self {
        Self { credential, person: person.to_owned() }
    }
}

#[async_trait::async_trait]
impl TokenCredential for OfPerson {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.credential.get_token(scopes, options).await?;
        match is_of(token.token.secret(), &self.person) {
            true => Ok(token),
            false => Err(Problem("another person has signed in meanwhile; run this again".to_owned()).into()),
        }
    }
}

/// Whether a token is this person's.
fn is_of(token: &str, person: &str) -> bool {
    let claims = claims(token);
    claims.oid.as_deref() == Some(person) && !claims.scopes().is_empty()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn a_token_of_somebody_else_is_none() {
        let token = |payload: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload));
        assert!(is_of(&token(r#"{"oid":"ada","scp":"Mail.Read"}"#), "ada"));
        for other in
            [r#"{"oid":"eva","scp":"Mail.Read"}"#, r#"{"oid":"ada","roles":["Mail.Read"]}"#, r#"{"scp":"x"}"#]
        {
            assert!(!is_of(&token(other), "ada"), "{other}");
        }
        assert!(!is_of("opaque", "ada"));
    }
}
