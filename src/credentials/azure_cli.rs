//! Who is signed in to the Azure CLI (`az login`), a person or an application:
//! <https://learn.microsoft.com/cli/azure/account#az-account-get-access-token>.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions};

use super::tool::{self, Tool};

const AZ: Tool = Tool {
    name: "the Azure CLI",
    command: "az",
    sign_in: "az login",
    probe: "az account get-access-token --scope <scope> --output none",
};

/// The account of the Azure CLI.
#[derive(Debug, Clone)]
pub struct AzureCli {
    /// The tenant whose token is asked for; without it, the CLI's own.
    pub tenant_id: Option<String>,
}

#[async_trait::async_trait]
impl TokenCredential for AzureCli {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let how = AzureCliCredentialOptions {
            tenant_id: self.tenant_id.clone(),
            executor: Some(tool::executor()),
            ..AzureCliCredentialOptions::default()
        };
        let credential = AzureCliCredential::new(Some(how))?;
        AZ.token(credential.get_token(scopes, options)).await
    }
}
