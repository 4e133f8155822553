//! An app registration with a client secret: the client credentials grant,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.

use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::ClientOptions;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::refusal::ReadRefusals;

/// An app registration, where it is known, and its secret.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Origin of the token endpoint; https.
    pub authority: Url,
    /// Id or domain name of the tenant.
    pub tenant_id: String,
    /// Client id of the app registration.
    pub client_id: String,
    /// The setting that names the client id.
    pub setting: &'static str,
    /// The secret's value.
    pub secret: SecretString,
}

impl ClientSecret {
    pub(super) fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        // Said outright: left out, the SDK would read the environment for itself.
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.to_string();
        let client_options = ClientOptions {
            retry: super::retry(),
            per_call_policies: vec![Arc::new(ReadRefusals)],
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let secret = Secret::new(self.secret.expose_secret().to_owned());
        let options = ClientSecretCredentialOptions { client_options };
        Ok(ClientSecretCredential::new(&self.tenant_id, self.client_id.clone(), secret, Some(options))?)
    }
}
