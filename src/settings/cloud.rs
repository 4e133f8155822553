//! The Microsoft clouds: one name sets the Graph host, its scopes, the authority and the audience of Cosmos DB together.
//!
//! Hosts: <https://learn.microsoft.com/graph/deployments>. Authorities:
//! <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>. Audiences of Cosmos DB:
//! <https://learn.microsoft.com/dotnet/api/azure.data.tables.tableaudience>, which has the same service principals.

use url::Url;

use super::lookup::Reader;

/// One cloud.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cloud {
    name: &'static str,
    graph: &'static str,
    authority: &'static str,
    cosmos: &'static str,
}

const fn cloud(
    name: &'static str,
    graph: &'static str,
    authority: &'static str,
    cosmos: &'static str,
) -> Cloud {
    Cloud { name, graph, authority, cosmos }
}

const CLOUDS: [Cloud; 4] = [
    cloud(
        "global",
        "https://graph.microsoft.com",
        "https://login.microsoftonline.com",
        "https://cosmos.azure.com",
    ),
    cloud(
        "usgov",
        "https://graph.microsoft.us",
        "https://login.microsoftonline.us",
        "https://cosmos.azure.us",
    ),
    cloud(
        "usgov-dod",
        "https://dod-graph.microsoft.us",
        "https://login.microsoftonline.us",
        "https://cosmos.azure.us",
    ),
    cloud(
        "china",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
        "https://cosmos.azure.cn",
    ),
];

/// Microsoft Graph: its origin (no path) and the scopes a token is asked for.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Scheme, host and port; links are followed nowhere else.
    pub endpoint: Url,
    /// Usually `<origin>/.default` alone; several only where a person signs in.
    pub scopes: Vec<String>,
}

impl Cloud {
    /// The cloud that `AZURE_CLOUD` names.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let name = reader.text("AZURE_CLOUD").unwrap_or_else(|| CLOUDS[0].name.into());
        CLOUDS.into_iter().find(|cloud| cloud.name == name).unwrap_or_else(|| {
            let known = CLOUDS.map(|cloud| cloud.name).join(", ");
            reader.problem("AZURE_CLOUD", format!("is none of {known}"));
            CLOUDS[0]
        })
    }

    /// Graph's origin and scopes: `GRAPH_ENDPOINT` (which wins) and `GRAPH_SCOPES`.
    pub fn graph(self, reader: &mut Reader<'_>) -> Graph {
        let text = reader.text("GRAPH_ENDPOINT").unwrap_or_else(|| self.graph.to_owned());
        let endpoint = reader.endpoint("GRAPH_ENDPOINT", &text);
        if !is_origin(&endpoint) {
            let example = CLOUDS[0].graph;
            reader.problem("GRAPH_ENDPOINT", format!("must be an origin without a path, like {example}"));
        }
        let stated = reader.text("GRAPH_SCOPES").unwrap_or_else(|| ".default".into());
        let scopes = stated.split_whitespace().map(|scope| with_resource(scope, &endpoint)).collect();
        Graph { endpoint, scopes }
    }

    /// Its name in `AZURE_CLOUD`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The scope of a token for any account of Cosmos DB in this cloud.
    pub fn cosmos_scope(self) -> String {
        format!("{}/.default", self.cosmos)
    }

    /// Where tokens come from: `AZURE_AUTHORITY_HOST` wins. https also on loopback: a secret goes there, and
    /// azure_identity takes nothing else.
    pub fn authority(self, reader: &mut Reader<'_>) -> Url {
        let text = reader.text("AZURE_AUTHORITY_HOST").unwrap_or_else(|| self.authority.to_owned());
        let authority = reader.endpoint("AZURE_AUTHORITY_HOST", &text);
        if authority.scheme() != "https" || !is_origin(&authority) {
            let example = CLOUDS[0].authority;
            let what = format!("must be an https origin without a path, like {example}");
            reader.problem("AZURE_AUTHORITY_HOST", what);
        }
        authority
    }
}

/// A scope with its resource in front. The scopes of OpenID Connect have none:
/// <https://learn.microsoft.com/entra/identity-platform/scopes-oidc#openid-connect-scopes>.
fn with_resource(scope: &str, endpoint: &Url) -> String {
    if scope.contains('/') || ["offline_access", "openid", "profile", "email"].contains(&scope) {
        return scope.to_owned();
    }
    format!("{}/{scope}", endpoint.origin().ascii_serialization())
}

fn is_origin(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && url.fragment().is_none()
}
