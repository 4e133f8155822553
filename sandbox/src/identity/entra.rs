//! Entra over https, with a certificate of a throw-away authority: discovery, the sign-in page, devices, and the token
//! endpoint with all its grants. Tokens go into the registry of [`Identity`].
//!
//! One tenant with two app registrations: a confidential client that is an API too, and a public client. Clients find it by
//! `AZURE_AUTHORITY_HOST` and trust it by `SSL_CERT_FILE`. Left out: the endpoints of version 1.0, passwords, certificates
//! that are trusted by their issuer, and everything that a tenant has besides apps, users and consents.
//!
//! The map: `registration` and `certificate` (what an app has), `state` and `desk` (what is remembered), `discovery`, `authorize`,
//! `device`, `page` (what a browser sees), `token` with `authenticate`, `assertion` and `grants`, `form`, `scope` and
//! `error` (the wire), `federation` (somebody else's tokens), `forge` (tokens that nobody issued), `browser`
//! and `visitor` (a user at the pages), `switches` (what a test can do to it).

mod assertion;
mod authenticate;
mod authorize;
mod browser;
mod certificate;
mod desk;
mod device;
mod discovery;
mod error;
mod federation;
mod forge;
mod form;
mod grant;
mod grants;
mod page;
mod registration;
mod scope;
mod state;
mod switches;
mod token;
mod visitor;

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    routing::{get, post},
};
use tempfile::NamedTempFile;
use tokio_rustls::rustls::ServerConfig;

use super::{Identity, User, tls};
use crate::{
    clock::Clock,
    deviations::Deviant,
    loopback::{Cut, Loopback, Server},
    script::lock,
};
pub use browser::{Browser, Page};
pub use certificate::{CERTIFICATE_PASSWORD, CertificateFile};
use desk::Desk;
pub use federation::{FEDERATED_AUDIENCE, FEDERATED_SUBJECT};
pub use forge::Signer;
pub use form::{HIDDEN, Request};
pub use switches::Switches;
pub use visitor::{SignIn, Visitor};

/// The running endpoint. Clones are handles to the same one.
#[derive(Clone)]
pub struct Entra {
    desk: Arc<Desk>,
    server: Arc<Mutex<Option<Server>>>,
    authority_file: Arc<NamedTempFile>,
    files: Arc<Mutex<certificate::Files>>,
    clock: Clock,
    deviant: Deviant,
    tls: Arc<ServerConfig>,
}

impl Entra {
    /// Starts the endpoint on a port of its own, issuing into the registry of `identity`.
    pub async fn start(identity: &Identity) -> anyhow::Result<Self> {
        let (config, authority) = tls::throw_away().context("making certificates")?;
        let mut authority_file = NamedTempFile::with_suffix(".pem")?;
        authority_file.write_all(authority.as_bytes())?;

        let loopback = Loopback::bind().await?;
        let origin = loopback.origin().replace("http://127.0.0.1", "https://localhost");
        let registry = Arc::clone(&identity.inner);
        let desk = Arc::new(Desk::new(registry, origin.clone()));
        let (clock, deviant) = (Clock::default(), Deviant::default());
        let router = clock.date(deviant.before(routes().with_state(Arc::clone(&desk))));
        let router = router.into_make_service_with_connect_info::<Cut>();
        let listener = tls::TlsListener::over(loopback, config.clone())?;
        let server = Server::new(origin, async move {
            let _never = axum::serve(listener, router).await;
        });
        let server = Arc::new(Mutex::new(Some(server)));
        let files = Arc::new(certificate::Files::new()?.into());
        Ok(Self {
            desk,
            server,
            authority_file: Arc::new(authority_file),
            files,
            clock,
            deviant,
            tls: config,
        })
    }

    /// The settings with which an app uses the confidential client by its secret, and trusts the endpoint.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut env = self.env_of(&self.client_id());
        env.push(("AZURE_CLIENT_SECRET".into(), self.secret()));
        env
    }

    /// The same for any app, without what it shows.
    pub fn env_of(&self, client_id: &str) -> Vec<(String, String)> {
        let file = self.authority_file().to_string_lossy().into_owned();
        let named = [
            ("AZURE_AUTHORITY_HOST", self.origin().to_owned()),
            ("AZURE_TENANT_ID", lock(&self.desk.registry.options).tenant_id.clone()),
            ("AZURE_CLIENT_ID", client_id.to_owned()),
            ("SSL_CERT_FILE", file),
        ];
        named.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// A server's side of TLS with a certificate of the same authority.
    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        self.tls.clone()
    }

    /// Where a deviation is planted.
    pub fn deviant(&self) -> &Deviant {
        &self.deviant
    }

    /// The clock that its answers are dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The file with the certificate of the authority (PEM).
    pub fn authority_file(&self) -> &Path {
        self.authority_file.path()
    }

    /// `https://localhost:<port>`.
    pub fn origin(&self) -> &str {
        &self.desk.origin
    }

    /// The client id of the confidential client.
    pub fn client_id(&self) -> String {
        lock(&self.desk.registry.options).app_registration.client_id.clone()
    }

    /// The client id of the public client.
    pub fn public_client_id(&self) -> String {
        lock(&self.desk.registry.options).public_client.client_id.clone()
    }

    /// What scopes of the confidential client, as an API, begin with: `api://<client id>`.
    pub fn app_id_uri(&self) -> String {
        format!("api://{}", self.client_id())
    }

    /// The present client secret.
    pub fn secret(&self) -> String {
        self.desk.secret()
    }

    /// A file with a certificate of the confidential client and its key. It is made, and the certificate registered, when
    /// it is first asked for.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn certificate(&self, which: CertificateFile) -> PathBuf {
        let made = lock(&self.files).get(which);
        let (path, certificate) = made.unwrap_or_else(|error| panic!("{error:#}"));
        if let Some(certificate) = certificate {
            self.desk.confidential(|app| app.certificates.push(certificate));
        }
        path
    }

    /// All requests so far, but the polls of a browser for pages.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.desk.state).requests.iter().map(|(_, request)| request.clone()).collect()
    }

    /// The file with a token of the outside issuer that is good for an hour. It is written, and the credential registered,
    /// when it is first asked for.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn federated_token_file(&self) -> PathBuf {
        federation::file(&self.desk, lock(&self.files).folder())
    }

    /// Writes another token into the file, as the platform does again and again. One without life has expired long ago.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_federated_token(&self, subject: &str, audience: &str, life: Duration) -> PathBuf {
        federation::write(&self.desk, lock(&self.files).folder(), subject, audience, life)
    }

    /// What a test can do to it.
    pub fn switches(&self) -> Switches {
        Switches::of(&self.desk)
    }

    /// A browser that trusts it.
    pub fn browser(&self) -> Browser {
        Browser::new(self.authority_file())
    }

    /// A user at that browser.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            browser: self.browser(),
            origin: self.origin().to_owned(),
            app: self.public_client_id(),
            api: self.app_id_uri(),
        }
    }

    /// A token that looks like one of this user for the confidential client as an API, with other claims and other members
    /// of the header. Nobody issued it.
    pub fn forge(
        &self,
        user: &User,
        claims: &serde_json::Value,
        header: &serde_json::Value,
        signer: Signer,
    ) -> String {
        forge::forge(&self.desk, user, claims, header, signer)
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        lock(&self.desk.state).requests.clear();
    }

    /// Goes down for good: connections that are open are reset, new ones are refused.
    pub fn stop(&self) {
        *lock(&self.desk.is_down) = true;
        lock(&self.server).take();
    }
}

fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/common/discovery/instance", get(discovery::instance))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::openid))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::show).post(authorize::submit))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::authorization))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/device", get(device::form).post(device::enter))
}

#[cfg(test)]
mod tests;
