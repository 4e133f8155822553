//! The identity of the handler, and the settings for it.
//!
//! The names are those of the settings `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL`.

use crate::identity::{CertificateFile, Entra, Identity, Tools};

/// A way to get tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The identity of the platform.
    ManagedIdentity,
    /// The confidential client with its secret.
    ClientSecret,
    /// The confidential client with a certificate (PEM, RSA).
    ClientCertificate,
    /// The confidential client with the token of a federated credential.
    WorkloadIdentity,
    /// What the variables of the environment say: here the secret.
    Environment,
    /// The user of the Azure CLI.
    AzureCli,
    /// The user of the Azure Developer CLI.
    AzureDeveloperCli,
    /// The public client, with a code for a user.
    DeviceCode,
    /// The public client, with a browser on the same machine.
    InteractiveBrowser,
    /// The confidential client with its secret, and a code that a user brought from the sign-in page.
    AuthorizationCode,
    /// The confidential client with its secret, for a user who called it.
    OnBehalfOf,
}

impl Credential {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ManagedIdentity,
        Self::ClientSecret,
        Self::ClientCertificate,
        Self::WorkloadIdentity,
        Self::Environment,
        Self::AzureCli,
        Self::AzureDeveloperCli,
        Self::DeviceCode,
        Self::InteractiveBrowser,
        Self::AuthorizationCode,
        Self::OnBehalfOf,
    ];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::ManagedIdentity => "managed-identity",
            Self::ClientSecret => "client-secret",
            Self::ClientCertificate => "client-certificate",
            Self::WorkloadIdentity => "workload-identity",
            Self::Environment => "environment",
            Self::AzureCli => "azure-cli",
            Self::AzureDeveloperCli => "azure-developer-cli",
            Self::DeviceCode => "device-code",
            Self::InteractiveBrowser => "interactive-browser",
            Self::AuthorizationCode => "authorization-code",
            Self::OnBehalfOf => "on-behalf-of",
        }
    }

    /// What the platform or a developer sets for it, besides its name.
    pub fn settings(self, identity: &Identity, entra: &Entra, tools: &Tools) -> Vec<(String, String)> {
        let file = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let with = |name: &str, value: String| {
            let mut settings = entra.env_of(&entra.client_id());
            settings.push((name.to_owned(), value));
            settings
        };
        match self {
            Self::ManagedIdentity => identity.env().map(|(name, value)| (name.to_owned(), value)).into(),
            Self::ClientSecret | Self::Environment | Self::AuthorizationCode | Self::OnBehalfOf => {
                entra.env()
            }
            Self::ClientCertificate => {
                with("AZURE_CLIENT_CERTIFICATE_PATH", file(entra.certificate(CertificateFile::Pem)))
            }
            Self::WorkloadIdentity => with("AZURE_FEDERATED_TOKEN_FILE", file(entra.federated_token_file())),
            Self::AzureCli | Self::AzureDeveloperCli => {
                vec![("PATH".to_owned(), file(tools.folder().to_owned()))]
            }
            Self::DeviceCode | Self::InteractiveBrowser => entra.env_of(&entra.public_client_id()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Options;

    #[tokio::test]
    async fn every_credential_has_what_it_needs_and_files_that_are_there() {
        let identity = Identity::start(Options::default()).await.unwrap();
        let entra = Entra::start(&identity).await.unwrap();
        let tools = Tools::start(&identity, &entra).await.unwrap();
        for credential in Credential::ALL {
            let settings = credential.settings(&identity, &entra, &tools);
            assert!(!settings.is_empty(), "{credential:?}");
            for (name, value) in settings {
                let is_path = name.ends_with("_FILE") || name.ends_with("_PATH") || name == "PATH";
                assert!(!is_path || std::path::Path::new(&value).exists(), "{credential:?}: {name}={value}");
                let id = matches!(credential, Credential::DeviceCode | Credential::InteractiveBrowser);
                let id = if id { entra.public_client_id() } else { entra.client_id() };
                assert!(name != "AZURE_CLIENT_ID" || value == id, "{credential:?}");
            }
        }
    }
}
