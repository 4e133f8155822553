//! Credentials: settings become one [`TokenCredential`], with a cache in front.
//!
//! The credentials are azure_identity's; the cache is ours, because the SDK asks for a token on every
//! Cosmos request, refreshes only when a caller waits, and hands out an error in a token's last five
//! minutes although the token would still do.

use std::error::Error as _;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;

mod cache;
mod claims;
mod managed_identity;

pub use cache::Cached;
pub use claims::{Claims, claims};

/// Why there is no token, with the next step. The SDK's own words name neither where it is about a status or
/// a connection.
pub fn explain(error: &azure_core::Error) -> String {
    let mut status = error.http_status();
    let mut source = error.source();
    while let (None, Some(cause)) = (status, source) {
        status = cause.downcast_ref::<azure_core::Error>().and_then(azure_core::Error::http_status);
        source = cause.source();
    }
    let what = match status {
        Some(status) => format!("the identity server answered status {status}"),
        None => error.to_string(),
    };
    format!(
        "{what}; check that a managed identity is assigned and, if user-assigned, named by AZURE_CLIENT_ID"
    )
}

/// The app credential: for now the managed identity, system-assigned or the user-assigned one that
/// `client_id` names.
pub fn app(client_id: Option<&str>) -> Arc<Cached> {
    let client_id = client_id.map(str::to_owned);
    Arc::new(Cached::new(move || {
        let credential = managed_identity::new(client_id.clone())?;
        Ok(credential as Arc<dyn TokenCredential>)
    }))
}
