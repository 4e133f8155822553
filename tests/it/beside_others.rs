//! Write mode `merge`: top-level properties that others added to a document survive, and nothing else does.

use std::fs;

use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stdout};
use crate::stage::setup;

fn functions(mode: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut row: Value = serde_json::from_str(&fs::read_to_string("catalogue/users.json").unwrap()).unwrap();
    row["write"] = json!(mode);
    let function = folder.path().join("sync_users");
    fs::create_dir_all(&function).unwrap();
    fs::write(function.join("function.json"), "{}").unwrap();
    fs::write(function.join("resource.json"), row.to_string()).unwrap();
    folder
}

fn settings(world: &World, folder: &TempDir) -> Vec<(String, String)> {
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    [world.settings_with_key(), vec![root]].concat()
}

async fn document(world: &World, id: &str) -> Value {
    world.cosmos.document("users", id, id).await.unwrap()
}

/// Somebody adds properties to a document.
async fn add(world: &World, id: &str) {
    let mut there = document(world, id).await;
    there["costCentre"] = json!("4711");
    there["review"] = json!({"by": "ada", "open": true});
    world.cosmos.put("users", id, &there).await.unwrap();
}

#[tokio::test]
async fn what_others_added_survives_every_write_and_is_no_difference() {
    let world = World::start(Setup { users: 6, ..setup() }).await.unwrap();
    let folder = functions("merge");
    let settings = settings(&world, &folder);
    run(&settings, "sync users").await.code(0);
    let id = world.a_user();
    add(&world, &id).await;
    let has_others = |there: &Value| {
        assert_eq!(
            (&there["costCentre"], &there["review"]["by"]),
            (&json!("4711"), &json!("ada")),
            "{there}"
        );
        let ours = there["_mirror"]["properties"].as_array().unwrap();
        assert!(ours.contains(&json!("displayName")) && !ours.contains(&json!("costCentre")), "{there}");
    };
    world.change_a_user();
    run(&settings, "sync users").await.code(0);
    let there = document(&world, &id).await;
    assert_eq!(there["city"], "Ulm");
    has_others(&there);

    world.set_on_a_user(json!({"jobTitle": "Captain"}));
    run(&settings, &format!("refresh users {id}")).await.code(0);
    assert_eq!(document(&world, &id).await["jobTitle"], "Captain");
    has_others(&document(&world, &id).await);
    let verified = run(&settings, "verify users").await.code(0);
    assert!(stdout(&verified).starts_with("users: 0 differences"), "{}", stdout(&verified));

    run(&settings, "checkpoint reset users").await.code(0);
    run(&settings, "sync users").await.code(0);
    has_others(&document(&world, &id).await);
    let before = document(&world, &id).await;
    run(&settings, "sync users").await.code(0);
    assert_eq!(document(&world, &id).await["_etag"], before["_etag"], "nothing is written twice");
}

#[tokio::test]
async fn a_tombstone_has_nothing_of_anybody_and_replace_is_as_ever() {
    let world = World::start(Setup { users: 6, ..setup() }).await.unwrap();
    let (merge, replace) = (functions("merge"), functions("replace"));
    run(&settings(&world, &merge), "sync users").await.code(0);
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    add(&world, &ids[1]).await;
    world.graph.tenant(|tenant| assert!(tenant.purge("users", &ids[1])));
    run(&settings(&world, &merge), "sync users").await.code(0);
    let gone = document(&world, &ids[1]).await;
    assert!(gone["_mirror"]["removed"].is_object() && gone.get("costCentre").is_none(), "{gone}");

    add(&world, &ids[0]).await;
    run(&settings(&world, &replace), "checkpoint reset users").await.code(0);
    run(&settings(&world, &replace), "sync users").await.code(0);
    assert!(document(&world, &ids[0]).await.get("costCentre").is_none());
}
