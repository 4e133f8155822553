//! No door is open that need not be: no key, no password, no plain http, no role that is too wide.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{files, json, resources, text};

/// The types that may be used, each with the one version that was looked up.
const VERSIONS: [(&str, &str); 31] = [
    ("Microsoft.App/jobs", "2025-01-01"),
    ("Microsoft.Authorization/locks", "2020-05-01"),
    ("Microsoft.Authorization/roleAssignments", "2022-04-01"),
    ("Microsoft.DocumentDB/databaseAccounts", "2025-10-15"),
    ("Microsoft.DocumentDB/databaseAccounts/sqlDatabases", "2025-10-15"),
    ("Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", "2025-10-15"),
    ("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments", "2025-10-15"),
    ("Microsoft.Graph/appRoleAssignedTo", "v1.0"),
    ("Microsoft.Graph/servicePrincipals", "v1.0"),
    ("Microsoft.Insights/actionGroups", "2023-01-01"),
    ("Microsoft.Insights/components", "2020-02-02"),
    ("Microsoft.Insights/scheduledQueryRules", "2023-12-01"),
    ("Microsoft.Insights/workbooks", "2023-06-01"),
    ("Microsoft.KeyVault/vaults", "2025-05-01"),
    ("Microsoft.KeyVault/vaults/secrets", "2025-05-01"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30"),
    ("Microsoft.Network/privateDnsZones", "2024-06-01"),
    ("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "2024-06-01"),
    ("Microsoft.Network/privateEndpoints", "2025-05-01"),
    ("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", "2025-05-01"),
    ("Microsoft.Network/virtualNetworks", "2025-05-01"),
    ("Microsoft.OperationalInsights/workspaces", "2025-07-01"),
    ("Microsoft.Resources/resourceGroups", "2025-04-01"),
    ("Microsoft.Storage/storageAccounts", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/blobServices", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/blobServices/containers", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/queueServices", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/queueServices/queues", "2025-06-01"),
    ("Microsoft.Web/serverfarms", "2025-03-01"),
    ("Microsoft.Web/sites", "2025-03-01"),
    ("Microsoft.Web/sites/config", "2025-03-01"),
];

/// Built-in roles and constants by their ids: <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>.
const IDS: [(&str, &str, &str); 8] = [
    ("app/storage.bicep", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner"),
    ("app/storage.bicep", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "Storage Queue Data Contributor"),
    ("app/storage.bicep", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", "Storage Table Data Contributor"),
    ("app/monitoring.bicep", "3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher"),
    ("app/vault.bicep", "4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User"),
    ("app/cosmos.bicep", "00000000-0000-0000-0000-000000000001", "dataReader"),
    ("app/cosmos.bicep", "00000000-0000-0000-0000-000000000002", "dataContributor"),
    ("graph/permissions.bicep", "00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
];

/// What a resource has to say, in every place where there is one.
#[test]
fn every_resource_says_what_keeps_it_shut() {
    let said: [(&str, &[(&str, &str)]); 7] = [
        (
            "Microsoft.Web/sites",
            &[
                ("properties.httpsOnly", "true"),
                ("properties.siteConfig.minTlsVersion", "1.2"),
                ("properties.siteConfig.scmMinTlsVersion", "1.2"),
                ("properties.keyVaultReferenceIdentity", "identityId"),
                ("identity.type", "UserAssigned"),
                (
                    "properties.functionAppConfig.deployment.storage.authentication.type",
                    "UserAssignedIdentity",
                ),
            ],
        ),
        ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", &[("properties.allow", "false")]),
        (
            "Microsoft.Storage/storageAccounts",
            &[
                ("properties.allowSharedKeyAccess", "false"),
                ("properties.allowBlobPublicAccess", "false"),
                ("properties.allowCrossTenantReplication", "false"),
                ("properties.defaultToOAuthAuthentication", "true"),
                ("properties.supportsHttpsTrafficOnly", "true"),
                ("properties.minimumTlsVersion", "TLS1_2"),
            ],
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            &[
                ("properties.disableLocalAuth", "true"),
                ("properties.disableKeyBasedMetadataWriteAccess", "true"),
                ("properties.minimalTlsVersion", "Tls12"),
                ("properties.enableMultipleWriteLocations", "false"),
                ("properties.consistencyPolicy.defaultConsistencyLevel", "Session"),
                ("properties.backupPolicy.type", "Continuous"),
            ],
        ),
        ("Microsoft.OperationalInsights/workspaces", &[("properties.features.disableLocalAuth", "true")]),
        ("Microsoft.Insights/components", &[("properties.DisableLocalAuth", "true")]),
        (
            "Microsoft.KeyVault/vaults",
            &[
                ("properties.enableRbacAuthorization", "true"),
                ("properties.enableSoftDelete", "true"),
                ("properties.enablePurgeProtection", "true"),
            ],
        ),
    ];
    for (kind, rules) in said {
        for (path, resource) in resources(kind) {
            for (property, value) in rules {
                assert_eq!(resource.body.says(property), Some(*value), "{path}: {kind}: {property}");
            }
        }
    }
    // Flex Consumption has no FTP, and refuses the property.
    assert!(resources("Microsoft.Web/sites")[0].1.body.at("properties.siteConfig.ftpsState").is_none());
    let policies = resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies");
    let names: Vec<_> = policies.iter().filter_map(|(_, policy)| policy.body.says("name")).collect();
    assert_eq!(names, ["ftp", "scm"]);
}

#[test]
fn in_a_network_of_its_own_nothing_but_the_app_is_public() {
    for kind in [
        "Microsoft.Storage/storageAccounts",
        "Microsoft.DocumentDB/databaseAccounts",
        "Microsoft.KeyVault/vaults",
    ] {
        for (path, resource) in resources(kind) {
            let access = resource.body.says("properties.publicNetworkAccess");
            assert_eq!(access, Some("isPublic ? 'Enabled' : 'Disabled'"), "{path}");
        }
    }
    let main = crate::file("main.bicep");
    for module in ["storage", "cosmos", "vault"] {
        let module = main.declared.iter().find(|one| one.symbol == module).unwrap();
        assert_eq!(module.body.says("params.isPublic"), Some("!vnetEnabled"), "{}", module.symbol);
    }
    let (_, site) = resources("Microsoft.Web/sites").remove(0);
    let access = site.body.says("properties.publicNetworkAccess");
    assert_eq!(access, Some("Enabled"), "Graph has to reach it");
}

#[test]
fn nobody_handles_a_key() {
    let words = [
        "listKeys",
        "listAccountKeys",
        "listConnectionStrings",
        "AccountKey",
        "SharedAccess",
        "InstrumentationKey",
        "COSMOS_KEY",
        "AZURE_CLIENT_SECRET",
        "http://",
    ];
    for file in files() {
        for word in words {
            assert!(!file.text.contains(word), "{}: {word}", file.path);
        }
        assert!(
            !file.text.contains("br/public") && !file.text.contains("'br:"),
            "{}: no modules from afar",
            file.path
        );
    }
}

#[test]
fn types_have_the_versions_that_were_looked_up() {
    let mut seen = BTreeSet::new();
    for file in files() {
        for resource in file.declared.iter().filter(|one| !one.is_module) {
            let (kind, version) = resource.what.split_once('@').unwrap_or((&resource.what, ""));
            let known = match kind {
                "Microsoft.Web/sites/basicPublishingCredentialsPolicies" => Some("2025-03-01"),
                _ => VERSIONS.iter().find(|(name, _)| *name == kind).map(|(_, version)| *version),
            };
            assert_eq!(known, Some(version), "{}: {kind}", file.path);
            seen.insert(kind.to_owned());
        }
    }
    for (kind, _) in VERSIONS {
        assert!(seen.contains(kind), "{kind} is not used any more");
    }
}

#[test]
fn every_id_is_known_and_in_its_place() {
    for file in files() {
        for id in ids(&file.text) {
            let known = IDS.iter().find(|(path, known, _)| *path == file.path && *known == id);
            let (_, _, name) = known.unwrap_or_else(|| panic!("{}: what is {id}?", file.path));
            let said = file.text.lines().filter(|line| line.contains(&id)).all(|line| line.contains(name));
            assert!(said, "{}: {id} is {name}, and should be called so where it stands", file.path);
        }
    }
    for (path, id, _) in IDS {
        assert!(crate::file(path).text.contains(id), "{path}: {id} is not used any more");
    }
}

/// What looks like a GUID.
fn ids(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| word.len() == 36 && word.matches('-').count() == 4).map(str::to_owned).collect()
}

#[test]
fn roles_reach_no_further_than_they_have_to() {
    for (path, role) in resources("Microsoft.Authorization/roleAssignments") {
        let scope = role.body.says("scope").unwrap_or_else(|| panic!("{path}: a role over the whole group"));
        assert!(["account", "insights", "vault"].contains(&scope), "{path}: {scope}");
    }
    let roles = resources("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments");
    let scope = |symbol: &str| {
        let (_, role) = roles.iter().find(|(_, role)| role.symbol == symbol).unwrap();
        (role.body.says("properties.scope").unwrap(), role.body.says("properties.roleDefinitionId").unwrap())
    };
    let (writers, readers) = (scope("writers"), scope("readers"));
    assert_eq!(writers.0, "${account.id}/dbs/${database.name}");
    assert_eq!(readers.0, "${account.id}/dbs/${database.name}/colls/${reading.container}");
    assert!(writers.1.ends_with("${dataContributor}") && readers.1.ends_with("${dataReader}"));
    assert_eq!(roles.len(), 2);
}

/// The links in its checkpoints are secrets.
#[test]
fn readers_never_get_the_control_container() {
    let needs = json("infra/resources.json");
    let copy: Vec<_> = needs["containers"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(needs["control"]["name"], "mirror");
    assert!(!copy.contains(&&Value::from("mirror")), "{copy:?}");
    let cosmos = crate::file("app/cosmos.bicep");
    let crate::bicep::Value::Code(readings) = &cosmos.variables["readings"] else { panic!("an expression") };
    assert!(readings.contains("resources.containers") && !readings.contains("control"), "{readings}");
}

#[test]
fn the_secret_is_a_reference_and_leaves_the_vault_nowhere_else() {
    let main = text("infra/main.bicep");
    assert!(
        main.contains("NOTIFICATION_SECRET: '@Microsoft.KeyVault(SecretUri=${vault!.outputs.secretUri})'")
    );
    let vault = crate::file("app/vault.bicep");
    assert!(vault.text.contains("@secure()\nparam notificationSecret string = '${newGuid()}${newGuid()}'"));
    assert!(vault.outputs.iter().all(|output| ["id", "name", "secretUri"].contains(&output.as_str())));
    assert!(!main.contains("notificationSecret"), "nobody passes it");
}
