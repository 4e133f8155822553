//! Credentials: who we are towards a service becomes a [`TokenCredential`], with a cache in front.
//!
//! The credentials are azure_identity's; the cache is ours, because the SDK asks for a token on every
//! Cosmos request, refreshes only when a caller waits, and hands out an error in a token's last five
//! minutes although the token would still do. What goes wrong is told in our words, which name the setting.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;
use url::Url;

mod azure_cli;
mod azure_developer_cli;
mod cache;
mod certificate;
mod chain;
mod claims;
mod client_certificate;
mod client_secret;
mod explain;
mod managed_identity;
mod problem;
mod refusal;
mod registration;
mod tool;
mod workload_identity;

pub use azure_cli::AzureCli;
pub use azure_developer_cli::AzureDeveloperCli;
pub use cache::{Cached, Patience};
pub use certificate::CertificateFile;
use chain::Walk;
pub use chain::{Answered, Chain, Link};
pub use claims::{Claims, claims};
pub use client_certificate::ClientCertificate;
pub use client_secret::ClientSecret;
pub use managed_identity::ManagedIdentity;
pub use registration::Registration;
pub use workload_identity::WorkloadIdentity;

/// Who we are towards one service.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The platform's identity.
    ManagedIdentity(ManagedIdentity),
    /// An app registration with a client secret.
    ClientSecret(ClientSecret),
    /// An app registration with a certificate.
    ClientCertificate(ClientCertificate),
    /// An app registration that trusts a platform's tokens.
    WorkloadIdentity(WorkloadIdentity),
    /// The account of the Azure CLI.
    AzureCli(AzureCli),
    /// The account of the Azure Developer CLI.
    AzureDeveloperCli(AzureDeveloperCli),
    /// The first of several that gives a token.
    Auto(Chain),
}

impl Credential {
    /// Its name in `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ManagedIdentity(_) => "managed-identity",
            Self::ClientSecret(_) => "client-secret",
            Self::ClientCertificate(_) => "client-certificate",
            Self::WorkloadIdentity(_) => "workload-identity",
            Self::AzureCli(_) => "azure-cli",
            Self::AzureDeveloperCli(_) => "azure-developer-cli",
            Self::Auto(_) => "auto",
        }
    }

    /// Where it asks Entra for tokens, if it does; others ask the platform or a tool for theirs. Of `auto` it is that of the
    /// first link that does.
    pub fn authority(&self) -> Option<&Url> {
        match self {
            Self::ClientSecret(app) => Some(&app.registration.authority),
            Self::ClientCertificate(app) => Some(&app.registration.authority),
            Self::WorkloadIdentity(app) => Some(&app.registration.authority),
            Self::ManagedIdentity(_) | Self::AzureCli(_) | Self::AzureDeveloperCli(_) => None,
            Self::Auto(chain) => chain.links.iter().find_map(|link| match link {
                Link::Asked(credential) => credential.authority(),
                Link::Skipped(..) | Link::Metadata(_) => None,
            }),
        }
    }

    /// The credential, with a cache in front: a [`TokenCredential`] that can be asked for every request. Opens
    /// nothing before it is asked for a token.
    pub fn cached(self) -> Arc<Cached> {
        let explained = self.clone();
        let explain = move |error: &_| explain::explain(error, &explained);
        Arc::new(match self {
            Self::Auto(chain) => Cached::walking(Arc::new(Walk::new(chain)), explain),
            Self::AzureCli(_) | Self::AzureDeveloperCli(_) => {
                Cached::anew(self.name(), move || self.make(), explain, Patience::TOOLS)
            }
            _ => Cached::anew(self.name(), move || self.make(), explain, Patience::APPLICATION),
        })
    }

    /// The credential without a cache.
    fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self.clone() {
            Self::ManagedIdentity(identity) => identity.make()?,
            Self::ClientSecret(app) => app.make()?,
            Self::ClientCertificate(app) => Arc::new(app),
            Self::WorkloadIdentity(app) => Arc::new(app),
            Self::AzureCli(account) => Arc::new(account),
            Self::AzureDeveloperCli(account) => Arc::new(account),
            Self::Auto(chain) => Arc::new(Walk::new(chain)),
        })
    }
}

/// Retries that fit into an invocation: the SDK's own budget is over a minute.
fn retry() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: Duration::milliseconds(200),
        max_retries: 3,
        max_total_elapsed: Duration::seconds(6),
        max_delay: Duration::seconds(2),
    })
}
