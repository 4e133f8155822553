//! An issuer outside Entra, as of a Kubernetes cluster, whose tokens the confidential client's federated credential
//! trusts, and the file into which the platform writes them.
//!
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use serde_json::json;
use time::OffsetDateTime;

use super::{Entra, registration::FederatedCredential};
use crate::{
    identity::{jwt, key::SigningKey},
    script::lock,
};

const ISSUER: &str = "https://oidc.sandbox.example/cluster";

/// The subject that the federated credential names.
pub const FEDERATED_SUBJECT: &str = "system:serviceaccount:mirror:graph-mirror";

/// The audience that Entra wants in such tokens.
pub const FEDERATED_AUDIENCE: &str = "api://AzureADTokenExchange";

const FILE: &str = "federated-token";

impl Entra {
    /// The file with a token of the outside issuer that is good for an hour. It is written, and the credential registered,
    /// when it is first asked for.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn federated_token_file(&self) -> PathBuf {
        let path = lock(&self.files).folder().join(FILE);
        if path.exists() {
            return path;
        }
        self.write_federated_token(FEDERATED_SUBJECT, FEDERATED_AUDIENCE, Duration::from_secs(3600))
    }

    /// Writes another token into the file, as the platform does again and again. One without life has expired long ago.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_federated_token(&self, subject: &str, audience: &str, life: Duration) -> PathBuf {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        let key = KEY.get_or_init(SigningKey::new_rsa);
        lock(&self.desk.state).issuers.insert(ISSUER.into(), key.public().clone());
        self.confidential(|app| {
            if app.federated.is_empty() {
                app.federated.push(FederatedCredential {
                    issuer: ISSUER.into(),
                    subject: FEDERATED_SUBJECT.into(),
                    audience: FEDERATED_AUDIENCE.into(),
                });
            }
        });
        let begun = match life.is_zero() {
            true => OffsetDateTime::now_utc() - Duration::from_secs(7200),
            false => OffsetDateTime::now_utc(),
        };
        let until = (begun + life).unix_timestamp();
        let begun = begun.unix_timestamp();
        let payload = json!({
            "iss": ISSUER, "sub": subject, "aud": [audience], "iat": begun, "nbf": begun, "exp": until,
            "jti": format!("{:032x}", self.desk.random()),
        });
        let header = json!({"typ": "JWT", "kid": key.public().id()});
        let token = jwt::sign(key, "RS256", header, &payload).expect("the issuer's key is an RSA key");
        let path = lock(&self.files).folder().join(FILE);
        std::fs::write(&path, token).expect("the folder of Entra's files is there");
        path
    }
}
