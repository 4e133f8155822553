//! A credential whose tokens are for Cosmos DB in one cloud.
//!
//! The SDK asks its credential for the scope of the global cloud, wherever the account is, and an account of a national
//! cloud refuses that audience (<https://github.com/Azure/azure-sdk-for-net/issues/49087> has its words). Here, the scope
//! is the one of the settings, whatever the SDK asks for.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

/// The credential, and the scope with which it is asked.
#[derive(Debug)]
pub(super) struct Scoped {
    pub credential: Arc<dyn TokenCredential>,
    pub scope: String,
}

#[async_trait::async_trait]
impl TokenCredential for Scoped {
    async fn get_token(
        &self,
        _of_the_global_cloud: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.credential.get_token(&[&self.scope], options).await
    }
}
