//! The sandbox's identity alone, for clients in other languages: Entra, the managed identity, `az` and a browser.
//!
//! `cargo run -p sandbox --bin identity` prints one JSON object with addresses, ids, secrets and files, and runs until its
//! standard input ends. The official clients of `.ci/clients` are held against it.

use anyhow::{Context as _, Result};
use sandbox::identity::{CERTIFICATE_PASSWORD, CertificateFile, Entra, Identity, Options, Tools};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let identity = Identity::start(Options { caches: true, ..Options::default() }).await?;
    let entra = Entra::start(&identity).await?;
    entra.switches().set_device_interval(std::time::Duration::from_secs(1));
    let tools = Tools::start(&identity, &entra).await?;
    println!("{}", described(&identity, &entra, &tools)?);
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

/// What another process needs to use it.
fn described(identity: &Identity, entra: &Entra, tools: &Tools) -> Result<Value> {
    let user = identity.users().into_iter().next().context("somebody can sign in")?;
    tools.sit_down(Some(&user.user_principal_name));
    let [(_, endpoint), (_, header)] = identity.env();
    Ok(json!({
        "authorityHost": entra.origin(),
        "authorityFile": entra.authority_file(),
        "tenantId": identity.tenant_id(),
        "clientId": entra.client_id(),
        "clientSecret": entra.secret(),
        "appIdUri": entra.app_id_uri(),
        "certificate": entra.certificate(CertificateFile::Pem),
        "certificateEc": entra.certificate(CertificateFile::EcPem),
        "certificatePfx": entra.certificate(CertificateFile::Pfx),
        "certificatePassword": CERTIFICATE_PASSWORD,
        "federatedTokenFile": entra.federated_token_file(),
        "publicClientId": entra.public_client_id(),
        "username": user.user_principal_name,
        "userId": user.object_id,
        "managedIdentity": {"endpoint": endpoint, "header": header, "clientId": identity.client_id()},
        "tools": tools.folder(),
    }))
}
