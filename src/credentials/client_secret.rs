//! An app registration with a client secret: the client credentials grant,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use secrecy::{ExposeSecret as _, SecretString};

use super::Registration;

/// An app registration and its secret.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Who the app is.
    pub registration: Registration,
    /// The secret's value.
    pub secret: SecretString,
}

impl ClientSecret {
    pub(super) fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let Registration { tenant_id, client_id, .. } = &self.registration;
        let secret = Secret::new(self.secret.expose_secret().to_owned());
        let options = ClientSecretCredentialOptions { client_options: self.registration.client_options() };
        Ok(ClientSecretCredential::new(tenant_id, client_id.clone(), secret, Some(options))?)
    }
}
