//! An app registration in Entra: who the app is, and where its tokens come from. How it proves that is each
//! credential's own.

use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::http::ClientOptions;
use url::Url;

use super::refusal::ReadRefusals;

/// An app registration in one tenant.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Origin of the token endpoint; https.
    pub authority: Url,
    /// Id or domain name of the tenant, or `organizations` where a person may come from any.
    pub tenant_id: String,
    /// Client id (application id).
    pub client_id: String,
    /// The setting that names the client id.
    pub setting: &'static str,
}

impl Registration {
    /// How azure_identity asks the token endpoint of this authority.
    pub(super) fn client_options(&self) -> ClientOptions {
        // Stated here: left out, the SDK would read the environment for itself.
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.to_string();
        ClientOptions {
            retry: super::retry(),
            per_call_policies: vec![Arc::new(ReadRefusals)],
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        }
    }
}
