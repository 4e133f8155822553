//! Who is signed in to the Azure Developer CLI (`azd auth login`), a person or an application:
//! <https://learn.microsoft.com/azure/developer/azure-developer-cli/reference#azd-auth-token>.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_identity::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions};

use super::tool::{self, Tool};

const AZD: Tool = Tool {
    name: "the Azure Developer CLI",
    command: "azd",
    sign_in: "azd auth login",
    probe: "azd auth token --scope <scope> --no-prompt",
};

/// The account of the Azure Developer CLI.
#[derive(Debug, Clone)]
pub struct AzureDeveloperCli {
    /// The tenant whose token is asked for; without it, the CLI's own.
    pub tenant_id: Option<String>,
}

#[async_trait::async_trait]
impl TokenCredential for AzureDeveloperCli {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let how = AzureDeveloperCliCredentialOptions {
            tenant_id: self.tenant_id.clone(),
            executor: Some(tool::executor()),
        };
        let credential = AzureDeveloperCliCredential::new(Some(how))?;
        AZD.token(credential.get_token(scopes, options)).await
    }
}
