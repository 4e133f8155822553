//! The embedded rows, and those in the folders of functions.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::*;

fn resource(name: &str) -> Arc<Resource> {
    let found = embedded().unwrap().iter().find(|resource| resource.name == name);
    Arc::clone(found.unwrap())
}

#[test]
fn the_embedded_files_are_sound() {
    assert_eq!(embedded().map_err(|faults| faults.join("\n")).map(Vec::is_empty), Ok(false));
}

#[test]
fn what_follows_from_a_row_is_not_written_in_it() {
    let groups = resource("groups");
    assert_eq!((groups.object_path.as_deref(), &*groups.container), (Some("/groups"), "groups"));
    let containers: Vec<_> = groups.containers().collect();
    let of_links = [("groups-members", "/_mirror/parent"), ("groups-owners", "/_mirror/parent")];
    assert_eq!(containers, [&[("groups", "/id")], &of_links[..]].concat());
    assert!(groups.targets.starts_with(&["users".into(), "groups".into()]));
    assert_eq!(resource("users").targets, ["users"]);
    assert_eq!(groups.subscription.as_ref().unwrap().changes, "updated,deleted");
    assert!(groups.is_linked_to && resource("users").is_linked_to);
}

/// Another one makes every deployment read these resources anew.
#[test]
fn the_shapes_are_those_of_the_copies_that_there_are() {
    let shape = |name| resource(name).shape();
    assert_eq!((&*shape("users"), &*shape("groups")), ("da976a284f1cfa3e", "47ffe57ed597f0e2"));
}

#[test]
fn what_the_feed_is_asked_for_is_in_the_shape() {
    let users = resource("users");
    let of = |change: fn(&mut Resource)| {
        let mut row = (*users).clone();
        change(&mut row);
        row.shape()
    };
    assert_eq!(of(|_| {}), users.shape());
    assert_eq!(of(|row| row.quirks.push("slow".into())), users.shape());
    let changed = [
        users.shape(),
        of(|row| row.properties.truncate(3)),
        of(|row| row.mode = Mode::List),
        of(|row| row.mode = Mode::Window),
        of(|row| row.key = "userPrincipalName".into()),
        of(|row| row.single = true),
        of(|row| row.filter = Some("accountEnabled".into())),
        of(|row| row.expand = Some("accountEnabled".into())),
        of(|row| row.query.push(("startDateTime".into(), "{from}".into()))),
        of(|row| row.prefer.push("IdType=\"ImmutableId\"".into())),
        of(|row| row.hash.push("mail".into())),
        of(|row| row.drop.push("mail".into())),
    ];
    let each: BTreeSet<_> = changed.iter().collect();
    assert_eq!(each.len(), changed.len());
}

#[test]
fn a_path_is_filled_with_the_ids_of_its_parents() {
    let row = Resource {
        path: "/drives/{drives}/x(id='{drives}')/delta".into(),
        chain: vec!["sites".into(), "drives".into()],
        ..(*resource("users")).clone()
    };
    assert_eq!(row.filled(&row.path, Some("a%2Cb/O%27N")), "/drives/O%27N/x(id='O%27%27N')/delta");
    assert_eq!(row.filled("/sites/{sites}", Some("a%2Cb/c")), "/sites/a%2Cb");
    assert_eq!(row.containers().next(), Some(("users", "/_mirror/parent")));
    assert!(row.notified().is_none() && resource("users").notified().is_some());
}

#[test]
fn a_wider_permission_will_do_and_a_narrower_one_will_not() {
    let (users, groups) = (resource("users"), resource("groups"));
    let satisfied = |granted: &[&str]| users.permission.satisfied_by(granted).map(str::to_owned);
    assert_eq!(satisfied(&["Directory.Read.All", "User.Read.All"]).as_deref(), Some("User.Read.All"));
    assert_eq!(satisfied(&["Mail.Read", "Directory.Read.All"]).as_deref(), Some("Directory.Read.All"));
    assert_eq!(satisfied(&["User.ReadBasic.All", "Group.Read.All"]), None);
    assert_eq!(groups.permission.satisfied_by(&["GroupMember.Read.All"]), None);
}

#[test]
fn a_function_brings_a_row_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |function: &str, file: &str, text: &str| {
        let folder = folder.path().join(function);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), text).unwrap();
    };
    let row = json!({
        "path": "/users/delta", "mode": "delta", "select": ["id", "mail"], "required": ["id"],
        "permission": "User.Read.All",
    });
    for function in ["sync_users", "sync_people", "status"] {
        write(function, "function.json", "{}");
        write(function, "resource.json", &row.to_string());
    }
    let found = with_functions(folder.path()).unwrap();
    let of = |name: &str| found.iter().find(|resource| resource.name == name);
    assert_eq!(of("users").unwrap().properties, ["id", "mail"], "it takes the place of the embedded one");
    assert_eq!(of("people").unwrap().container, "people");
    assert!(of("status").is_none() && of("groups").is_some());
    write("sync_messages", "function.json", "{}");
    let chosen = json!({ "parents": { "users": ["a"] }, "select": ["id", "subject"] });
    write("sync_messages", "resource.json", &chosen.to_string());
    let found = with_functions(folder.path()).unwrap();
    let messages = found.iter().find(|resource| resource.name == "messages").unwrap();
    assert_eq!(
        (&messages.path, messages.properties.len()),
        (&resource("messages").path, 2),
        "without a path"
    );
    assert!(messages.lists("A/x") == Some(true) && messages.lists("b/x") == Some(false));
    assert!(messages.is_own && resource("messages").lists("a/x").is_none());
    write("sync_people", "resource.json", r#"{"pth":1}"#);
    let faults = with_functions(folder.path()).unwrap_err();
    let place = folder.path().join("sync_people/resource.json").display().to_string();
    assert!(faults.len() > 1 && faults.iter().all(|fault| fault.starts_with(&place)), "{faults:?}");
    write("sync_people", "resource.json", &row.to_string());
    write("sync_permissions", "function.json", "{}");
    write("sync_permissions", "resource.json", "{}");
    let place = folder.path().join("sync_permissions/resource.json").display().to_string();
    let allowed = "\"permissions\" is not allowed; allowed: the name of a resource";
    assert_eq!(with_functions(folder.path()).unwrap_err(), [format!("{place}: {allowed}")]);
}
