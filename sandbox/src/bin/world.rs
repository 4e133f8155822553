//! One world for clients in other languages: Entra, the managed identity, `az`, `azd` and a browser, Microsoft Graph, and a
//! Cosmos DB account that the product has filled.
//!
//! `cargo run -p sandbox --bin world` prints one JSON object with addresses, ids, secrets, files and what is true of the
//! tenant, and runs until its standard input ends. The tenant changes only by its control. The official clients of
//! `.ci/clients` are held against it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use sandbox::cosmos::{DATABASE, Options as CosmosOptions};
use sandbox::graph::{Relationship, Tenant};
use sandbox::identity::{CERTIFICATE_PASSWORD, CertificateFile};
use sandbox::live::{Living, Pace};
use sandbox::product;
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

/// Resources besides users and groups: those of which the README asks.
const MORE: [&str; 3] = ["applications", "appRoleAssignments", "roleAssignments"];

/// Resources that are read with a filter, a window of time or `$expand`, and are not copied here.
const LISTED: [&str; 16] = [
    "accessPackageAssignments",
    "callRecords",
    "deviceCompliancePolicies",
    "deviceConfigurations",
    "directoryAudits",
    "intuneAuditEvents",
    "mobileApps",
    "organization",
    "provisioningLogs",
    "riskDetections",
    "roleManagementPolicyAssignments",
    "secureScores",
    "securityAlerts",
    "securityIncidents",
    "servicePrincipalRiskDetections",
    "signIns",
];

#[tokio::main]
async fn main() -> Result<()> {
    let staged = product::staged()?;
    // What is staged may be read.
    let folder = product::with_resources(staged.path(), &[&MORE[..], &LISTED].concat())?;
    let setup = Setup {
        users: 60,
        groups: 6,
        objects: MORE.map(|name| (name, 8)).into(),
        tls: true,
        // Clients merge what partitions answer.
        cosmos: CosmosOptions { partitions: 3, ..CosmosOptions::default() },
        ..Setup::new(folder.path())
    };
    let world = World::start(setup).await?;
    world.entra.switches().set_device_interval(std::time::Duration::from_secs(1));
    world.graph.tenant(nest);
    world.settle_equal().await.context("the first copy")?;
    let removed = world.graph.tenant(|tenant| {
        let last = tenant.ids("users").pop()?;
        tenant.remove("users", &last).then_some(last)
    });
    world.settle_equal().await.context("the copy after a removal")?;
    world.graph.tenant(list);
    let living = Living::start(&world, Pace::Scheduled, 1, Arc::new(|_| {})).await?;
    reqwest::Client::new().post(format!("{}/pause", living.control())).send().await?.error_for_status()?;
    let mut said = described(&world)?;
    said["control"] = json!(living.control());
    said["tenant"]["removed"] = json!(removed);
    println!("{said}");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    living.end().await;
    world.host.shutdown().await;
    Ok(())
}

/// A group in a group in a group.
fn nest(tenant: &mut Tenant) {
    let groups = tenant.ids("groups");
    for pair in groups[..3].windows(2) {
        tenant.link("groups-members", &pair[0], &pair[1]);
    }
}

/// Objects that came to be after the copy. The tenant itself has none: its list says what Graph knows of it.
fn list(tenant: &mut Tenant) {
    for name in LISTED.into_iter().filter(|name| *name != "organization") {
        (0..3).for_each(|_| drop(tenant.create(name)));
    }
}

/// What another process needs to use it.
fn described(world: &World) -> Result<Value> {
    let (identity, entra) = (&world.identity, &world.entra);
    let user = identity.users().into_iter().next().context("a user can sign in")?;
    world.tools.sit_down(Some(&user.user_principal_name));
    let [(_, endpoint), (_, header)] = identity.env();
    Ok(json!({
        "authorityHost": entra.origin(),
        "authorityFile": entra.authority_file(),
        "tenantId": identity.tenant_id(),
        "clientId": entra.client_id(),
        "clientSecret": entra.secret(),
        "appIdUri": entra.app_id_uri(),
        "certificate": entra.certificate(CertificateFile::Pem),
        "certificateEc": entra.certificate(CertificateFile::EcPem),
        "certificatePfx": entra.certificate(CertificateFile::Pfx),
        "certificatePassword": CERTIFICATE_PASSWORD,
        "federatedTokenFile": entra.federated_token_file(),
        "publicClientId": entra.public_client_id(),
        "username": user.user_principal_name,
        "userId": user.object_id,
        "managedIdentity": {"endpoint": endpoint, "header": header, "clientId": identity.client_id()},
        "tools": world.tools.folder(),
        "graph": world.graph.endpoint(),
        "cosmos": {"endpoint": world.cosmos.endpoint(), "key": world.cosmos.key(), "database": DATABASE},
        "tenant": world.graph.tenant(|tenant| truth(tenant)),
    }))
}

/// What is true of the tenant.
fn truth(tenant: &Tenant) -> Value {
    let links = |relationship: &str| {
        let links = tenant.links(Relationship::named(relationship));
        links.into_iter().map(|link| json!([link.source, link.target, link.target_type])).collect::<Vec<_>>()
    };
    json!({
        "users": tenant.ids("users"),
        "groups": tenant.ids("groups"),
        "managers": links("users-manager"),
        "members": links("groups-members"),
        "owners": links("groups-owners"),
        "listed": LISTED.map(|name| (name, tenant.ids(name))).into_iter().collect::<BTreeMap<_, _>>(),
    })
}
