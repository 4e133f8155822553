//! `on-behalf-of`: a user's token for our API becomes a token for Graph,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>.
//!
//! Promises: the user's token is read anew from its file at each refresh, so that whatever writes the file decides
//! whose token is in use, and nothing of it is kept.

use std::path::PathBuf;
use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::explain::{self, Way};
use super::for_caller::exchange;
use super::proof::Proof;
use super::wire::Endpoint;
use crate::challenge::Challenge;
use crate::credentials::Registration;

/// Longest token that is sent on.
const MOST_BYTES: u64 = 64 * 1024;

/// An app registration that stands for a user.
#[derive(Debug, Clone)]
pub struct OnBehalfOf {
    /// The app registration of our API.
    pub registration: Registration,
    /// What proves that the app is the app; Entra wants a secret or a certificate.
    pub proof: Proof,
    /// The file with the user's token for our API.
    pub assertion_file: PathBuf,
}

/// The credential.
#[derive(Debug)]
struct Exchange {
    who: OnBehalfOf,
    endpoint: Endpoint,
}

impl OnBehalfOf {
    /// The credential; opens nothing.
    pub(in crate::credentials) fn credential(self) -> Arc<dyn TokenCredential> {
        Arc::new(Exchange { endpoint: Endpoint::new(self.registration.clone()), who: self })
    }
}

impl Exchange {
    /// The user's token; what is wrong with its file.
    async fn assertion(&self) -> Result<String, &'static str> {
        let file = &self.who.assertion_file;
        let about = tokio::fs::metadata(file).await.map_err(|_| "cannot be read")?;
        if about.len() > MOST_BYTES {
            return Err("is too long to hold a token");
        }
        let text = tokio::fs::read_to_string(file).await.map_err(|_| "cannot be read")?;
        let token = text.trim();
        match token.is_empty() || token.contains(char::is_whitespace) {
            true => Err("does not hold one token"),
            false => Ok(token.to_owned()),
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for Exchange {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = options.unwrap_or_default();
        let challenge = Challenge::of(&options.method_options.context);
        let assertion = self.assertion().await.map_err(|what| {
            explain::error(format!(
                "the file that GRAPH_USER_ASSERTION_FILE names {what}; write the user's access token for this API into it"
            ))
        })?;
        let proof = self.who.proof.parameters(&self.who.registration).await.map_err(explain::error)?;
        let exchanged = exchange(&self.endpoint, &proof, &assertion, scopes, challenge).await;
        exchanged.map_err(|failure| {
            explain::error(explain::why(&failure, Way::OnBehalfOf, &self.who.registration))
        })
    }
}
