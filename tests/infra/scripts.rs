//! The scripts, run for real with a stand-in of the Azure CLI on the path.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::{json, root, text};

const PRINCIPAL: &str = "11111111-2222-4333-8444-555555555555";

/// An `az` that writes down what it is asked, says that the identity has `granted`, and refuses to grant if told so.
fn az(folder: &Path, granted: &str, refuses: bool) {
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {log}\ncase \"$*\" in\n*POST*) exit {code} ;;\n*appId*) echo graph-object ;;\n*) printf '{granted}' ;;\nesac\n",
        log = folder.join("asked").display(),
        code = u8::from(refuses),
    );
    fs::write(folder.join("az"), script).unwrap();
    fs::set_permissions(folder.join("az"), fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (Output, Vec<String>) {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display());
    let ran = Command::new(root().join("scripts/grant-graph-permissions.sh"))
        .args(arguments)
        .env_clear()
        .env("PATH", path)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let asked = fs::read_to_string(folder.join("asked")).unwrap_or_default();
    (ran, asked.lines().map(str::to_owned).collect())
}

fn said(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr)
}

fn roles() -> Vec<(String, String)> {
    let needs = json("infra/resources.json");
    let roles = needs["appRoles"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    roles.iter().map(|role| (text(&role["name"]), text(&role["id"]))).collect()
}

#[test]
fn exactly_the_missing_permissions_are_granted() {
    let folder = tempfile::tempdir().unwrap();
    let roles = roles();
    az(folder.path(), &format!("{}\\nffffffff-0000-4000-8000-000000000000\\n", roles[0].1), false);
    let (ran, asked) = run(folder.path(), &[PRINCIPAL], &[]);
    assert!(ran.status.success(), "{}", said(&ran));
    let posts: Vec<_> = asked.iter().filter(|line| line.contains("POST")).collect();
    assert_eq!(posts.len(), roles.len() - 1, "{asked:?}");
    for ((_, id), post) in roles[1..].iter().zip(posts) {
        let body =
            format!(r#"{{"principalId":"{PRINCIPAL}","resourceId":"graph-object","appRoleId":"{id}"}}"#);
        assert!(
            post.contains(&body)
                && post.contains(&format!("servicePrincipals/{PRINCIPAL}/appRoleAssignments"))
        );
    }
    let said = said(&ran);
    assert!(said.contains(&format!("{}: is granted", roles[0].0)), "{said}");
    assert!(said.contains("ffffffff-0000-4000-8000-000000000000: is granted too"), "{said}");
}

#[test]
fn a_refusal_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    az(folder.path(), "", true);
    let (ran, _) = run(folder.path(), &[PRINCIPAL], &[]);
    assert!(!ran.status.success());
}

#[test]
fn an_identity_that_is_not_known_yet_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\necho \"$*\" >> $ASKED\ncase \"$*\" in\n*appId*) echo graph-object ;;\n*) exit 1 ;;\nesac\n";
    fs::write(folder.path().join("az"), script).unwrap();
    fs::set_permissions(folder.path().join("az"), fs::Permissions::from_mode(0o755)).unwrap();
    let log = folder.path().join("asked");
    let settings = [("RETRY_SECONDS", "0"), ("ASKED", log.to_str().unwrap())];
    let (ran, asked) = run(folder.path(), &[PRINCIPAL], &settings);
    assert!(!ran.status.success());
    assert_eq!(asked.iter().filter(|line| line.contains("appRoleAssignments")).count(), 3, "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("POST")));
}

#[test]
fn another_cloud_has_another_graph() {
    let folder = tempfile::tempdir().unwrap();
    az(folder.path(), "", false);
    let (ran, asked) = run(folder.path(), &[PRINCIPAL], &[("AZURE_CLOUD", "usgov")]);
    assert!(ran.status.success(), "{}", said(&ran));
    assert!(asked.iter().all(|line| line.contains("https://graph.microsoft.us/")), "{asked:?}");
}

#[test]
fn after_provisioning_nothing_is_granted_unless_somebody_said_so() {
    let folder = tempfile::tempdir().unwrap();
    az(folder.path(), "", false);
    let settings = [("MIRROR_PRINCIPAL_ID", PRINCIPAL)];
    let (ran, asked) = run(folder.path(), &["--from-azd"], &settings);
    assert!(ran.status.success() && asked.is_empty(), "{asked:?}");
    let told = said(&ran);
    for (name, _) in roles() {
        assert!(told.contains(&name), "{told}");
    }
    let settings = [("MIRROR_PRINCIPAL_ID", PRINCIPAL), ("GRANT_GRAPH_PERMISSIONS", "true")];
    let (ran, asked) = run(folder.path(), &["--from-azd"], &settings);
    assert!(ran.status.success());
    assert_eq!(asked.iter().filter(|line| line.contains("POST")).count(), roles().len());
}

#[test]
fn wrong_usage_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    az(folder.path(), "", false);
    for arguments in [&[][..], &["one", "two"], &["../users"], &[""]] {
        let (ran, asked) = run(folder.path(), arguments, &[]);
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {}", said(&ran));
        assert!(asked.is_empty(), "{asked:?}");
    }
    let (ran, _) = run(folder.path(), &["--from-azd"], &[]);
    assert!(!ran.status.success() && said(&ran).contains("MIRROR_PRINCIPAL_ID"), "{}", said(&ran));
}

/// A copy of what the script needs, since it writes into `dist`.
#[test]
fn outputs_of_a_deployment_become_local_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("scripts")).unwrap();
    for name in ["scripts/local-settings.sh", "local.settings.example.json"] {
        fs::copy(root().join(name), path(name)).unwrap();
    }
    let values = folder.path().join("values");
    fs::write(
        &values,
        "AZURE_ENV_NAME=\"production\"\nCOSMOS_ENDPOINT=\"https://cosmos-x.documents.azure.com:443/\"\n\
         AZURE_TENANT_ID=\"t-1\"\nCOSMOS_DATABASE=\"graph\"\nGRAPH_SCOPES=\"a\"b\"\n",
    )
    .unwrap();
    let run = || {
        let input = Stdio::from(fs::File::open(&values).unwrap());
        Command::new("sh").arg(path("scripts/local-settings.sh")).stdin(input).output().unwrap()
    };
    let ran = run();
    assert!(ran.status.success(), "{}", said(&ran));
    let made = path("dist/local.settings.json");
    let settings: Value = serde_json::from_str(&fs::read_to_string(&made).unwrap()).unwrap();
    let mut wanted: Value = serde_json::from_str(&text("local.settings.example.json")).unwrap();
    wanted["Values"]["COSMOS_ENDPOINT"] = "https://cosmos-x.documents.azure.com:443/".into();
    wanted["Values"]["AZURE_TENANT_ID"] = "t-1".into();
    assert_eq!(settings, wanted, "what would break the file is left out");
    assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!run().status.success(), "what is there is not overwritten");
    let (binary, into) = (Path::new(env!("CARGO_BIN_EXE_graph-mirror")), path("dist"));
    stage::stage(&stage::Plan { source: root(), binary, into: &into }).unwrap();
    assert!(made.is_file(), "staging comes after it, and leaves it");
}
