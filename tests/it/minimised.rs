//! Data minimisation: properties that a copy does not hold, or as a keyed hash only.

use std::fs;

use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

const SECRET: &str = "a-secret-for-hashes-of-some-length-1";

/// A folder that mirrors users, without their city, and with hashes of their mail and names.
fn functions(more: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut row: Value = serde_json::from_str(&fs::read_to_string("catalogue/users.json").unwrap()).unwrap();
    row["drop"] = json!(["city", "displayName"]);
    row["hash"] = json!(["mail", "department", "userPrincipalName"]);
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let function = folder.path().join("sync_users");
    fs::create_dir_all(&function).unwrap();
    fs::write(function.join("function.json"), "{}").unwrap();
    fs::write(function.join("resource.json"), row.to_string()).unwrap();
    folder
}

fn settings(world: &World, folder: &TempDir, secret: &str) -> Vec<(String, String)> {
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let mut settings = [world.settings_with_key(), vec![root]].concat();
    settings.extend((!secret.is_empty()).then(|| ("HASH_SECRET".to_owned(), secret.to_owned())));
    settings
}

async fn document(world: &World, id: &str) -> Value {
    world.cosmos.document("users", id, id).await.unwrap()
}

/// No document has what is dropped or hashed.
async fn ensure_minimised(world: &World) {
    for document in world.cosmos.documents("users").await {
        let text = document.to_string();
        assert!(!text.contains("Ulm") && !text.contains("Ships") && !text.contains("Trains"), "{text}");
        assert!(document.get("city").is_none() && document.get("displayName").is_none(), "{text}");
        for name in ["mail", "userPrincipalName"] {
            let hash = &document[name];
            assert!(hash.is_null() || hash.as_str().unwrap().starts_with("v1."), "{name}: {hash}");
        }
    }
}

#[tokio::test]
async fn what_is_dropped_or_hashed_reaches_no_document_on_any_way() {
    let world = World::start(Setup { users: 12, ..setup() }).await.unwrap();
    let folder = functions(&json!({}));
    let settings = settings(&world, &folder, SECRET);
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    let change = |id: &str, to: Value| assert!(world.graph.tenant(|tenant| tenant.change("users", id, to)));
    ids.iter().for_each(|id| change(id, json!({"city": "Ulm", "department": "Ships"})));
    run(&settings, "sync users").await.code(0);
    ensure_minimised(&world).await;
    let requests = world.graph.requests();
    assert!(requests.iter().all(|request| !request.path.contains("city")), "it is not even asked for");
    let [one, other] = [document(&world, &ids[0]).await, document(&world, &ids[1]).await];
    assert_eq!(one["department"], other["department"], "equal values have equal hashes");
    assert_ne!(one["userPrincipalName"], other["userPrincipalName"]);

    // A round of changes, a read by id, and a repair.
    change(&ids[0], json!({"department": "Trains", "jobTitle": "Captain"}));
    run(&settings, "sync users").await.code(0);
    assert_ne!(document(&world, &ids[0]).await["department"], other["department"]);
    change(&ids[1], json!({"jobTitle": "Mate"}));
    run(&settings, &format!("refresh users {}", ids[1])).await.code(0);
    assert_eq!(document(&world, &ids[1]).await["jobTitle"], "Mate");
    world.cosmos.delete("users", &ids[2], &ids[2]).await.unwrap();
    run(&settings, "verify users --repair").await.code(0);
    let verified = run(&settings, "verify users").await.code(0);
    assert!(stdout(&verified).starts_with("users: 0 differences; 12"), "{}", stdout(&verified));
    ensure_minimised(&world).await;
}

#[tokio::test]
async fn another_list_or_another_secret_writes_every_document_anew() {
    let world = World::start(Setup { users: 8, ..setup() }).await.unwrap();
    let (plain, folder) = (functions(&json!({"hash": [], "drop": []})), functions(&json!({})));
    let id = world.a_user();
    world.graph.tenant(|tenant| tenant.change("users", &id, json!({"city": "Ulm"})));
    run(&settings(&world, &plain, ""), "sync users").await.code(0);
    assert_eq!(document(&world, &id).await["city"], "Ulm");
    run(&settings(&world, &folder, SECRET), "sync users").await.code(0);
    ensure_minimised(&world).await;
    let before = document(&world, &id).await;
    run(&settings(&world, &folder, SECRET), "sync users").await.code(0);
    assert_eq!(document(&world, &id).await["_etag"], before["_etag"], "the same secret changes nothing");
    run(&settings(&world, &folder, &SECRET.replace('1', "2")), "sync users").await.code(0);
    assert_ne!(document(&world, &id).await["userPrincipalName"], before["userPrincipalName"]);
    ensure_minimised(&world).await;
    let checkpoint = world.cosmos.document("mirror", "users", "checkpoint").await.unwrap().to_string();
    assert!(!checkpoint.contains("a-secret"), "{checkpoint}");
}

#[tokio::test]
async fn a_missing_or_short_secret_is_a_wrong_setting() {
    let world = World::start(Setup { users: 2, ..setup() }).await.unwrap();
    let folder = functions(&json!({}));
    let missing = "HASH_SECRET: is not set, but the row of users has `hash`";
    for (secret, what) in [("", missing), ("short", "HASH_SECRET: must have at least 32 characters")] {
        for line in ["sync users", "status"] {
            let said = stderr(&run(&settings(&world, &folder, secret), line).await.code(78));
            assert!(said.contains(what), "{line}: {said}");
        }
    }
    assert!(world.cosmos.documents("users").await.is_empty());
}

#[tokio::test]
async fn what_an_object_is_understood_by_is_neither_dropped_nor_hashed() {
    for (row, named) in [
        (json!({"drop": ["id"]}), "drop: \"id\" is not allowed"),
        (json!({"hash": ["id"]}), "hash: \"id\" is not allowed"),
        (json!({"drop": ["mail"]}), "\"mail\" is not allowed; allowed: in one list"),
        (
            json!({"drop": ["accountEnabled", "displayName", "userPrincipalName"], "hash": []}),
            "required: is dropped",
        ),
    ] {
        let folder = functions(&row);
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
        let said = stderr(&run(&[root], "resources").await.code(78));
        assert!(said.contains(named), "{row}: {said}");
    }
}
