//! `erase`: everything about one object goes, from every container, and the sync is not confused by it.

use std::fs;

use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

/// The documents of a container that say this.
async fn saying(world: &World, container: &str, what: &str) -> usize {
    let documents = world.cosmos.documents(container).await;
    documents.iter().filter(|document| document.to_string().contains(what)).count()
}

const COPIES: [&str; 5] = ["users", "groups", "users-manager", "groups-members", "groups-owners"];

async fn copied() -> World {
    let world = World::start(Setup { groups: 4, users: 20, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    world
}

/// A user who has links on both ends.
async fn linked(world: &World) -> String {
    for id in world.graph.tenant(|tenant| tenant.ids("users")) {
        let links = saying(world, "groups-members", &id).await;
        if links > 0 && saying(world, "users-manager", &id).await > 1 {
            return id;
        }
    }
    panic!("nobody has members and managers");
}

#[tokio::test]
async fn a_person_who_was_deleted_leaves_nothing_and_the_next_turns_are_right() {
    let world = copied().await;
    let id = linked(&world).await;
    let settings = world.settings();
    let record =
        json!({"id": "run-1", "feed": "groups", "outcome": "failed", "error": format!("no {id}"), "ttl": 99});
    world.cosmos.put("mirror", "groups", &record).await.unwrap();
    world.graph.tenant(|tenant| assert!(tenant.purge("users", &id)));
    world.settle().await.unwrap();
    world.graph.forget_requests();

    let erased = run(settings, &format!("erase users {id} --yes --output json")).await.code(0);
    let told: Value = serde_json::from_str(&stdout(&erased)).unwrap();
    assert_eq!((&told["outcome"], &told["resource"]), (&json!("complete"), &json!("users")));
    assert!(
        told["removed"].as_array().unwrap().contains(&json!({"container": "users", "documents": 1})),
        "{told}"
    );
    assert!(
        told["removed"].as_array().unwrap().contains(&json!({"container": "mirror", "documents": 1})),
        "{told}"
    );
    let warned = "comes back with the next sync";
    assert!(told["notes"].to_string().contains(warned), "{told}");
    assert_eq!(world.graph.requests().len(), 0, "Graph is not asked");
    for container in COPIES.into_iter().chain(["mirror"]) {
        assert_eq!(saying(&world, container, &id).await, 0, "{container}");
    }

    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    let again = run(settings, &format!("erase users {id} --yes --output json")).await.code(0);
    let told: Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!(told["removed"], json!([]), "there is nothing left");
}

#[tokio::test]
async fn who_still_lives_in_graph_comes_back_and_a_reset_restores_the_links() {
    let world = copied().await;
    let id = linked(&world).await;
    run(world.settings(), &format!("erase users {id} --yes")).await.code(0);
    assert_eq!(saying(&world, "groups-members", &id).await, 0);
    run(world.settings(), &format!("refresh users {id}")).await.code(0);
    for resource in ["users", "groups"] {
        run(world.settings(), &format!("checkpoint reset {resource}")).await.code(0);
        run(world.settings(), &format!("sync {resource}")).await.code(0);
    }
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_lies_under_it_goes_too_and_what_lies_under_others_stays() {
    let world = World::start(Setup { users: 3, ..setup() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for function in ["sync_users", "sync_mailFolders"] {
        fs::create_dir_all(folder.path().join(function)).unwrap();
        fs::write(folder.path().join(function).join("function.json"), "{}").unwrap();
    }
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), folder.path().display().to_string());
    let settings = [world.settings_with_key(), vec![root]].concat();
    run(&settings, "init").await.code(0);
    let ids = world.graph.tenant(|tenant| tenant.ids("users"));
    for id in &ids[..2] {
        for name in ["inbox", "sent"] {
            let mirror = json!({"resource": "mailFolders", "parent": id, "generation": 1, "save": 1});
            let document = json!({"id": format!("{name}-{id}"), "displayName": name, "_mirror": mirror});
            world.cosmos.put("mailFolders", id, &document).await.unwrap();
        }
        let feed = format!("mailFolders/{id}");
        let checkpoint = json!({"id": "checkpoint", "feed": feed});
        world.cosmos.put("mirror", &feed, &checkpoint).await.unwrap();
    }
    let erased = stdout(&run(&settings, &format!("erase users {} --yes", ids[0])).await.code(0));
    assert!(erased.contains("mailFolders  2"), "{erased}");
    for (id, left) in [(&ids[0], 0), (&ids[1], 2)] {
        assert_eq!(saying(&world, "mailFolders", id).await, left);
    }
    assert_eq!(saying(&world, "mirror", &format!("mailFolders/{}", ids[0])).await, 0);
    assert_eq!(saying(&world, "mirror", &format!("mailFolders/{}", ids[1])).await, 1);
}

#[tokio::test]
async fn off_a_terminal_it_has_to_be_confirmed() {
    let world = copied().await;
    let id = world.a_user();
    let said = stderr(&run(world.settings(), &format!("erase users {id}")).await.code(2));
    assert!(said.contains("--yes"), "{said}");
    assert!(world.cosmos.document("users", &id, &id).await.is_some());
}
