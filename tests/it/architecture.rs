//! The house rules, held against the code: what is stated in two places is equal, and arrows run one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which modules may use which; the table in ARCHITECTURE.md says the same.
const ARROWS: [(&str, &[&str]); 21] = [
    (
        "cli",
        &[
            "app",
            "credentials",
            "doctor",
            "functions",
            "graph",
            "mirror",
            "protocol",
            "prove",
            "report",
            "settings",
            "subscriptions",
            "sync",
            "telemetry",
            "verify",
        ],
    ),
    ("doctor", &["app", "catalogue", "credentials", "graph", "protocol", "settings", "store"]),
    (
        "prove",
        &[
            "app",
            "catalogue",
            "credentials",
            "doctor",
            "graph",
            "json",
            "protocol",
            "settings",
            "source",
            "store",
        ],
    ),
    ("functions", &["app", "json", "notify", "protocol", "report", "subscriptions", "sync", "telemetry"]),
    (
        "app",
        &[
            "catalogue",
            "credentials",
            "graph",
            "json",
            "mirror",
            "notify",
            "protocol",
            "report",
            "settings",
            "source",
            "store",
            "subscriptions",
            "sync",
            "verify",
        ],
    ),
    ("subscriptions", &["catalogue", "graph", "notify", "protocol", "store"]),
    ("notify", &["json"]),
    ("sync", &["catalogue", "graph", "json", "mirror", "protocol", "report", "source", "store"]),
    ("verify", &["catalogue", "graph", "mirror", "protocol", "report", "store"]),
    ("mirror", &["catalogue", "protocol", "source", "store"]),
    ("report", &["graph", "protocol", "source", "store"]),
    ("source", &["catalogue", "graph", "json", "protocol"]),
    ("challenge", &[]),
    ("graph", &["challenge", "json", "protocol", "trust"]),
    ("json", &[]),
    ("trust", &[]),
    ("protocol", &["json"]),
    ("store", &["json", "protocol", "trust"]),
    ("catalogue", &["protocol"]),
    ("credentials", &["challenge", "json"]),
    ("settings", &["credentials"]),
];

/// Decided without I/O and without a clock: `now` is an argument. So is all of `protocol`.
const PURE: &[&str] = &[
    "doctor/clock.rs",
    "doctor/cosmos.rs",
    "doctor/graph.rs",
    "doctor/notification.rs",
    "doctor/queue.rs",
    "doctor/throttling.rs",
    "doctor/token.rs",
    "graph/codes.rs",
    "graph/says.rs",
    "json.rs",
    "prove/assumptions.rs",
    "prove/cause.rs",
    "prove/entra.rs",
    "prove/ledger.rs",
    "prove/report.rs",
    "source/fate.rs",
    "source/forbidden.rs",
    "source/minimise.rs",
    "store/cause.rs",
    "notify/tally.rs",
    "notify/delivery.rs",
    "notify/keys.rs",
    "subscriptions/plan.rs",
    "subscriptions/timer.rs",
    "store/unfit.rs",
    "graph/guard.rs",
    "mirror/progress.rs",
    "sync/actions/fate.rs",
    "verify/diff.rs",
    "verify/report.rs",
    "graph/pace.rs",
    "graph/retry.rs",
    "graph/page.rs",
    "store/remedy.rs",
    "catalogue/fields.rs",
    "catalogue/read/known.rs",
    "catalogue/parents.rs",
    "catalogue/permission.rs",
    "catalogue/read.rs",
    "catalogue/read/links.rs",
    "catalogue/read/parts.rs",
    "catalogue/read/permissions.rs",
    "catalogue/read/row.rs",
    "catalogue/read/syntax.rs",
    "catalogue/resource.rs",
    "graph/load.rs",
    "catalogue/words.rs",
    "functions/accept.rs",
    "functions/envelope.rs",
    "functions/status/page.rs",
    "functions/status/plot.rs",
    "functions/status/runs.rs",
    "functions/status/section.rs",
    "functions/status/words.rs",
    "credentials/certificate/assertion.rs",
    "functions/trace.rs",
    "telemetry/traceparent.rs",
    "credentials/explain.rs",
    "credentials/explain/next.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The product's sources by path below `src/`, without the tests in them.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    let name = |path: &Path| path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
    let product = |path: &PathBuf| {
        !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests")
    };
    paths.iter().filter(|path| product(path)).map(|path| (name(path), without_tests(path))).collect()
}

fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

#[test]
fn imports_run_one_way() {
    for (file, text) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else { continue };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let names: Vec<_> = match used.strip_prefix('{') {
                    Some(list) => list
                        .split(['}', ','])
                        .map(str::trim)
                        .take_while(|name| !name.starts_with(';'))
                        .collect(),
                    None => vec![used],
                };
                for name in names {
                    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                    let fine = name.is_empty() || name == module || allowed.contains(&name);
                    assert!(fine, "{file}: {module} must not use {name}: {line}");
                }
            }
        }
    }
}

#[test]
fn the_table_of_imports_has_the_same_arrows() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Imports")).unwrap();
    let named = |cell: &str| -> BTreeSet<String> {
        let names = cell.split('`').skip(1).step_by(2);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let mut stated = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').collect();
        stated.extend(named(cells[1]).into_iter().map(|module| (module, named(cells[2]))));
    }
    for (module, allowed) in ARROWS {
        assert_eq!(stated.get(module), Some(&named(&format!("`{}`", allowed.join("` `")))), "{module}");
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for (file, text) in sources() {
        assert!(file == "settings.rs" || !text.contains("env::var"), "{file} reads the environment");
    }
}

#[test]
fn the_product_has_no_test_mode_and_pure_code_has_no_clock() {
    for (file, text) in sources() {
        assert!(!text.contains("cfg(test)"), "{file}: cfg(test) outside `mod tests`");
        let ends = ["now_utc()", "Instant::now", "SystemTime::now"];
        let is_pure = file.starts_with("protocol") || PURE.contains(&file.as_str());
        assert!(!is_pure || !ends.iter().any(|clock| text.contains(clock)), "{file} looks at a clock");
    }
    for file in PURE {
        assert!(sources().contains_key(*file), "{file} is gone from the list of pure files");
    }
}

/// What the protocol may use of others: data, and the forms in which it is written.
const WITHOUT_IO: [&str; 7] =
    ["base64", "percent_encoding", "serde", "serde_json", "sha2", "thiserror", "time"];

#[test]
fn the_protocol_does_no_io() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let names = manifest.lines().filter_map(|line| line.split_once([' ', '.', '=']));
    let crates: BTreeSet<String> = names.map(|(name, _)| name.replace('-', "_")).collect();
    assert!(crates.contains("azure_data_cosmos") && crates.contains("tokio"), "{crates:?}");
    let of_std = ["env", "fs", "io", "net", "process", "sync", "thread"];
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("protocol")) {
        assert!(!text.contains("async "), "{file} waits for something");
        let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').collect();
        for path in words.iter().filter(|word| word.contains("::")) {
            let parts: Vec<_> = path.split("::").collect();
            assert!(parts[0] != "std" || !of_std.contains(&parts[1]), "{file} uses {path}");
            let is_fine = !crates.contains(parts[0]) || WITHOUT_IO.contains(&parts[0]);
            assert!(is_fine, "{file} uses {path}: the protocol does no I/O");
        }
    }
}

#[test]
fn files_stay_readable() {
    for (file, text) in sources() {
        assert!(text.lines().count() <= 300, "{file} has {} lines", text.lines().count());
    }
}

#[test]
fn every_function_folder_is_served() {
    let folders: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mirrored = graph_mirror::app::mirrored(Some(&root().join("functions")));
    let mut served: BTreeSet<String> =
        mirrored.iter().map(|resource| format!("sync_{}", resource.name)).collect();
    served.extend(
        ["continue_requested", "continue_sync", "notifications", "refresh", "renew_subscriptions", "status"]
            .map(str::to_owned),
    );
    assert_eq!(folders, served);
    let usual: Vec<_> = graph_mirror::app::mirrored(None).iter().map(|row| &row.name).collect();
    // Others may have been added.
    assert!(
        usual.iter().all(|name| mirrored.iter().any(|row| row.name == **name)),
        "so does the command line"
    );
    for folder in folders {
        let function = json(&format!("functions/{folder}/function.json"));
        let bindings = function["bindings"].as_array().unwrap();
        let trigger = match folder.as_str() {
            "continue_sync" | "continue_requested" => ("queueTrigger", "item"),
            "notifications" | "refresh" | "status" => ("httpTrigger", "req"),
            _ => ("timerTrigger", "timer"),
        };
        assert_eq!(
            (&bindings[0]["type"], &bindings[0]["name"]),
            (&trigger.0.into(), &trigger.1.into()),
            "{folder}"
        );
        let work = bindings.iter().find(|binding| binding["name"] == "work");
        let queue = work.map(|work| &work["queueName"]);
        let wanted = match folder.as_str() {
            "status" => None,
            "refresh" | "continue_requested" => Some("graph-mirror-requested"),
            _ => Some("graph-mirror-work"),
        };
        assert_eq!(queue.and_then(Value::as_str), wanted, "{folder}");
        let replies = bindings.iter().any(|binding| binding["type"] == "http" && binding["name"] == "res");
        assert_eq!(replies, trigger.0 == "httpTrigger", "{folder}");
        let retried =
            function["retry"]["maxRetryCount"] == 3 && function["retry"]["delayInterval"] == "00:00:30";
        assert_eq!(retried, trigger.0 == "timerTrigger", "{folder}: timers are retried, queues are not");
    }
}

/// The names that `src/settings*` reads.
fn settings() -> BTreeSet<String> {
    let is_name = |text: &&str| {
        text.len() > 4 && text.chars().all(|c| c.is_ascii_uppercase() || c == '_') && text.contains('_')
    };
    let sources = sources();
    let texts = sources.iter().filter(|(file, _)| file.starts_with("settings"));
    // What the platform sets is none of ours.
    const PLATFORM: [&str; 5] = ["WEBSITE_", "FUNCTIONS_", "IDENTITY_", "MSI_", "XDG_"];
    let is_name = |text: &&str| is_name(text) && !PLATFORM.iter().any(|start| text.starts_with(start));
    texts
        .flat_map(|(_, text)| text.split('"').filter(is_name).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn settings_example_and_page_agree() {
    let example = json("local.settings.example.json");
    let hosts_own = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"];
    let stated: BTreeSet<String> = example["Values"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !hosts_own.contains(&name.as_str()))
        .cloned()
        .collect();
    assert_eq!(stated, settings());
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    for name in settings() {
        assert!(page.contains(&format!("| `{name}`")), "docs/settings.md has no row for {name}");
    }
}

#[test]
fn the_page_of_the_data_creates_every_container() {
    let page = fs::read_to_string(root().join("docs/data.md")).unwrap();
    let commands = page.lines().filter_map(|line| line.strip_prefix("container "));
    let stated: BTreeSet<_> = commands.filter_map(|line| line.split_once(' ')).collect();
    let stated: BTreeSet<_> = stated.into_iter().map(|(name, key)| (name, key.trim())).collect();
    assert_eq!(stated, graph_mirror::app::containers(None).collect());
}

#[test]
fn the_example_settings_are_the_defaults() {
    let example = json("local.settings.example.json");
    let values = example["Values"].as_object().unwrap();
    let read =
        |with: &dyn Fn(&str) -> Option<String>| graph_mirror::settings::Settings::for_serve(with).unwrap();
    let endpoint = "https://account.documents.azure.com/".to_owned();
    let from_example = read(&|name| match name {
        "COSMOS_ENDPOINT" => Some(endpoint.clone()),
        // What only the host reads has no default of ours.
        "AzureWebJobsStorage" => None,
        other => values.get(other).and_then(Value::as_str).map(str::to_owned),
    });
    let defaults = read(&|name| (name == "COSMOS_ENDPOINT").then(|| endpoint.clone()));
    assert_eq!(format!("{from_example:?}"), format!("{defaults:?}"));
}

#[test]
fn the_shipped_binary_has_no_emulator() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "--locked", "-p", "graph-mirror", "-e", "features,normal"])
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("azure_data_cosmos_driver"), "the tree is there");
    for word in ["in_memory_emulator", "fault_injection", "sandbox", "openssl-sys"] {
        assert!(!tree.contains(word), "`{word}` is in the shipped binary's tree");
    }
}
