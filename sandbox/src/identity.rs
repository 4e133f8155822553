//! The issuers of tokens: the managed-identity endpoint of App Service over loopback http, and Entra's token endpoint
//! over https beside it ([`Entra`]). Both issue into one registry.
//!
//! It promises the wire form of <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
//! and that a token is good for one audience until it expires or is revoked; the Graph and Cosmos fakes ask
//! [`Identity::check`]. Tokens are JWTs that Entra's key signs, and besides a token is known by being registered here.
//! Left out: system- and user-assigned identities side by side (there is one identity).

mod entra;
mod fault;
mod issued;
pub mod jwt;
pub mod key;
mod options;
mod tls;
mod tools;
mod wire;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use time::OffsetDateTime;

use crate::{
    deviations::Deviant,
    loopback::{Cut, Loopback, Server},
    script::{Faults, Rule, lock},
};
pub use entra::{
    CERTIFICATE_PASSWORD, CertificateFile, Entra, FEDERATED_AUDIENCE, FEDERATED_SUBJECT, HIDDEN, Page,
    Request, SignIn, Signer,
};
use fault::Asked;
pub use fault::{Fault, Match};
pub use issued::Claims;
use issued::{Issued, Wanted};
pub use options::{COSMOS_AUDIENCE, ExpiresOn, Kind, Options, Principal, User};
pub(crate) use tls::throw_away;
pub use tools::{Mode, Tool, Tools};

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// Nobody issued it, or it was revoked.
    Unknown,
    /// It was issued for something else.
    Audience,
    /// Its time is over.
    Expired,
}

/// What a request is answered that is to fail.
enum Failed {
    Status(StatusCode),
    Refused(&'static str, u32),
}

struct Inner {
    options: Mutex<Options>,
    header: String,
    faults: Faults<Match, Fault>,
    issued: Mutex<Issued>,
}

/// The registry and the managed-identity endpoint. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
    server: Server,
    deviant: Deviant,
}

impl Identity {
    /// Starts the endpoint on a port of its own.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let loopback = Loopback::bind().await?;
        let mut issued = Issued::new(options.seed);
        let header = format!("{:032X}", issued.random());
        let (options, issued) = (options.into(), issued.into());
        let inner = Arc::new(Inner { options, header, faults: Faults::default(), issued });
        let router = Router::new().route("/msi/token", get(wire::token)).with_state(Arc::clone(&inner));
        let deviant = Deviant::default();
        Ok(Self { inner, server: loopback.serve(deviant.before(router)), deviant })
    }

    /// The environment that App Service would give to the app.
    pub fn env(&self) -> [(&'static str, String); 2] {
        [("IDENTITY_ENDPOINT", self.endpoint()), ("IDENTITY_HEADER", self.inner.header.clone())]
    }

    /// Where a deviation is planted.
    pub fn deviant(&self) -> &Deviant {
        &self.deviant
    }

    /// The address of the managed-identity endpoint.
    pub fn endpoint(&self) -> String {
        format!("{}/msi/token", self.server.origin())
    }

    /// Claim `tid` of the tokens.
    pub fn tenant_id(&self) -> String {
        lock(&self.inner.options).tenant_id.clone()
    }

    /// Claim `appid` of the managed identity's tokens.
    pub fn client_id(&self) -> String {
        lock(&self.inner.options).managed_identity.client_id.clone()
    }

    /// Says whether the token is good for the audience now.
    pub fn accepts(&self, token: &str, audience: &str) -> bool {
        self.check(token, audience).is_ok()
    }

    /// The claims of a token that is good for the audience now, or why it is not good.
    pub fn check(&self, token: &str, audience: &str) -> Result<Claims, Refusal> {
        let claims = lock(&self.inner.issued).claims(token).ok_or(Refusal::Unknown)?;
        if claims.audience != audience.trim_end_matches('/') {
            return Err(Refusal::Audience);
        }
        match claims.expires_on > OffsetDateTime::now_utc().unix_timestamp() {
            true => Ok(claims),
            false => Err(Refusal::Expired),
        }
    }

    /// A fresh token of the managed identity without the wire, for tests of the fakes themselves. Not counted as a
    /// request.
    pub fn issue(&self, resource: &str) -> String {
        let options = lock(&self.inner.options).clone();
        let wanted = Wanted::of_app(&options.managed_identity, resource);
        lock(&self.inner.issued).issue(&options, options.managed_lifetime, &wanted).0
    }

    /// A fresh token of the app registration that was asked for with these claims, without the wire. Not counted as a
    /// request.
    pub fn issue_with_claims(&self, resource: &str, claims: serde_json::Value) -> String {
        let options = lock(&self.inner.options).clone();
        let wanted = Wanted { asked: claims, ..Wanted::of_app(&options.app_registration, resource) };
        lock(&self.inner.issued).issue(&options, options.lifetime, &wanted).0
    }

    /// A fresh delegated token of the app registration without the wire, for tests of the fakes themselves: `user` is the
    /// object id of a user that need not be known here. Not counted as a request.
    pub fn issue_delegated(&self, resource: &str, scopes: &[&str], user: &str) -> String {
        let options = lock(&self.inner.options).clone();
        let known = options.users.iter().find(|known| known.object_id == user).cloned();
        let user = known.unwrap_or_else(|| User {
            object_id: user.to_owned(),
            user_principal_name: format!("{user}@contoso.example"),
            display_name: user.to_owned(),
        });
        let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
        let wanted =
            Wanted { user: Some((&user, &scopes)), ..Wanted::of_app(&options.app_registration, resource) };
        lock(&self.inner.issued).issue(&options, options.lifetime, &wanted).0
    }

    /// Who can sign in.
    pub fn users(&self) -> Vec<User> {
        lock(&self.inner.options).users.clone()
    }

    /// From now on, these can sign in, and nobody else.
    pub fn set_users(&self, users: Vec<User>) {
        lock(&self.inner.options).users = users;
    }

    /// From now on, tokens live so long.
    pub fn set_lifetime(&self, lifetime: Duration) {
        let mut options = lock(&self.inner.options);
        (options.lifetime, options.managed_lifetime) = (lifetime, lifetime);
    }

    /// From now on, tokens carry these roles. Those already issued keep theirs, as in Entra.
    pub fn set_roles(&self, roles: &[&str]) {
        lock(&self.inner.options).roles = roles.iter().map(ToString::to_string).collect();
    }

    /// From now on, users have consented to these delegated permissions.
    pub fn set_delegated(&self, names: &[&str]) {
        lock(&self.inner.options).delegated = names.iter().map(ToString::to_string).collect();
    }

    /// The next `times` token requests fail so.
    pub fn fail(&self, times: usize, fault: Fault) {
        self.fail_when(Match::any(), times, fault);
    }

    /// The next `times` token requests that match fail so; `usize::MAX` is for ever.
    pub fn fail_when(&self, when: Match, times: usize, fault: Fault) {
        self.inner.faults.push(Rule { when, times, fault });
    }

    /// Whether the managed identity and the Azure CLIs give the same token again while it lives, as they do; a token that
    /// was revoked too, until [`Identity::end_caches`].
    pub fn set_caching(&self, caches: bool) {
        lock(&self.inner.options).caches = caches;
    }

    /// The caches of the platform and of the Azure CLIs end: the next tokens are new ones.
    pub fn end_caches(&self) {
        lock(&self.inner.issued).clear_cache();
    }

    /// How the managed-identity endpoint writes when a token expires, from now on.
    pub fn set_expires_on(&self, form: ExpiresOn) {
        lock(&self.inner.options).expires_on = form;
    }

    /// From now on, this is the body of every answer with a token; see [`Options::wording`].
    pub fn set_wording(&self, wording: &str) {
        lock(&self.inner.options).wording = Some(wording.to_owned());
    }

    /// All tokens issued so far stop being good.
    pub fn revoke_all(&self) {
        lock(&self.inner.issued).revoke(|_| true);
    }

    /// The tokens issued so far for this resource stop being good.
    pub fn revoke_for(&self, resource: &str) {
        let resource = resource.trim_end_matches('/');
        lock(&self.inner.issued).revoke(|claims| claims.audience == resource);
    }

    /// The tokens that are known, for looking for them where they must not be.
    pub fn tokens(&self) -> Vec<String> {
        lock(&self.inner.issued).tokens()
    }

    /// How many token requests there were, failed ones included.
    pub fn requests(&self) -> usize {
        lock(&self.inner.issued).requests(|_, _| true)
    }

    /// How many token requests there were for this resource, failed ones included.
    pub fn requests_for(&self, resource: &str) -> usize {
        let resource = resource.trim_end_matches('/');
        lock(&self.inner.issued).requests(|_, audience| audience == resource)
    }

    /// How many token requests of this kind there were for this resource, failed ones included.
    pub fn requests_of(&self, kind: Kind, resource: &str) -> usize {
        let resource = resource.trim_end_matches('/');
        lock(&self.inner.issued).requests(|asked, audience| asked == kind && audience == resource)
    }
}

impl Inner {
    /// Counts a request, and lets it fail if it is to: the status to answer with, or no answer at all.
    async fn asked(&self, kind: Kind, audience: &str, grant: Option<&str>, cut: &Cut) -> Option<Failed> {
        let audience = audience.trim_end_matches('/');
        lock(&self.issued).count(kind, audience);
        self.fail(kind, audience, grant, cut).await
    }

    /// Lets a request fail if it is to, without counting it.
    async fn fail(&self, kind: Kind, audience: &str, grant: Option<&str>, cut: &Cut) -> Option<Failed> {
        let audience = audience.trim_end_matches('/');
        match self.faults.next(&Asked { kind, audience, grant })? {
            Fault::Hang => std::future::pending().await,
            Fault::Reset => cut.reset().await,
            Fault::Slow(by) => {
                tokio::time::sleep(by).await;
                None
            }
            Fault::Status(status) => Some(Failed::Status(
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            )),
            Fault::Refuse(error, code) => Some(Failed::Refused(error, code)),
        }
    }

    /// A token of the managed identity, as the platform gives it.
    fn issue_managed(&self, resource: &str) -> (String, Claims) {
        let options = lock(&self.options).clone();
        let wanted = Wanted::of_app(&options.managed_identity, resource);
        lock(&self.issued).issue_cached(&options, Kind::ManagedIdentity, options.managed_lifetime, &wanted)
    }

    /// A token of the user who is signed in to one of the Azure CLIs: the first one.
    fn issue_of_cli(&self, kind: Kind, resource: &str) -> Option<(String, Claims)> {
        let options = lock(&self.options).clone();
        let wanted = Wanted {
            user: Some((options.users.first()?, &options.delegated)),
            ..Wanted::of_app(&options.azure_cli, resource)
        };
        Some(lock(&self.issued).issue_cached(&options, kind, options.lifetime, &wanted))
    }
}

#[cfg(test)]
mod tests;
