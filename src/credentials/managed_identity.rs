//! The managed identity, as the platform offers it (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`):
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity>.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};

use super::answer::ReadTokens;

/// A system-assigned or a user-assigned identity.
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    /// Client id of a user-assigned one.
    pub client_id: Option<String>,
    /// The setting that names the client id.
    pub setting: &'static str,
}

impl ManagedIdentity {
    pub(super) fn make(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id.clone().map(UserAssignedId::ClientId),
            client_options: ClientOptions {
                retry: super::retries::retry(),
                per_call_policies: vec![Arc::new(ReadTokens)],
                ..ClientOptions::default()
            },
        };
        Ok(ManagedIdentityCredential::new(Some(options))?)
    }
}
