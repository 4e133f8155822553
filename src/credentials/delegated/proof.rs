//! What proves to Entra that the app is the app.

use azure_core::credentials::Secret;
use secrecy::{ExposeSecret as _, SecretString};

use crate::credentials::{CertificateFile, Registration};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an app registration has to prove itself with.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Nothing: a public client.
    Nothing,
    /// A client secret.
    Secret(SecretString),
    /// A certificate, whose key signs an assertion for each request.
    Certificate(CertificateFile),
}

impl Proof {
    /// The parameters of a token request; why there are none:
    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-access-token-with-a-certificate-credential>.
    pub(super) async fn parameters(
        &self,
        registration: &Registration,
    ) -> Result<Vec<(&'static str, Secret)>, String> {
        let secret = |text: &SecretString| Secret::new(text.expose_secret().to_owned());
        Ok(match self {
            Self::Nothing => Vec::new(),
            Self::Secret(text) => vec![("client_secret", secret(text))],
            Self::Certificate(certificate) => {
                let assertion = certificate.assertion(registration).await.map_err(|why| why.to_string())?;
                vec![("client_assertion_type", ASSERTION.into()), ("client_assertion", secret(&assertion))]
            }
        })
    }
}
