//! What is said twice is equal: the infrastructure, the functions, the settings, the catalogue and the documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::bicep::Value as Bicep;
use crate::{file, json, resources, root, text};

/// All `function.json` files by the names of their folders.
fn functions() -> BTreeMap<String, Value> {
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| (name.clone(), json(&format!("functions/{name}/function.json")))).collect()
}

fn bindings() -> Vec<Value> {
    functions().into_values().flat_map(|function| function["bindings"].as_array().unwrap().clone()).collect()
}

#[test]
fn the_list_of_what_is_needed_follows_from_the_functions() {
    let needs = graph_mirror::app::deployment(&root().join("functions")).unwrap();
    let written = serde_json::to_string_pretty(&needs).unwrap() + "\n";
    assert_eq!(
        text("infra/resources.json"),
        written,
        "run: cargo run -p graph-mirror -- resources --deployment functions > infra/resources.json"
    );
}

#[test]
fn a_folder_that_is_no_resource_and_a_folder_without_any_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = graph_mirror::app::deployment(folder.path()).unwrap_err().to_string();
    assert!(error.contains("nothing is mirrored"), "{error}");
    let function = |name: &str| {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("function.json"), "{}").unwrap();
    };
    function("sync_users");
    function("status");
    fs::create_dir(folder.path().join("sync_groups")).unwrap();
    let needs = serde_json::to_value(graph_mirror::app::deployment(folder.path()).unwrap()).unwrap();
    assert_eq!(needs["containers"].as_array().unwrap().len(), 2, "{needs}");
    assert_eq!(needs["appRoles"].as_array().unwrap().len(), 1, "{needs}");
    function("sync_grouppies");
    let error = graph_mirror::app::deployment(folder.path()).unwrap_err().to_string();
    assert!(
        error.starts_with("sync_grouppies: there is no resource 'grouppies'; like it are: groups, "),
        "{error}"
    );
    let nowhere = graph_mirror::app::deployment(&folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(nowhere.contains("nowhere") && nowhere.contains("sync_<resource>"), "{nowhere}");
}

#[test]
fn queues_are_those_of_the_functions() {
    let named: BTreeSet<String> =
        bindings().iter().filter_map(|one| one["queueName"].as_str().map(str::to_owned)).collect();
    let storage = file("app/storage.bicep");
    let Bicep::List(work) = &storage.variables["workQueues"] else { panic!("a list") };
    let work = work.iter().map(|name| match name {
        Bicep::Text(name) => name.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(named, work.collect());
    let queues = resources("Microsoft.Storage/storageAccounts/queueServices/queues");
    let names: Vec<_> = queues.iter().filter_map(|(_, queue)| queue.body.says("name")).collect();
    assert_eq!(names, ["name", "${name}-poison"]);
}

/// The settings that the template gives to the app, by name.
fn given() -> BTreeSet<String> {
    let (_, settings) = resources("Microsoft.Web/sites/config").remove(0);
    let mut found: BTreeSet<String> = names_in(settings.body.says("properties").unwrap());
    let main = file("main.bicep");
    let mirror = main.declared.iter().find(|one| one.symbol == "mirror").unwrap();
    found.extend(names_in(mirror.body.says("params.settings").unwrap()));
    found
}

/// Names of properties in an expression.
fn names_in(code: &str) -> BTreeSet<String> {
    let starts = code.lines().filter_map(|line| line.trim().split_once(": "));
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    starts.map(|(name, _)| name).filter(is_name).map(str::to_owned).collect()
}

#[test]
fn the_app_gets_settings_that_exist_and_none_that_flex_forbids() {
    let example = json("local.settings.example.json");
    let known = example["Values"].as_object().unwrap();
    let hosts = [
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "AzureWebJobsStorage__credential",
        "AzureWebJobsStorage__clientId",
        "AzureWebJobsStorage__blobServiceUri",
        "AzureWebJobsStorage__queueServiceUri",
        "AzureWebJobsStorage__tableServiceUri",
    ];
    let given = given();
    for name in &given {
        let fine = known.contains_key(name) || hosts.contains(&name.as_str());
        assert!(fine, "{name} is no setting");
    }
    for name in
        ["COSMOS_ENDPOINT", "COSMOS_DATABASE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "NOTIFICATION_SECRET"]
    {
        assert!(given.contains(name), "{name} is not set: {given:?}");
    }
    // Flex Consumption has them in `functionAppConfig`, and refuses them as settings.
    for name in [
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_EXTENSION_VERSION",
        "WEBSITE_RUN_FROM_PACKAGE",
        "AzureWebJobsStorage",
    ] {
        assert!(!given.contains(name), "{name} must not be set");
    }
}

#[test]
fn every_connection_of_a_function_is_an_identity() {
    let given = given();
    let connections: BTreeSet<String> =
        bindings().iter().filter_map(|one| one["connection"].as_str().map(str::to_owned)).collect();
    assert!(!connections.is_empty());
    for connection in connections {
        for part in ["credential", "clientId", "queueServiceUri"] {
            assert!(given.contains(&format!("{connection}__{part}")), "{connection}__{part}");
        }
    }
}

#[test]
fn the_app_is_the_service_that_azd_deploys() {
    let azure = text("azure.yaml");
    let service = azure.split("\nservices:\n").nth(1).unwrap();
    let name = service.lines().next().unwrap().trim().trim_end_matches(':');
    let (_, site) = resources("Microsoft.Web/sites").remove(0);
    let tags = site.body.says("tags").unwrap().to_owned();
    assert!(tags.contains(&format!("'azd-service-name': '{name}'")), "{tags}");
    for line in ["    project: .", "    language: custom", "    host: function", "    dist: dist"] {
        assert!(service.lines().any(|said| said == line), "azure.yaml: {line}");
    }
    let runtime = |part: &str| {
        site.body.says(&format!("properties.functionAppConfig.runtime.{part}")).unwrap().to_owned()
    };
    assert_eq!((runtime("name"), runtime("version")), ("custom".into(), "1.0".into()));
}

#[test]
fn the_database_is_that_of_the_settings() {
    let example = json("local.settings.example.json");
    let cosmos = file("app/cosmos.bicep");
    let Bicep::Text(name) = &cosmos.variables["databaseName"] else { panic!("a name") };
    assert_eq!(example["Values"]["COSMOS_DATABASE"], name.as_str());
}

/// The paths that queries of the store filter or sort by: what stands behind a WHERE, or in a condition that is put
/// behind one.
fn filters() -> BTreeSet<String> {
    let mut filtered = BTreeSet::new();
    for entry in fs::read_dir(root().join("src/store")).unwrap() {
        let path = entry.unwrap().path();
        // An operator erases rarely: that may read every document.
        if path.is_dir() || path.ends_with("erase.rs") {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for string in source.split('"').skip(1).step_by(2) {
            // What is selected is only read.
            let condition = string.rsplit(" WHERE ").next().filter(|_| string.contains(" WHERE "));
            let condition = condition.or((!string.contains("SELECT ")).then_some(string)).unwrap_or_default();
            let words = condition.split(|c: char| !(c.is_alphanumeric() || "._".contains(c)));
            let paths = words.filter_map(|word| word.strip_prefix("c."));
            // Of these, Cosmos has an index of its own; the container `mirror` has one of `feed`.
            filtered.extend(
                paths.filter(|path| !["id", "_ts", "feed"].contains(path)).map(|path| format!(".{path}")),
            );
        }
    }
    filtered
}

/// A path that a query filters by and no index has makes the query read every document.
#[test]
fn whatever_the_store_filters_by_is_indexed() {
    let cosmos = file("app/cosmos.bicep");
    let Bicep::List(paths) = &cosmos.variables["mirrorPaths"] else { panic!("a list") };
    let paths: BTreeSet<String> = paths
        .iter()
        .map(|path| match path {
            Bicep::Text(path) => path.trim_end_matches("/?").trim_end_matches("/*").replace('/', "."),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut filtered = filters();
    // The path of one query is that of the row: what names the folder of an object.
    assert!(filtered.remove("."));
    let rows = graph_mirror::app::resources().iter();
    filtered
        .extend(rows.filter(|row| !row.inside.is_empty()).map(|row| format!(".{}", row.inside.join("."))));
    assert!(filtered.len() >= 6, "{filtered:?}");
    for path in &filtered {
        assert!(
            paths.iter().any(|indexed| path.starts_with(indexed.as_str())),
            "{path} is not indexed: {paths:?}"
        );
    }
    for path in paths.iter().filter(|path| *path != "._mirror.parent") {
        assert!(filtered.iter().any(|used| used.starts_with(path.as_str())), "{path} is indexed for nobody");
    }
}

#[test]
fn parameters_say_the_same_in_the_template_its_file_and_the_guide() {
    let main = file("main.bicep");
    let values = json("infra/main.parameters.json");
    let (guide, workflow) = (text("docs/deploy.md"), text(".github/workflows/azure-dev.yml"));
    for (name, value) in values["parameters"].as_object().unwrap() {
        let default = main.parameters.get(name).unwrap_or_else(|| panic!("main.bicep has no {name}"));
        let value = value["value"].as_str().unwrap();
        let inside = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let (variable, stated) = inside.split_once('=').unwrap_or((inside, ""));
        let default = match default {
            Some(Bicep::Text(text)) | Some(Bicep::Code(text)) => text.clone(),
            Some(Bicep::List(items)) if items.is_empty() => "[]".into(),
            other => {
                assert!(other.is_none() && inside.starts_with("AZURE_"), "{name}: {other:?}");
                continue;
            }
        };
        assert_eq!(stated, default, "{name}");
        let row = match stated {
            "" => format!("| `{variable}` | |"),
            stated => format!("| `{variable}` | {stated} |"),
        };
        assert!(guide.contains(&row), "docs/deploy.md has no row {row}");
        let passed = format!("      {variable}: ${{{{ vars.{variable} }}}}\n");
        assert!(workflow.contains(&passed), "azure-dev.yml does not pass {variable} on");
    }
    for (name, default) in &main.parameters {
        let stated = values["parameters"].get(name).is_some();
        assert!(stated || default.is_some(), "{name} has no value");
        assert!(stated || guide.contains(&format!("`{name}`")), "docs/deploy.md does not know {name}");
    }
}

#[test]
fn the_table_of_permissions_is_that_of_the_functions() {
    let guide = text("docs/permissions.md");
    let rows: Vec<_> = guide.lines().filter(|line| line.starts_with("| `")).collect();
    // Those that come with it: `add` says what another one needs.
    let mirrored = graph_mirror::app::mirrored(None);
    assert_eq!(rows.len(), mirrored.len());
    for (row, said) in mirrored.iter().zip(rows) {
        let permission = &row.permission;
        let start = format!("| `{}`", row.name);
        let middle = format!("| `{}` | `{}` |", permission.name, permission.app_role_id);
        assert!(said.starts_with(&start) && said.contains(&middle), "{said}");
    }
}
