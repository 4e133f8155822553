//! Who we are towards Graph and towards Cosmos.
//!
//! `GRAPH_CREDENTIAL` and `COSMOS_CREDENTIAL` say how we prove it. Without `COSMOS_CREDENTIAL` it is for Cosmos as
//! for Graph, and `auto` where the credential for Graph acts for a person. Whose client id is in which variable
//! follows from the two; here "registration" is every credential of an app registration, whatever proves it:
//!
//! | Graph | Cosmos | client id for Graph | client id for Cosmos |
//! |---|---|---|---|
//! | managed identity | managed identity | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID`, else `AZURE_CLIENT_ID` |
//! | registration | registration | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID`, else `AZURE_CLIENT_ID` |
//! | registration | managed identity | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID` |
//! | managed identity | registration | `AZURE_CLIENT_ID` | `COSMOS_CLIENT_ID` |
//! | managed identity | registration, no `COSMOS_CLIENT_ID` | none | `AZURE_CLIENT_ID` |
//! | the account of a tool | any other | none | `COSMOS_CLIENT_ID`, else `AZURE_CLIENT_ID` |
//! | any | the account of a tool | `AZURE_CLIENT_ID` | none |
//!
//! `AZURE_CLIENT_ID` is never both an app registration and a managed identity: an id of the one kind means
//! nothing to the other. A managed identity without a client id is the system-assigned one; an app
//! registration needs its id. There is one tenant, one secret and one authority. With `COSMOS_KEY`, no
//! credential is needed for Cosmos.

use super::cloud::Cloud;
use super::kind::{Kind, Mode, Named, Owner, Service};
use super::lookup::Reader;
use super::{person, registration};
use crate::credentials::{
    AzureCli, AzureDeveloperCli, Chain, Credential, Flow, Link, ManagedIdentity, Registration,
};

/// Who we are towards both services.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The tenant this deployment mirrors, when it is stated; else the token tells.
    pub tenant_id: Option<String>,
    /// Who we are towards Graph.
    pub graph: Credential,
    /// Who we are towards Cosmos, where that is somebody else than towards Graph.
    pub cosmos: Option<Credential>,
    /// The registration of the API that is called, where a managed identity is its proof.
    pub api: Option<Registration>,
}

/// Which kind, and with which client id.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    kind: Kind,
    named: Named,
}

/// Reads both credentials; `with_key` when Cosmos is opened with its account key.
pub(super) fn identity(
    reader: &mut Reader<'_>,
    cloud: Cloud,
    scopes: &[String],
    mode: Mode,
    with_key: bool,
) -> Identity {
    let (graph, cosmos) = choices(reader, mode, with_key);
    check_scopes(reader, graph.kind, scopes);
    // A wrong one is a problem whoever needs it.
    cloud.authority(reader);
    let is_other = (graph.kind, &graph.named.id) != (cosmos.kind, &cosmos.named.id);
    Identity {
        tenant_id: reader.text("AZURE_TENANT_ID"),
        graph: credential(reader, cloud, graph),
        cosmos: is_other.then(|| credential(reader, cloud, cosmos)),
        api: registration::api(reader, cloud),
    }
}

/// Reads the credential for Graph: the same that [`identity`] has.
pub(super) fn for_graph(
    reader: &mut Reader<'_>,
    cloud: Cloud,
    scopes: &[String],
    mode: Mode,
    with_key: bool,
) -> Credential {
    let (graph, _) = choices(reader, mode, with_key);
    check_scopes(reader, graph.kind, scopes);
    credential(reader, cloud, graph)
}

fn choices(reader: &mut Reader<'_>, mode: Mode, with_key: bool) -> (Choice, Choice) {
    let graph = Kind::stated(reader, Service::Graph, mode).unwrap_or_else(|| Kind::auto(reader, mode));
    let cosmos = match Kind::stated(reader, Service::Cosmos, mode) {
        _ if with_key => graph,
        Some(stated) => stated,
        None if graph.is_delegated() => Kind::auto(reader, mode),
        None => graph,
    };
    let own_id = reader.text("COSMOS_CLIENT_ID").filter(|_| !with_key);
    let (graph_id, cosmos_id) = client_ids((graph, cosmos), reader.text("AZURE_CLIENT_ID"), own_id);
    (Choice { kind: graph, named: graph_id }, Choice { kind: cosmos, named: cosmos_id })
}

/// The table above: `azure` is `AZURE_CLIENT_ID`, `own` is `COSMOS_CLIENT_ID`.
fn client_ids((graph, cosmos): (Kind, Kind), azure: Option<String>, own: Option<String>) -> (Named, Named) {
    let azure = Named { id: azure, setting: "AZURE_CLIENT_ID" };
    let nobody = Named { id: None, ..azure.clone() };
    match (own, graph.owner(), cosmos.owner()) {
        (_, Owner::Account, Owner::Account) => (nobody.clone(), nobody),
        (_, _, Owner::Account) => (azure, nobody),
        (None, Owner::Account, _) | (None, Owner::ManagedIdentity, Owner::Registration) => (nobody, azure),
        (None, graph, cosmos) if graph == cosmos => (azure.clone(), azure),
        (own, graph, _) => {
            let graph_id = if graph == Owner::Account { nobody } else { azure };
            (graph_id, Named { id: own, setting: "COSMOS_CLIENT_ID" })
        }
    }
}

/// An application has the permissions that were granted to it, all of them and no choice:
/// <https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope>.
fn check_scopes(reader: &mut Reader<'_>, kind: Kind, scopes: &[String]) {
    let is_default = matches!(scopes, [scope] if scope.ends_with("/.default"));
    if !kind.is_delegated() && !is_default {
        reader.problem(
            "GRAPH_SCOPES",
            "must be one scope that ends in /.default, as an application has all permissions that were granted to \
             it; leave it unset, or name a credential in GRAPH_CREDENTIAL with which a person signs in",
        );
    }
}

fn credential(reader: &mut Reader<'_>, cloud: Cloud, Choice { kind, named }: Choice) -> Credential {
    let tenant_id = reader.text("AZURE_TENANT_ID");
    match kind {
        Kind::ManagedIdentity => Credential::ManagedIdentity(managed_identity(named)),
        Kind::ClientSecret => Credential::ClientSecret(registration::client_secret(reader, cloud, named)),
        Kind::ClientCertificate => {
            Credential::ClientCertificate(registration::client_certificate(reader, cloud, named))
        }
        Kind::WorkloadIdentity => {
            Credential::WorkloadIdentity(registration::workload_identity(reader, cloud, named))
        }
        Kind::AzureCli => Credential::AzureCli(AzureCli { tenant_id }),
        Kind::AzureDeveloperCli => Credential::AzureDeveloperCli(AzureDeveloperCli { tenant_id }),
        Kind::Auto => Credential::Auto(chain(reader, tenant_id, managed_identity(named))),
        Kind::DeviceCode => Credential::SignIn(person::sign_in(reader, cloud, named, Flow::DeviceCode)),
        Kind::InteractiveBrowser => {
            Credential::SignIn(person::sign_in(reader, cloud, named, Flow::InteractiveBrowser))
        }
        Kind::AuthorizationCode => {
            let flow = person::code(reader);
            Credential::SignIn(person::sign_in(reader, cloud, named, flow))
        }
        Kind::OnBehalfOf => Credential::OnBehalfOf(person::on_behalf_of(reader, cloud, named)),
    }
}

fn managed_identity(Named { id: client_id, setting }: Named) -> ManagedIdentity {
    ManagedIdentity { client_id, setting }
}

/// The links where the variables do not decide. A platform with managed identities says where to ask for their tokens;
/// elsewhere there may be the instance metadata service of a virtual machine.
fn chain(reader: &mut Reader<'_>, tenant_id: Option<String>, identity: ManagedIdentity) -> Chain {
    let is_stated = reader.text("IDENTITY_ENDPOINT").or_else(|| reader.text("MSI_ENDPOINT")).is_some();
    let asked = |credential| Link::Asked(Box::new(credential));
    let managed =
        if is_stated { asked(Credential::ManagedIdentity(identity)) } else { Link::Metadata(identity) };
    Chain {
        links: vec![
            Link::Skipped(
                "environment",
                "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set",
            ),
            Link::Skipped("workload-identity", "AZURE_FEDERATED_TOKEN_FILE is not set"),
            managed,
            asked(Credential::AzureCli(AzureCli { tenant_id: tenant_id.clone() })),
            asked(Credential::AzureDeveloperCli(AzureDeveloperCli { tenant_id })),
        ],
    }
}

#[cfg(test)]
mod tests;
