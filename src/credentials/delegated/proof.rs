//! What proves to Entra that the app is the app.

use azure_core::credentials::Secret;
use secrecy::{ExposeSecret as _, SecretString};

use super::wire::PATIENCE;
use crate::credentials::{CertificateFile, ManagedIdentity, Registration, WorkloadIdentity};

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
    /// A platform's token, which the registration trusts.
    Federated(WorkloadIdentity),
    /// A token of a managed identity, which the registration trusts:
    /// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity>.
    ManagedIdentity(ManagedIdentity),
}

impl Proof {
    /// The parameters of a token request; why there are none:
    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-access-token-with-a-certificate-credential>.
    pub(super) async fn parameters(
        &self,
        registration: &Registration,
    ) -> Result<Vec<(&'static str, Secret)>, String> {
        let secret = |text: &SecretString| Secret::new(text.expose_secret().to_owned());
        let asserted = |assertion: SecretString| {
            vec![("client_assertion_type", ASSERTION.into()), ("client_assertion", secret(&assertion))]
        };
        Ok(match self {
            Self::Nothing => Vec::new(),
            Self::Secret(text) => vec![("client_secret", secret(text))],
            Self::Certificate(certificate) => {
                asserted(certificate.assertion(registration).await.map_err(|why| why.to_string())?)
            }
            Self::ManagedIdentity(identity) => asserted(of_identity(identity, registration).await?),
            Self::Federated(platform) => asserted(platform.assertion().await.map_err(|why| why.to_string())?),
        })
    }
}

/// The token of a managed identity that stands in for a secret.
async fn of_identity(
    identity: &ManagedIdentity,
    registration: &Registration,
) -> Result<SecretString, String> {
    let host = registration.authority.host_str().unwrap_or_default();
    let cloud = [(".us", "USGov"), (".cn", "China")];
    let cloud = cloud.into_iter().find(|(end, _)| host.ends_with(end)).map_or("", |(_, cloud)| cloud);
    let scope = format!("api://AzureADTokenExchange{cloud}/.default");
    let token = async { identity.make()?.get_token(&[&*scope], None).await };
    // The SDK's words may carry an address.
    let none = || {
        "the managed identity gave no token to prove the app registration with; see that the app has the identity".to_owned()
    };
    let token = tokio::time::timeout(PATIENCE, token).await.map_err(|_| none())?.map_err(|_| none())?;
    Ok(token.token.secret().to_owned().into())
}
