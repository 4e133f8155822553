//! Entra's token endpoint, over https with a certificate of a throw-away authority.
//!
//! One tenant with one app registration that has one client secret. Promises the wire form of the client credentials
//! grant, <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>; tokens go into the
//! registry of [`Identity`]. Left out: every other grant, and discovery, which azure_identity does without.

mod wire;

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use axum::{Router, routing::post};
use tempfile::NamedTempFile;

use super::{Identity, Inner, tls};
use crate::{
    loopback::{Cut, Loopback, Server},
    script::lock,
};

/// What the handlers see.
struct Desk {
    registry: Arc<Inner>,
    secret: Mutex<ClientSecret>,
    is_down: Mutex<bool>,
}

/// The one client secret of the app registration.
struct ClientSecret {
    value: String,
    is_expired: bool,
}

/// The running endpoint. Clones are handles to the same one.
#[derive(Clone)]
pub struct Entra {
    desk: Arc<Desk>,
    origin: String,
    server: Arc<Mutex<Option<Server>>>,
    authority_file: Arc<NamedTempFile>,
}

impl Entra {
    /// Starts the endpoint on a port of its own, issuing into the registry of `identity`.
    pub async fn start(identity: &Identity) -> anyhow::Result<Self> {
        let (config, authority) = tls::throw_away().context("making certificates")?;
        let mut authority_file = NamedTempFile::with_suffix(".pem")?;
        authority_file.write_all(authority.as_bytes())?;

        let registry = Arc::clone(&identity.inner);
        let secret = ClientSecret { value: new_secret(&registry), is_expired: false };
        let desk = Arc::new(Desk { registry, secret: secret.into(), is_down: false.into() });
        let router = Router::new()
            .route("/{tenant}/oauth2/v2.0/token", post(wire::token))
            .with_state(Arc::clone(&desk))
            .into_make_service_with_connect_info::<Cut>();
        let loopback = Loopback::bind().await?;
        let origin = loopback.origin().replace("http://127.0.0.1", "https://localhost");
        let listener = tls::TlsListener::over(loopback, config)?;
        let server = Server::new(origin.clone(), async move {
            let _never = axum::serve(listener, router).await;
        });
        let (server, authority_file) = (Arc::new(Mutex::new(Some(server))), Arc::new(authority_file));
        Ok(Self { desk, origin, server, authority_file })
    }

    /// The settings with which an app uses the app registration, and trusts the endpoint.
    pub fn env(&self) -> Vec<(String, String)> {
        let options = lock(&self.desk.registry.options).clone();
        let file = self.authority_file().to_string_lossy().into_owned();
        let named = [
            ("AZURE_AUTHORITY_HOST", self.origin.clone()),
            ("AZURE_TENANT_ID", options.tenant_id),
            ("AZURE_CLIENT_ID", options.app_registration.client_id),
            ("AZURE_CLIENT_SECRET", self.secret()),
            ("SSL_CERT_FILE", file),
        ];
        named.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The file with the certificate of the authority (PEM).
    pub fn authority_file(&self) -> &Path {
        self.authority_file.path()
    }

    /// `https://localhost:<port>`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The present client secret.
    pub fn secret(&self) -> String {
        lock(&self.desk.secret).value.clone()
    }

    /// Replaces the client secret; the one before is wrong from now on. Tokens that were issued stay good, as in Entra.
    pub fn rotate_secret(&self) -> String {
        let value = new_secret(&self.desk.registry);
        *lock(&self.desk.secret) = ClientSecret { value: value.clone(), is_expired: false };
        value
    }

    /// The present client secret expires.
    pub fn expire_secret(&self) {
        lock(&self.desk.secret).is_expired = true;
    }

    /// Goes down for good: connections that are open are reset, new ones are refused.
    pub fn stop(&self) {
        *lock(&self.desk.is_down) = true;
        lock(&self.server).take();
    }
}

/// Looks like one of Entra's.
fn new_secret(registry: &Inner) -> String {
    format!("sbx8Q~{:032x}.~", lock(&registry.issued).random())
}

#[cfg(test)]
mod tests;
