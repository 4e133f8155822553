//! Workload identity federation: a token of the platform (Kubernetes, GitHub, another cloud) stands in for a secret,
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>.
//!
//! The platform replaces the file with the token before the token ends, so the file is read at each refresh.
//! azure_identity's own credential would read it when it is built and block the thread meanwhile.

use std::path::PathBuf;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use secrecy::SecretString;

use super::Registration;
use super::problem::Problem;

/// The setting that names the file.
const FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";

/// An app registration, or a user-assigned managed identity, that trusts the tokens of a platform.
#[derive(Debug, Clone)]
pub struct WorkloadIdentity {
    /// Who the app is.
    pub registration: Registration,
    /// The file with the platform's token.
    pub token_file: PathBuf,
}

impl WorkloadIdentity {
    /// The platform's token, as its file has it now.
    pub(super) async fn assertion(&self) -> Result<SecretString, Problem> {
        let path = self.token_file.display();
        let text = tokio::fs::read_to_string(&self.token_file).await.map_err(|error| {
            Problem(format!(
                "{FILE}: `{path}` cannot be read ({}); check that the platform projects its token there and that \
                 this process may read it",
                error.kind()
            ))
        })?;
        match text.trim() {
            "" => Err(Problem(format!(
                "{FILE}: `{path}` is empty; check that the platform projects its token there"
            ))),
            token => Ok(token.to_owned().into()),
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for WorkloadIdentity {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let assertion = self.assertion().await?;
        self.registration.exchange(assertion, scopes, options).await
    }
}
