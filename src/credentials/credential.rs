//! Who we are towards a service, as the settings say.

use url::Url;

use super::azure_cli::AzureCli;
use super::azure_developer_cli::AzureDeveloperCli;
use super::client_certificate::ClientCertificate;
use super::client_secret::ClientSecret;
use super::delegated::{Api, OnBehalfOf, Proof, Show, SignIn};
use super::managed_identity::ManagedIdentity;
use super::registration::Registration;
use super::workload_identity::WorkloadIdentity;

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

    /// The app registration for whose API callers have tokens, if it is one that can prove itself: our own, or `stated`, which
    /// trusts our managed identity.
    pub fn api(&self, stated: Option<Registration>) -> Option<Api> {
        let (registration, proof) = match self {
            Self::ClientSecret(app) => (&app.registration, Proof::Secret(app.secret.clone())),
            Self::ClientCertificate(app) => (&app.registration, Proof::Certificate(app.certificate.clone())),
            Self::WorkloadIdentity(app) => (&app.registration, Proof::Federated(app.clone())),
            Self::ManagedIdentity(identity) => {
                return Some(Api { registration: stated?, proof: Proof::ManagedIdentity(identity.clone()) });
            }
            _ => return None,
        };
        Some(Api { registration: registration.clone(), proof })
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
}

/// The links in their order.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Each of them.
    pub links: Vec<Link>,
}

/// One link.
#[derive(Debug, Clone)]
pub enum Link {
    /// It cannot apply: its name, and why.
    Skipped(&'static str, &'static str),
    /// A credential that is asked.
    Asked(Box<Credential>),
    /// A managed identity that only the instance metadata service could give a token for.
    Metadata(ManagedIdentity),
}

impl Link {
    /// The name of its credential.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Skipped(name, _) => name,
            Self::Asked(credential) => credential.name(),
            Self::Metadata(_) => "managed-identity",
        }
    }
}
