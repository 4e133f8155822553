//! `add`: a resource of the catalogue becomes a function, and the infrastructure follows.

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use sandbox::world::{Setup, World};
use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

/// A folder of functions that mirrors users, and the file of the infrastructure beside it.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["functions/sync_users", "infra"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let users = Path::new(env!("CARGO_MANIFEST_DIR")).join("functions/sync_users/function.json");
    fs::copy(users, folder.path().join("functions/sync_users/function.json")).unwrap();
    fs::write(folder.path().join("infra/resources.json"), "{}\n").unwrap();
    folder
}

/// Runs `add` in the project, as somebody does whose shell is there.
fn add(project: &Path, arguments: &[&str]) -> Assert {
    let mut command = assert_cmd::Command::cargo_bin("graph-mirror").unwrap();
    command.env_clear().current_dir(project).arg("add").args(arguments).assert()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn ten_resources_of_all_modes_are_added_without_a_line_of_code() {
    let project = project();
    let names = [
        "groups",
        "applications",
        "servicePrincipals",
        "appRoleAssignments",
        "roleAssignments",
        "organization",
        "authorizationPolicy",
        "signIns",
        "messages",
        "driveItems",
    ];
    for name in names {
        let group: &[&str] = if name == "messages" { &["--group", "2f5a"] } else { &[] };
        let said = stdout(&add(project.path(), &[&[name], group].concat()).code(0));
        let file = format!("functions/sync_{name}/function.json");
        assert!(said.starts_with(&format!("{file}: written, its timer fires at ")), "{said}");
        assert!(said.contains("infra/resources.json: has its containers and permission\n"), "{said}");
        let function = json(&project.path().join(file));
        assert_eq!(function["bindings"][0]["type"], "timerTrigger");
        assert_eq!(
            (&function["retry"]["maxRetryCount"], &function["bindings"][1]["queueName"]),
            (&3.into(), &"graph-mirror-work".into())
        );
    }
    let needs = fs::read_to_string(project.path().join("infra/resources.json")).unwrap();
    let folder = project.path().join("functions").display().to_string();
    let line = format!("resources --deployment {folder}");
    assert_eq!(needs, stdout(&run(&[], &line).await.code(0)), "the infrastructure follows");
    let needs: Value = serde_json::from_str(&needs).unwrap();
    assert_eq!(needs["resources"].as_array().unwrap().len(), 11);
    let has =
        |container: &str| needs["containers"].as_array().unwrap().iter().any(|one| one["name"] == container);
    assert!(needs["appRoles"].as_array().unwrap().iter().any(|role| role["name"] == "GroupMember.Read.All"));
    assert!(has("signIns") && has("messages") && has("groups-members"), "{needs}");
    // Only what these functions mirror is made, and what cannot be read is none of `doctor`'s.
    let world = World::start(Setup { empty_account: true, users: 1, ..setup() }).await.unwrap();
    let settings = [world.settings_with_key(), vec![("FUNCTIONS_APP_ROOT_PATH".into(), folder)]].concat();
    let made = stdout(&run(&settings, "init").await.code(0));
    assert_eq!(made.lines().count(), needs["containers"].as_array().unwrap().len() + 2, "{made}");
    let examined = stdout(&run(&settings, "doctor --output json").await);
    let of = |resource: &str| {
        let line = examined.lines().find(|line| line.contains(&format!("\"resource\":\"{resource}\"")));
        line.unwrap_or_else(|| panic!("{examined}")).to_owned()
    };
    assert!(
        of("messages").contains("Mail.ReadBasic.All is not granted")
            || of("messages").contains("names no permission"),
        "{}",
        of("messages")
    );
}

#[test]
fn what_is_there_is_left_alone() {
    let project = project();
    let before = fs::read_to_string(project.path().join("functions/sync_users/function.json")).unwrap();
    let refused = add(project.path(), &["users"]).code(1).stdout("");
    assert!(
        stderr(&refused).starts_with("functions/sync_users/function.json: is there already"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(
        fs::read_to_string(project.path().join("functions/sync_users/function.json")).unwrap(),
        before
    );
    assert_eq!(fs::read_to_string(project.path().join("infra/resources.json")).unwrap(), "{}\n");
}

#[test]
fn an_unverified_resource_is_added_to_those_who_ask_for_it_only() {
    let project = project();
    let refused = stderr(&add(project.path(), &["events"]).code(1).stdout(""));
    assert!(refused.starts_with("events is unverified, and is added with --unverified only"), "{refused}");
    assert!(refused.contains("another page calls the feed of all events a beta feature"), "{refused}");
    assert!(!project.path().join("functions/sync_events").exists());
    let added = add(project.path(), &["events", "--unverified", "--all"]).code(0);
    assert!(stderr(&added).contains("note: If Graph refuses it, use calendarView."), "{}", stderr(&added));
}

#[test]
fn a_parent_without_a_function_is_told_in_one_line() {
    let project = project();
    let said = stdout(&add(project.path(), &["messages", "--all"]).code(0));
    let line = "mailFolders: no function here mirrors this, so the ids are read from Microsoft Graph\n";
    assert!(said.contains(line), "{said}");
    let said = stdout(&add(project.path(), &["mailFolders", "--ids", "a,b", "--output", "json"]).code(0));
    let added: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&added["outcome"], &added["parentsFromGraph"]), (&"complete".into(), &serde_json::json!([])));
}

#[test]
fn a_schedule_is_taken_as_it_is_or_refused() {
    let project = project();
    add(project.path(), &["signIns", "--schedule", "0 */15 * * * *"]).code(0);
    let function = json(&project.path().join("functions/sync_signIns/function.json"));
    assert_eq!(function["bindings"][0]["schedule"], "0 */15 * * * *");
    let refused = stderr(&add(project.path(), &["domains", "--schedule", "*/15 * * * *"]).code(1));
    assert!(refused.contains("\"*/15 * * * *\" is no schedule"), "{refused}");
    assert!(!project.path().join("functions/sync_domains").exists(), "nothing is written");
    let nowhere = stderr(&add(project.path(), &["domains", "--functions", "nowhere"]).code(1));
    assert!(nowhere.starts_with("nowhere: ") && nowhere.contains("--functions"), "{nowhere}");
    add(project.path(), &["unicorns"]).code(2);
    fs::remove_dir_all(project.path().join("infra")).unwrap();
    let said = stdout(&add(project.path(), &["domains"]).code(0));
    assert!(!said.contains("infra/"), "{said}");
}

#[test]
fn the_parents_of_mail_have_to_be_chosen() {
    let project = project();
    let refused = stderr(&add(project.path(), &["messages"]).code(1).stdout(""));
    assert!(
        refused.starts_with("messages lies in every one of users: choose with --group <id>"),
        "{refused}"
    );
    assert!(!project.path().join("functions/sync_messages").exists());
    let written =
        |resource: &str| json(&project.path().join(format!("functions/sync_{resource}/resource.json")));
    add(project.path(), &["messages", "--group", "g"]).code(0);
    assert_eq!(written("messages"), serde_json::json!({"parents": {"users": {"group": "g"}}}));
    add(project.path(), &["mailFolders", "--ids", "a,b"]).code(0);
    assert_eq!(written("mailFolders"), serde_json::json!({"parents": {"users": ["a", "b"]}}));
    add(project.path(), &["contactFolders", "--all"]).code(0);
    assert_eq!(written("contactFolders"), serde_json::json!({"parents": {"users": "all"}}));
    // Where nothing has to be chosen, something can be.
    add(project.path(), &["driveItems"]).code(0);
    assert!(!project.path().join("functions/sync_driveItems/resource.json").exists());
    let refused = stderr(&add(project.path(), &["groups", "--all"]).code(1));
    assert!(refused.contains("groups has no parents to choose"), "{refused}");
    add(project.path(), &["messages", "--all", "--group", "g"]).code(2);
}
