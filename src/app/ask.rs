//! Any request of a person: a client of Microsoft Graph with the credential of the settings.
//!
//! Needs none of the settings of Azure Cosmos DB. What is asked and what is made of the answer is the caller's.

use std::sync::Arc;

use azure_core::credentials::TokenCredential as _;

use crate::credentials::{Cached, claims};
use crate::graph::{Client, GraphError, Options};
use crate::settings::ForGraph;

/// Who asks Microsoft Graph.
#[derive(Debug)]
pub struct Asker {
    /// What sends the requests.
    pub client: Client,
    /// The name of the credential, as `GRAPH_CREDENTIAL` has it.
    pub credential: &'static str,
    token: Arc<Cached>,
    scopes: Vec<String>,
}

impl Asker {
    /// Wires the parts; opens nothing.
    pub fn new(settings: ForGraph) -> Self {
        let (credential, scopes) = (settings.credential.name(), settings.graph.scopes);
        let token = settings.credential.cached();
        let options = Options { origin: settings.graph.endpoint, scopes: scopes.clone() };
        Self { client: Client::new(options, token.clone()), credential, token, scopes }
    }

    /// Forgets the access token if Graph refused it, the kept one too: the next run asks for a new one.
    pub fn forget_refused(&self, error: &GraphError) {
        if error.refuses_token() {
            self.token.forget();
        }
    }

    /// Whether the token belongs to an application and to no signed-in user: it has no delegated permissions. False
    /// when there is no token.
    pub async fn is_application(&self) -> bool {
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        let token = self.token.get_token(&scopes, None).await;
        token.is_ok_and(|token| claims(token.token.secret()).scopes().is_empty())
    }
}
