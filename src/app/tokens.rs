//! The credentials for each service, and the tenant and identity that they belong to.
//!
//! Promises: [`Tokens::reader`] ends within the time limit of one token request, and names the service whose token
//! could not be acquired. Only the credential whose token was refused forgets it. Leaves out on purpose: token renewal
//! (the cache does it) and permissions (the services check them).

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use super::AppError;
use crate::credentials::{Cached, Claims, OfPerson, cached, claims};
use crate::report::Service;
use crate::settings::Identity;
use crate::source::Reader;

/// The credentials of both services; the same credential for both if the settings say so.
#[derive(Debug)]
pub struct Tokens {
    graph: Arc<Cached>,
    graph_scopes: Vec<String>,
    cosmos: Arc<Cached>,
    /// The scope of its tokens; none if Cosmos DB is opened with the account key: then its credential is never used.
    cosmos_scope: Option<String>,
    tenant_id: Option<String>,
}

impl Tokens {
    /// Creates the credentials; requests no token.
    pub fn new(identity: Identity, graph_scopes: Vec<String>, cosmos_scope: Option<String>) -> Self {
        let graph = cached(identity.graph);
        let cosmos = identity.cosmos.map_or_else(|| Arc::clone(&graph), cached);
        Self { graph, graph_scopes, cosmos, cosmos_scope, tenant_id: identity.tenant_id }
    }

    /// The tenant in the settings. It sends no request.
    pub fn stated_tenant(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// The credential for Graph.
    pub fn for_graph(&self) -> Arc<dyn TokenCredential> {
        self.graph.clone()
    }

    /// The credential for Graph, as long as this person is signed in.
    pub fn of_person(&self, person: &str) -> Arc<dyn TokenCredential> {
        Arc::new(OfPerson::new(self.graph.clone(), person))
    }

    /// The credential for Cosmos DB.
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

    /// The tenant and identity that we read as: the tenant of the token, else of the settings. It requests both tokens
    /// at the same time. A turn that would lack one ends before it begins, and waits for one time limit, not two.
    ///
    /// # Errors
    /// [`AppError::NoToken`] if a token cannot be acquired, and the errors of [`tenant`].
    pub async fn reader(&self) -> Result<Reader, AppError> {
        let (claims, ()) = tokio::try_join!(self.graph_claims(), self.cosmos_ready())?;
        let tenant_id = tenant(self.tenant_id.as_deref(), claims.tid.as_deref())?;
        let scopes = claims.scopes().into_iter().map(str::to_owned);
        let granted = claims.roles.iter().cloned().chain(scopes).collect();
        let person = claims.oid.clone().filter(|_| !claims.scopes().is_empty());
        Ok(Reader { tenant_id, principal_id: claims.oid, granted, person })
    }

    async fn graph_claims(&self) -> Result<Claims, AppError> {
        let scopes: Vec<_> = self.graph_scopes.iter().map(String::as_str).collect();
        let token = self.graph.get_token(&scopes, None).await;
        let token = token.map_err(|error| no_token("Microsoft Graph", &error))?;
        Ok(claims(token.token.secret()))
    }

    /// Has a token for Cosmos DB at hand.
    ///
    /// # Errors
    /// [`AppError::NoToken`].
    pub async fn cosmos_ready(&self) -> Result<(), AppError> {
        if let Some(scope) = &self.cosmos_scope {
            let token = self.cosmos.get_token(&[scope], None).await;
            token.map_err(|error| no_token("Azure Cosmos DB", &error))?;
        }
        Ok(())
    }
}

/// The tenant that is mirrored: of the token, else of the settings.
///
/// # Errors
/// [`AppError::AnotherTenant`] if they disagree, [`AppError::NoTenant`] if neither names one.
pub fn tenant(stated: Option<&str>, found: Option<&str>) -> Result<String, AppError> {
    match (stated, found) {
        // A tenant may also be set by a domain name, which the token does not contain.
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
