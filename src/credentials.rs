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
//! use graph_mirror::credentials::cached;
//! use graph_mirror::settings::{Settings, environment};
//!
//! # async fn token() -> anyhow::Result<()> {
//! let credential = cached(Settings::for_graph(environment)?.credential);
//! let token = credential.get_token(&["https://graph.microsoft.com/.default"], None).await?;
//! println!("good until {}", token.expires_on);
//! # Ok(())
//! # }
//! ```
//!
//! A credential with which a person signs in shows its prompt where [`Credential::showing`] says.

mod answer;
mod azure_cli;
mod azure_developer_cli;
mod by_code;
mod cache;
mod caller;
mod certificate;
mod chain;
mod claims;
mod claims_request;
mod client_certificate;
mod client_secret;
mod credential;
mod delegated;
mod explain;
mod make;
mod managed_identity;
mod of_person;
mod patience;
mod problem;
mod refusal;
mod registration;
mod retries;
mod tool;
mod workload_identity;

pub use answer::{of_tool, token_answer, unreadable};
pub use azure_cli::AzureCli;
pub use azure_developer_cli::AzureDeveloperCli;
pub use cache::Cached;
pub use caller::{Caller, Expected, Issuer, Keys, NotACaller, Published, Shown, Unpublished};
pub use certificate::CertificateFile;
pub use chain::Answered;
pub use claims::{Claims, claims};
pub use client_certificate::ClientCertificate;
pub use client_secret::ClientSecret;
pub use credential::{Chain, Credential, Link};
pub use delegated::{
    Api, Code, Flow, ForCaller, KeptError, NotActing, OnBehalfOf, Prompt, Proof, SIGN_IN_FIRST, Show, SignIn,
    forget_all,
};
pub use make::cached;
pub use managed_identity::ManagedIdentity;
pub use of_person::OfPerson;
pub use patience::Patience;
pub use refusal::code as refusal_code;
pub use registration::Registration;
pub use workload_identity::WorkloadIdentity;
