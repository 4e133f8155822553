//! An app registration with a certificate: the client credentials grant with an assertion in place of a secret,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.
//!
//! azure_identity's own credential takes PKCS #12 only, and that through OpenSSL; so the assertion is ours and the
//! request is azure_identity's.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::{CertificateFile, Registration};

/// An app registration and the file with its certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// Who the app is.
    pub registration: Registration,
    /// What proves it.
    pub certificate: CertificateFile,
}

#[async_trait::async_trait]
impl TokenCredential for ClientCertificate {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let assertion = self.certificate.assertion(&self.registration).await?;
        self.registration.exchange(assertion, scopes, options).await
    }
}
