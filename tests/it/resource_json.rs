//! A function folder that brings a row of its own: `sync_<resource>/resource.json`.

use std::fs;
use std::path::Path;

use sandbox::graph;
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

fn write(folder: &Path, function: &str, file: &str, text: &Value) {
    fs::create_dir_all(folder.join(function)).unwrap();
    fs::write(folder.join(function).join(file), text.to_string()).unwrap();
}

/// A folder with one function, and its row.
fn functions(row: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "sync_people", "function.json", &json!({}));
    write(folder.path(), "sync_people", "resource.json", row);
    folder
}

fn people() -> Value {
    json!({
        "path": "/users/delta", "mode": "delta", "select": ["displayName", "id"], "required": ["displayName"],
        "links": [{ "property": "manager", "many": false, "to": ["people"] }], "permission": "User.Read.All",
    })
}

#[tokio::test]
async fn a_resource_of_a_function_folder_is_copied_and_verified() {
    let world = World::start(Setup { users: 12, ..setup() }).await.unwrap();
    let folder = functions(&people());
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let settings = [world.settings_with_key(), vec![root]].concat();
    let made = run(&settings, "init").await.code(0);
    assert!(stdout(&made).contains("people: created") && stdout(&made).contains("people-manager: created"));
    run(&settings, "sync people").await.code(0);
    let verified = run(&settings, "verify people").await.code(0);
    assert!(stdout(&verified).starts_with("people: 0 differences; 12 objects"), "{}", stdout(&verified));
    let id = &world.graph.tenant(|tenant| tenant.ids("users"))[0];
    let document = world.cosmos.document("people", id, id).await.unwrap();
    assert!(document["displayName"].is_string() && document.get("accountEnabled").is_none(), "{document}");
    let line = format!("resources --deployment {}", folder.path().display());
    let needs: Value = serde_json::from_str(&stdout(&run(&[], &line).await.code(0))).unwrap();
    assert_eq!(
        (&needs["resources"], &needs["containers"][1]["name"]),
        (&json!(["people"]), &json!("people-manager"))
    );
}

#[tokio::test]
async fn where_graph_shows_no_object_by_its_id_all_are_copied_and_a_refresh_of_one_is_refused_in_words() {
    let world = World::start(Setup { users: 1, ..setup() }).await.unwrap();
    let folder = functions(
        &json!({ "path": "/users/delta", "mode": "delta", "objectPath": null, "permission": "User.Read.All" }),
    );
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let settings = [world.settings_with_key(), vec![root]].concat();
    let made = stdout(&run(&settings, "init").await.code(0));
    assert_eq!(made, "database: was there\npeople: created\nmirror: was there\n");
    run(&settings, "sync people").await.code(0);
    assert_eq!(world.cosmos.documents("people").await.len(), 1);
    let id = &world.graph.tenant(|tenant| tenant.ids("users"))[0];
    let said = stderr(&run(&settings, &format!("refresh people {id}")).await.code(1));
    let why = "Microsoft Graph shows no object of `people` by its id: sync or refresh all of them";
    assert!(said.contains(why), "{said}");
    let said = stderr(&run(&settings, "sync users").await.code(1));
    assert!(said.contains("unknown resource `users`; known are: people"), "{said}");
}

#[tokio::test]
async fn a_property_that_graph_refuses_is_named_with_the_file_to_change() {
    let world = World::start(Setup { users: 1, ..setup() }).await.unwrap();
    let mut row = people();
    row["select"] = json!(["displayName", "id", "shoeSize"]);
    let folder = functions(&row);
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let settings = [world.settings_with_key(), vec![root]].concat();
    run(&settings, "init").await.code(0);
    let refused = |times: usize, text: &str| {
        let body = json!({"error": {"code": "BadRequest", "message": text}}).to_string();
        world.graph.fail(graph::Match::initial(), times, graph::Fault::Status { code: 400, body });
    };
    refused(
        1,
        "Parsing OData Select and Expand failed: Could not find a property named 'shoeSize' on type 'hush'.",
    );
    let said = stderr(&run(&settings, "sync people").await.code(1));
    let file = folder.path().join("sync_people/resource.json").display().to_string();
    assert!(
        said.contains(&format!("it knows no property `shoeSize`; take `shoeSize` out of {file}")),
        "{said}"
    );
    // For a list, and for the first page of the delta query.
    refused(2, "Property 'ageGroup' is not supported by the query option '$select'. hush");
    let said = stderr(&run(world.settings(), "sync users").await.code(1));
    let next = "it cannot select or filter by the property `ageGroup`; catalogue/users.json asks for `ageGroup` and is \
                built in: a file functions/sync_users/resource.json without it takes its place";
    assert!(said.contains(next) && !said.contains("hush"), "{said}");
}

#[tokio::test]
async fn all_faults_of_a_row_are_named_at_start_with_file_key_and_what_is_allowed() {
    let row = json!({
        "path": "users/delta", "mode": "stream", "select": ["id"], "required": ["id"], "permission": "All", "extra": 1,
    });
    let folder = functions(&row);
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    for line in ["serve --port 0", "sync people", "resources"] {
        let said = stderr(&run(std::slice::from_ref(&root), line).await.code(78).stdout(""));
        let file = folder.path().join("sync_people/resource.json").display().to_string();
        let path = "/<path>, with {<resource>} for the id of a parent, and no ?, #, %, // or ..";
        for (key, allowed) in [
            ("extra: no such key", "path, mode, single, objectPath, key, type, select, required, "),
            ("path: \"users/delta\" is not allowed", path),
            ("mode: \"stream\" is not allowed", "delta, list, window\n"),
            ("permission: \"All\" is not allowed", ""),
        ] {
            assert!(said.contains(&format!("{file}: {key}; allowed: {allowed}")), "{line}: {key}: {said}");
        }
        assert_eq!(said.lines().count(), 4, "{said}");
    }
}
