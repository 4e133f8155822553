//! An app registration in Entra: who the app is, and where its tokens come from. How it proves that is each
//! credential's own.

use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, TokenCredential as _, TokenRequestOptions};
use azure_core::http::{ClientMethodOptions, ClientOptions};
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::answer::ReadTokens;
use super::claims_request::AskForClaims;
use super::refusal::ReadRefusals;

/// An app registration in one tenant.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Origin of the token endpoint; https.
    pub authority: Url,
    /// Id or domain name of the tenant, or `organizations` where a person may come from any.
    pub tenant_id: String,
    /// Client id (application id).
    pub client_id: String,
    /// The setting that names the client id.
    pub setting: &'static str,
}

impl Registration {
    /// How azure_identity asks the token endpoint of this authority.
    pub(super) fn client_options(&self) -> ClientOptions {
        // Stated here: left out, the SDK would read the environment for itself.
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.to_string();
        ClientOptions {
            retry: super::retries::retry(),
            per_call_policies: vec![Arc::new(ReadTokens), Arc::new(ReadRefusals), Arc::new(AskForClaims)],
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        }
    }

    /// A token for an assertion: a signed statement that this is the app, which Entra takes in place of a secret.
    pub(super) async fn exchange(
        &self,
        assertion: SecretString,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let Self { tenant_id, client_id, .. } = self.clone();
        let how = ClientAssertionCredentialOptions { client_options: self.client_options() };
        let credential = ClientAssertionCredential::new(tenant_id, client_id, Ready(assertion), Some(how))?;
        credential.get_token(scopes, options).await
    }
}

/// An assertion that was made for one request.
#[derive(Debug)]
struct Ready(SecretString);

#[async_trait::async_trait]
impl ClientAssertion for Ready {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}
