//! A credential becomes one that can be asked for tokens.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::cache::Cached;
use super::chain::Walk;
use super::credential::Credential;
use super::delegated::Person;
use super::explain;
use super::patience::Patience;

/// Why these do not answer a claims challenge.
const MANAGED_CLAIMS: &str = "the service asks for a token with other claims (a claims challenge), which a managed identity \
                              cannot get; try again once the platform has a new token, or set GRAPH_CREDENTIAL to another \
                              credential";
const TOOL_CLAIMS: &str = "the service asks for a token with other claims (a claims challenge), which the tool that is signed \
                           in cannot be asked for; sign in to it again, or set GRAPH_CREDENTIAL to another credential";

/// The credential, with a cache in front: a [`TokenCredential`] that can be asked for every request. Opens nothing
/// before it is asked for a token.
pub fn cached(credential: Credential) -> Arc<Cached> {
    let (explained, name) = (credential.clone(), credential.name());
    let explain = move |error: &_| explain::explain(error, &explained);
    Arc::new(match credential {
        Credential::Auto(chain) => Cached::walking(Arc::new(Walk::new(chain, make)), explain),
        Credential::AzureCli(_) | Credential::AzureDeveloperCli(_) => {
            Cached::anew(name, move || make(&credential), explain, Patience::TOOL).without_claims(TOOL_CLAIMS)
        }
        Credential::SignIn(person) => {
            let person = Arc::new(Person::new(person));
            let forgetful = Arc::clone(&person);
            let cached = Cached::kept(name, person, explain, Patience::PERSON);
            cached.also_forgetting(move || forgetful.forget())
        }
        Credential::OnBehalfOf(user) => Cached::kept(name, user.credential(), explain, Patience::PERSON),
        Credential::ManagedIdentity(_) => {
            let cached = Cached::anew(name, move || make(&credential), explain, Patience::APPLICATION);
            cached.without_claims(MANAGED_CLAIMS)
        }
        _ => Cached::anew(name, move || make(&credential), explain, Patience::APPLICATION),
    })
}

/// The credential without a cache.
pub(super) fn make(credential: &Credential) -> azure_core::Result<Arc<dyn TokenCredential>> {
    Ok(match credential.clone() {
        Credential::ManagedIdentity(identity) => identity.make()?,
        Credential::ClientSecret(app) => app.make()?,
        Credential::ClientCertificate(app) => Arc::new(app),
        Credential::WorkloadIdentity(app) => Arc::new(app),
        Credential::AzureCli(account) => Arc::new(account),
        Credential::AzureDeveloperCli(account) => Arc::new(account),
        Credential::Auto(chain) => Arc::new(Walk::new(chain, make)),
        Credential::SignIn(person) => Arc::new(Person::new(person)),
        Credential::OnBehalfOf(user) => user.credential(),
    })
}
