//! Starting the parts of a world.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::faces;
use crate::cosmos::{Cosmos, DATABASE, Options as CosmosOptions};
use crate::graph::{Graph, Object, Tenant};
use crate::host::{Host, Options as HostOptions};
use crate::identity::{Identity, User};

/// How many users of the tenant can sign in.
const PEOPLE: usize = 5;

/// The first users of the tenant, who can sign in.
pub(super) fn people(tenant: &Tenant) -> Vec<User> {
    let text = |object: &Object, name: &str| {
        object.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let living = tenant.collection("users").living().take(PEOPLE);
    let person = |(id, object): (&String, &Object)| User {
        object_id: id.clone(),
        user_principal_name: text(object, "userPrincipalName"),
        display_name: text(object, "displayName"),
    };
    living.map(person).collect()
}

pub(super) async fn start_cosmos(
    bound: Option<&faces::Bound>,
    identity: &Identity,
    empty: bool,
    options: CosmosOptions,
) -> Result<Cosmos> {
    if empty {
        return Cosmos::start_empty(identity.clone(), options).await;
    }
    let origin = bound.map(|bound| bound.cosmos.origin());
    let cosmos = Cosmos::start_behind(origin, identity.clone(), options).await?;
    cosmos.add_all_containers().await?;
    Ok(cosmos)
}

pub(super) fn host_options(
    root: &Path,
    settings: &[(String, String)],
    crash_limit: Option<u32>,
) -> HostOptions {
    HostOptions { root: root.to_owned(), env: settings.to_owned(), crash_limit, ..HostOptions::default() }
}

pub(super) async fn start_host(options: HostOptions) -> Result<Host> {
    Host::start(options).await.context("starting the Functions host")
}

pub(super) fn where_things_are(graph: &Graph, cosmos: &Cosmos) -> [(String, String); 3] {
    [
        ("GRAPH_ENDPOINT", graph.endpoint().to_owned()),
        ("COSMOS_ENDPOINT", cosmos.endpoint()),
        ("COSMOS_DATABASE", DATABASE.into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}
