//! Whose tokens are for which service, and whose objects they let us read.
//!
//! Promises: [`Tokens::reader`] ends within the bound of one token request, and names the service whose
//! token it could not get; a token that was refused is forgotten, and no other credential's. Leaves out on
//! purpose: refreshing (the cache does) and permissions (the services say).

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::AppError;
use crate::credentials::{Cached, Claims, claims};
use crate::mirror::{Reader, Service};
use crate::settings::Identity;
use crate::store;

/// The credentials of both services; one and the same where the settings say so.
#[derive(Debug)]
pub struct Tokens {
    graph: Arc<Cached>,
    graph_scopes: Vec<String>,
    cosmos: Arc<Cached>,
    /// Cosmos is opened with the account key: its credential is never asked.
    with_key: bool,
    tenant_id: Option<String>,
}

impl Tokens {
    /// Wires the credentials; asks nobody.
    pub fn new(identity: Identity, graph_scopes: Vec<String>, with_key: bool) -> Self {
        let graph = identity.graph.cached();
        let cosmos = identity.cosmos.map_or_else(|| Arc::clone(&graph), |other| other.cached());
        Self { graph, graph_scopes, cosmos, with_key, tenant_id: identity.tenant_id }
    }

    /// The tenant of the settings. Asks nobody.
    pub fn stated_tenant(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// What Graph is asked with.
    pub fn for_graph(&self) -> Arc<dyn TokenCredential> {
        self.graph.clone()
    }

    /// What Cosmos is asked with.
    pub fn for_cosmos(&self) -> Arc<dyn TokenCredential> {
        self.cosmos.clone()
    }

    /// Forgets the tokens of the credential that a service refused, so that the next turn gets a new one.
    pub fn forget(&self, by: Service) {
        match by {
            Service::Graph => self.graph.forget(),
            Service::Cosmos => self.cosmos.forget(),
        }
    }

    /// Whose objects we read: as the settings say, else as our token says. Both tokens are asked for here, at
    /// the same time: a turn that will lack one of them ends before it has begun, and waits for one bound,
    /// not for two.
    ///
    /// # Errors
    /// [`AppError::NoToken`] and what is wrong with the tenant.
    pub async fn reader(&self) -> Result<Reader, AppError> {
        let (claims, ()) = tokio::try_join!(self.graph_claims(), self.cosmos_ready())?;
        let tenant_id = tenant(self.tenant_id.as_deref(), claims.tid.as_deref())?;
        let scopes = claims.scopes().into_iter().map(str::to_owned);
        let granted = claims.roles.iter().cloned().chain(scopes).collect();
        Ok(Reader { tenant_id, principal_id: claims.oid, granted })
    }

    async fn graph_claims(&self) -> Result<Claims, AppError> {
        let scopes: Vec<_> = self.graph_scopes.iter().map(String::as_str).collect();
        let token = self.graph.get_token(&scopes, None).await;
        let token = token.map_err(|error| no_token("Microsoft Graph", &error))?;
        Ok(claims(token.token.secret()))
    }

    async fn cosmos_ready(&self) -> Result<(), AppError> {
        if !self.with_key {
            let token = self.cosmos.get_token(&[store::SCOPE], None).await;
            token.map_err(|error| no_token("Azure Cosmos DB", &error))?;
        }
        Ok(())
    }
}

/// The tenant that is mirrored: as the token says, else as the settings say.
///
/// # Errors
/// [`AppError::AnotherTenant`] when they disagree, [`AppError::NoTenant`] when neither says one.
pub fn tenant(stated: Option<&str>, found: Option<&str>) -> Result<String, AppError> {
    match (stated, found) {
        // A tenant may also be stated by a domain name, which the token does not carry.
        (Some(stated), Some(found)) if is_guid(stated) && !stated.eq_ignore_ascii_case(found) => {
            Err(AppError::AnotherTenant { stated: stated.to_owned(), found: found.to_owned() })
        }
        (_, Some(tenant)) | (Some(tenant), None) => Ok(tenant.to_owned()),
        (None, None) => Err(AppError::NoTenant),
    }
}

fn no_token(service: &'static str, error: &azure_core::Error) -> AppError {
    AppError::NoToken { service, why: error.to_string() }
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
