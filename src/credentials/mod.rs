//! Credentials: who we are towards a service becomes a [`TokenCredential`], with a cache in front.
//!
//! The credentials are azure_identity's; the cache is ours, because the SDK asks for a token on every
//! Cosmos request, refreshes only when a caller waits, and hands out an error in a token's last five
//! minutes although the token would still do. What goes wrong is told in our words, which name the setting.
//!
//! A token, with whatever credential the settings name:
//!
//! ```no_run
//! use azure_core::credentials::TokenCredential as _;
//! use graph_mirror::settings::{Settings, environment};
//!
//! # async fn token() -> anyhow::Result<()> {
//! let credential = Settings::for_graph(environment)?.credential.cached();
//! let token = credential.get_token(&["https://graph.microsoft.com/.default"], None).await?;
//! println!("good until {}", token.expires_on);
//! # Ok(())
//! # }
//! ```
//!
//! A credential with which a person signs in shows its prompt where [`Credential::showing`] says.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;
use url::Url;

mod answer;
mod azure_cli;
mod azure_developer_cli;
mod cache;
mod certificate;
mod chain;
mod claims;
mod claims_request;
mod client_certificate;
mod client_secret;
mod delegated;
mod explain;
mod managed_identity;
mod patience;
mod problem;
mod refusal;
mod registration;
mod tool;
mod workload_identity;

pub use answer::{of_tool, token_answer};
pub use azure_cli::AzureCli;
pub use azure_developer_cli::AzureDeveloperCli;
pub use cache::Cached;
pub use certificate::CertificateFile;
use chain::Walk;
pub use chain::{Answered, Chain, Link};
pub use claims::{Claims, claims};
pub use client_certificate::ClientCertificate;
pub use client_secret::ClientSecret;
use delegated::Person;
pub use delegated::{
    Code, Flow, KeptError, OnBehalfOf, Prompt, Proof, SIGN_IN_FIRST, Show, SignIn, forget_all,
};
pub use managed_identity::ManagedIdentity;
pub use patience::Patience;
pub use refusal::code as refusal_code;
pub use registration::Registration;
pub use workload_identity::WorkloadIdentity;

/// Why these do not answer a claims challenge.
const MANAGED_CLAIMS: &str = "the service asks for a token with other claims (a claims challenge), which a managed identity \
                              cannot get; try again once the platform has a new token, or set GRAPH_CREDENTIAL to another \
                              credential";
const TOOL_CLAIMS: &str = "the service asks for a token with other claims (a claims challenge), which the tool that is signed \
                           in cannot be asked for; sign in to it again, or set GRAPH_CREDENTIAL to another credential";

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
    /// A person who signs in.
    SignIn(SignIn),
    /// A user whose token for our API becomes one for the service.
    OnBehalfOf(OnBehalfOf),
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
            Self::SignIn(person) => person.flow.name(),
            Self::OnBehalfOf(_) => "on-behalf-of",
        }
    }

    /// Where it asks Entra for tokens, if it does; others ask the platform or a tool for theirs. Of `auto` it is that of the
    /// first link that does.
    pub fn authority(&self) -> Option<&Url> {
        match self {
            Self::ClientSecret(app) => Some(&app.registration.authority),
            Self::ClientCertificate(app) => Some(&app.registration.authority),
            Self::WorkloadIdentity(app) => Some(&app.registration.authority),
            Self::SignIn(person) => Some(&person.registration.authority),
            Self::OnBehalfOf(user) => Some(&user.registration.authority),
            Self::ManagedIdentity(_) | Self::AzureCli(_) | Self::AzureDeveloperCli(_) => None,
            Self::Auto(chain) => chain.links.iter().find_map(|link| match link {
                Link::Asked(credential) => credential.authority(),
                Link::Skipped(..) | Link::Metadata(_) => None,
            }),
        }
    }

    /// It, showing a person what they have to see to sign in. Without this, a person who is not signed in yet cannot
    /// be asked.
    #[must_use]
    pub fn showing(self, show: Show) -> Self {
        match self {
            Self::SignIn(person) => Self::SignIn(SignIn { show, ..person }),
            other => other,
        }
    }

    /// The credential, with a cache in front: a [`TokenCredential`] that can be asked for every request. Opens nothing
    /// before it is asked for a token.
    pub fn cached(self) -> Arc<Cached> {
        let (explained, name) = (self.clone(), self.name());
        let explain = move |error: &_| explain::explain(error, &explained);
        Arc::new(match self {
            Self::Auto(chain) => Cached::walking(Arc::new(Walk::new(chain)), explain),
            Self::AzureCli(_) | Self::AzureDeveloperCli(_) => {
                Cached::anew(name, move || self.make(), explain, Patience::TOOL).without_claims(TOOL_CLAIMS)
            }
            Self::SignIn(person) => {
                let person = Arc::new(Person::new(person));
                let forgetful = Arc::clone(&person);
                let cached = Cached::kept(name, person, explain, Patience::PERSON);
                cached.also_forgetting(move || forgetful.forget())
            }
            Self::OnBehalfOf(user) => Cached::kept(name, user.credential(), explain, Patience::PERSON),
            Self::ManagedIdentity(_) => {
                let cached = Cached::anew(name, move || self.make(), explain, Patience::APPLICATION);
                cached.without_claims(MANAGED_CLAIMS)
            }
            _ => Cached::anew(name, move || self.make(), explain, Patience::APPLICATION),
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
            Self::SignIn(person) => Arc::new(Person::new(person)),
            Self::OnBehalfOf(user) => user.credential(),
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
