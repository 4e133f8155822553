//! Who we are towards Graph and towards Cosmos.
//!
//! `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL` say how we prove it: `managed-identity`, `client-secret`, or
//! `auto`, which is the secret when there is one. Without `COSMOS_CREDENTIAL` it is for Cosmos as for Graph.
//! Whose client id is in which variable follows from the two:
//!
//! | Graph | Cosmos | client id for Graph | client id for Cosmos |
//! |---|---|---|---|
//! | managed identity | managed identity | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID`, else `AZURE_CLIENT_ID` |
//! | client secret | client secret | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID`, else `AZURE_CLIENT_ID` |
//! | client secret | managed identity | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID` |
//! | managed identity | client secret | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID` |
//! | managed identity | client secret, no `COSMOS_CLIENT_ID` | none | `AZURE_CLIENT_ID` |
//!
//! `AZURE_CLIENT_ID` is never both an app registration and a managed identity: an id of the one kind means
//! nothing to the other. A managed identity without a client id is the system-assigned one; an app
//! registration needs its id. There is one tenant, one secret and one authority. With `COSMOS_KEY`, nobody
//! needs to be anybody towards Cosmos.

use secrecy::SecretString;
use url::Url;

use super::cloud::Cloud;
use super::lookup::Reader;

/// The app credentials.
#[derive(Debug)]
pub struct Identity {
    /// The tenant this deployment mirrors, when it is stated; else the token tells.
    pub tenant_id: Option<String>,
    /// Who we are towards Graph.
    pub graph: Credential,
    /// Who we are towards Cosmos, where that is somebody else than towards Graph.
    pub cosmos: Option<Credential>,
}

/// One way to prove who we are.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The platform's identity.
    ManagedIdentity {
        /// Client id of a user-assigned one; else it is the system-assigned one.
        client_id: Option<String>,
        /// The setting that names the client id.
        setting: &'static str,
    },
    /// An app registration with a client secret.
    ClientSecret {
        /// Origin of the token endpoint; https.
        authority: Url,
        /// Id or domain name of the tenant of the app registration.
        tenant_id: String,
        /// Client id of the app registration.
        client_id: String,
        /// The setting that names the client id.
        setting: &'static str,
        /// The secret's value.
        secret: SecretString,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ManagedIdentity,
    ClientSecret,
}

/// What all app registrations of this deployment share.
struct Registration {
    authority: Url,
    tenant_id: String,
    secret: SecretString,
}

/// A client id, and the setting that names it, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    id: Option<String>,
    setting: &'static str,
}

/// Reads both credentials; `with_key` when Cosmos is opened with its account key.
pub(super) fn identity(reader: &mut Reader<'_>, cloud: Cloud, with_key: bool) -> Identity {
    let has_secret = reader.text("AZURE_CLIENT_SECRET").is_some();
    let graph = kind(reader, "GRAPH_CREDENTIAL", has_secret).unwrap_or_else(|| auto(has_secret));
    let cosmos = kind(reader, "COSMOS_CREDENTIAL", has_secret).filter(|_| !with_key).unwrap_or(graph);
    let own_id = reader.text("COSMOS_CLIENT_ID").filter(|_| !with_key);
    let (graph_id, cosmos_id) = client_ids((graph, cosmos), reader.text("AZURE_CLIENT_ID"), own_id);

    let authority = cloud.authority(reader);
    let uses_secret = [graph, cosmos].contains(&Kind::ClientSecret);
    let registration = uses_secret.then(|| registration(reader, authority));
    let is_other = (graph, &graph_id.id) != (cosmos, &cosmos_id.id);
    Identity {
        tenant_id: reader.text("AZURE_TENANT_ID"),
        graph: credential(reader, graph, graph_id, registration.as_ref()),
        cosmos: is_other.then(|| credential(reader, cosmos, cosmos_id, registration.as_ref())),
    }
}

fn kind(reader: &mut Reader<'_>, name: &str, has_secret: bool) -> Option<Kind> {
    match reader.text(name)?.as_str() {
        "auto" => Some(auto(has_secret)),
        "managed-identity" => Some(Kind::ManagedIdentity),
        "client-secret" => Some(Kind::ClientSecret),
        other => {
            reader.problem(name, format!("`{other}` is none of auto, managed-identity, client-secret"));
            None
        }
    }
}

fn auto(has_secret: bool) -> Kind {
    if has_secret { Kind::ClientSecret } else { Kind::ManagedIdentity }
}

/// The table above: `azure` is `AZURE_CLIENT_ID`, `own` is `COSMOS_CLIENT_ID`.
fn client_ids((graph, cosmos): (Kind, Kind), azure: Option<String>, own: Option<String>) -> (Named, Named) {
    let azure = Named { id: azure, setting: "AZURE_CLIENT_ID" };
    let nobody = Named { id: None, ..azure.clone() };
    match (own, graph, cosmos) {
        (None, Kind::ManagedIdentity, Kind::ClientSecret) => (nobody, azure),
        (None, graph, cosmos) if graph == cosmos => (azure.clone(), azure),
        (own, _, _) => (azure, Named { id: own, setting: "COSMOS_CLIENT_ID" }),
    }
}

fn registration(reader: &mut Reader<'_>, authority: Url) -> Registration {
    let tenant_id = reader.required("AZURE_TENANT_ID", "the id of the tenant of the app registration");
    // It becomes part of an address; azure_identity would refuse it without naming the setting.
    if !tenant_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        reader.problem("AZURE_TENANT_ID", "is neither the id of a tenant nor one of its domain names");
    }
    let secret = reader.required("AZURE_CLIENT_SECRET", "the value (not the id) of a client secret");
    Registration { authority, tenant_id, secret: secret.into() }
}

fn credential(
    reader: &mut Reader<'_>,
    kind: Kind,
    named: Named,
    shared: Option<&Registration>,
) -> Credential {
    let Named { id, setting } = named;
    match (kind, shared) {
        (Kind::ClientSecret, Some(shared)) => Credential::ClientSecret {
            authority: shared.authority.clone(),
            tenant_id: shared.tenant_id.clone(),
            client_id: id
                .unwrap_or_else(|| reader.required(setting, "the client id of the app registration")),
            setting,
            secret: shared.secret.clone(),
        },
        _ => Credential::ManagedIdentity { client_id: id, setting },
    }
}

#[cfg(test)]
mod tests;
