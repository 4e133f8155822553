//! `authorization-code`: a person signed in elsewhere, and the code of that sign-in is redeemed here,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#redeem-a-code-for-an-access-token>.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::ask::Ask;
use super::failure::Failure;
use super::granted::Granted;

/// A code, and what it was asked for with. Good for one use and some minutes.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: SecretString,
    /// The redirect address with which it was asked for.
    pub redirect_uri: String,
    /// The PKCE verifier, where the code was asked for with a challenge.
    pub verifier: Option<SecretString>,
}

impl Code {
    /// Redeems the code.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn redeem(&self, ask: &Ask<'_>) -> Result<Granted, Failure> {
        let mut grant = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.expose_secret()),
            ("redirect_uri", &self.redirect_uri),
        ];
        grant.extend(self.verifier.as_ref().map(|verifier| ("code_verifier", verifier.expose_secret())));
        ask.redeem(grant).await
    }

    /// By what a code is known after it was redeemed, without being the code.
    pub(super) fn mark(&self) -> String {
        let hash = Sha256::digest(self.code.expose_secret().as_bytes());
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
