//! An issuer outside Entra, as of a Kubernetes cluster, whose tokens the confidential client's federated credential
//! trusts, and the file into which the platform writes them.
//!
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use serde_json::json;
use time::OffsetDateTime;

use super::{desk::Desk, registration::FederatedCredential};
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

/// The file with a token that is good for an hour, written if it is not there.
pub(super) fn file(desk: &Desk, folder: &Path) -> PathBuf {
    let path = folder.join(FILE);
    if path.exists() {
        return path;
    }
    write(desk, folder, FEDERATED_SUBJECT, FEDERATED_AUDIENCE, Duration::from_secs(3600))
}

/// Writes a token into the file, and registers the credential if there is none. One without life has expired long ago.
pub(super) fn write(desk: &Desk, folder: &Path, subject: &str, audience: &str, life: Duration) -> PathBuf {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    let key = KEY.get_or_init(SigningKey::new_rsa);
    lock(&desk.state).issuers.insert(ISSUER.into(), key.public().clone());
    desk.confidential(|app| {
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
        "jti": format!("{:032x}", desk.random()),
    });
    let header = json!({"typ": "JWT", "kid": key.public().id()});
    let token = jwt::sign(key, "RS256", header, &payload).expect("the issuer's key is an RSA key");
    let path = folder.join(FILE);
    std::fs::write(&path, token).expect("the folder of Entra's files is there");
    path
}
