//! The managed identity, as the platform offers it (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`).

use std::sync::Arc;

use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};

/// A managed identity whose retries fit into an invocation: the SDK's own budget is over a minute.
pub(super) fn new(client_id: Option<String>) -> azure_core::Result<Arc<ManagedIdentityCredential>> {
    let retry = RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: Duration::milliseconds(200),
        max_retries: 3,
        max_total_elapsed: Duration::seconds(6),
        max_delay: Duration::seconds(2),
    });
    ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(UserAssignedId::ClientId),
        client_options: ClientOptions { retry, ..ClientOptions::default() },
    }))
}
