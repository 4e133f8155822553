//! Credentials: who we are towards a service becomes a [`TokenCredential`], with a cache in front.
//!
//! The credentials are azure_identity's; the cache is ours, because the SDK asks for a token on every
//! Cosmos request, refreshes only when a caller waits, and hands out an error in a token's last five
//! minutes although the token would still do. What goes wrong is told in our words, which name the setting.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;

mod cache;
mod claims;
mod client_secret;
mod explain;
mod managed_identity;
mod refusal;
mod registration;

pub use cache::{Cached, Patience};
pub use claims::{Claims, claims};
pub use client_secret::ClientSecret;
pub use managed_identity::ManagedIdentity;
pub use registration::Registration;

/// Who we are towards one service.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The platform's identity.
    ManagedIdentity(ManagedIdentity),
    /// An app registration with a client secret.
    ClientSecret(ClientSecret),
}

impl Credential {
    /// Its name in `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ManagedIdentity(_) => "managed-identity",
            Self::ClientSecret(_) => "client-secret",
        }
    }

    /// The credential, with a cache in front: a [`TokenCredential`] that can be asked for every request. Opens
    /// nothing before it is asked for a token.
    pub fn cached(self) -> Arc<Cached> {
        let explained = self.clone();
        let explain = move |error: &_| explain::explain(error, &explained);
        Arc::new(Cached::anew(move || self.make(), explain, Patience::APPLICATION))
    }

    fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self {
            Self::ManagedIdentity(identity) => identity.make()?,
            Self::ClientSecret(registration) => registration.make()?,
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
