//! A request for tokens as every flow makes it: the grant differs, the rest does not.

use azure_core::credentials::Secret;
use azure_core::time::OffsetDateTime;

use super::failure::Failure;
use super::granted::Granted;
use super::prompt::Show;
use super::wire::{Endpoint, Form};

/// What is asked, of which tenant, and where a person is told about it.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The endpoints of the tenant.
    pub endpoint: &'a Endpoint,
    /// The parameter `scope`.
    pub scope: &'a str,
    /// The parameter `claims`.
    pub claims: &'a str,
    /// Parameters that prove that the app is the app; none of a public client.
    pub proof: &'a [(&'static str, Secret)],
    /// Where prompts go.
    pub show: &'a Show,
}

impl Ask<'_> {
    /// Redeems a grant: its own parameters, `grant_type` first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn redeem(&self, grant: Form<'_>) -> Result<Granted, Failure> {
        let mut form = grant;
        form.push(("client_id", &self.endpoint.registration().client_id));
        form.push(("scope", self.scope));
        form.push(("claims", self.claims));
        form.extend(self.proof.iter().map(|(name, value)| (*name, value.secret())));
        let members = self.endpoint.post("token", &form).await?;
        Granted::read(&members, OffsetDateTime::now_utc())
    }

    /// Redeems a refresh token. The answer has another one, which replaces it:
    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token>.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Granted, Failure> {
        let grant = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.secret())];
        let granted = self.redeem(grant).await?;
        let refresh_token = granted.refresh_token.or_else(|| Some(refresh_token.clone()));
        Ok(Granted { refresh_token, ..granted })
    }
}
