//! Sends any request to Microsoft Graph with the credential of the settings.
//!
//! It needs no settings of Azure Cosmos DB. The caller chooses the request and handles the response.

use std::sync::Arc;

use azure_core::credentials::TokenCredential as _;

use crate::credentials::{Cached, cached, claims};
use crate::graph::{Client, GraphError, Options};
use crate::settings::ForGraph;

/// A client of Microsoft Graph with its credential.
#[derive(Debug)]
pub struct Asker {
    /// The client that sends the requests.
    pub client: Client,
    /// The name of the credential, as in `GRAPH_CREDENTIAL`.
    pub credential: &'static str,
    token: Arc<Cached>,
    scopes: Vec<String>,
}

impl Asker {
    /// Creates the client; it opens no connection.
    pub fn new(settings: ForGraph) -> Self {
        let (credential, scopes) = (settings.credential.name(), settings.graph.scopes);
        let token = cached(settings.credential);
        let options = Options { origin: settings.graph.endpoint, scopes: scopes.clone() };
        Self { client: Client::new(options, token.clone()), credential, token, scopes }
    }

    /// Forgets the access token if Graph refused it, also the stored one: the next run requests a new one.
    pub fn forget_refused(&self, error: &GraphError) {
        if error.refuses_token() {
            self.token.forget();
        }
    }

    /// Whether the token belongs to an application without a signed-in user, and so has no delegated permissions. False
    /// if there is no token.
    pub async fn is_application(&self) -> bool {
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        let token = self.token.get_token(&scopes, None).await;
        token.is_ok_and(|token| claims(token.token.secret()).scopes().is_empty())
    }
}
