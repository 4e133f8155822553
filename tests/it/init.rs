//! `init`: an account without a database becomes one that a copy can live in.

use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::setup;

async fn empty() -> World {
    World::start(Setup { empty_account: true, groups: 4, ..setup() }).await.unwrap()
}

#[tokio::test]
async fn with_the_key_everything_is_created_once_and_a_copy_can_live_in_it() {
    let world = empty().await;
    let settings = world.settings_with_key();
    let missing = run(&settings, "sync users").await.code(1);
    assert!(stderr(&missing).contains("container `mirror` of database `graph`"), "{}", stderr(&missing));
    let made = run(&settings, "init").await.code(0).stderr("");
    let lines: Vec<_> = stdout(&made).lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "database: created",
            "devices: created",
            "users: created",
            "users-manager: created",
            "groups: created",
            "groups-members: created",
            "groups-owners: created",
            "mirror: created"
        ]
    );
    let again = run(&settings, "init --output json").await.code(0);
    for line in stdout(&again).lines() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["state"], "found", "{line}");
    }
    run(&settings, "sync users groups").await.code(0);
    world.ensure_equal().await.unwrap();
    for (name, key) in graph_mirror::app::containers(None) {
        let container = world.cosmos.container(name).await.unwrap();
        assert_eq!(container["partitionKey"]["paths"], json!([key]), "{name}");
        assert_eq!(container["defaultTtl"], -1, "{name}: on, without a default");
    }
}

#[tokio::test]
async fn without_the_key_it_says_why_not_and_how_else() {
    let world = empty().await;
    let refused = run(world.settings(), "init").await.code(78).stdout("");
    let said = stderr(&refused);
    assert!(said.starts_with("COSMOS_KEY: is not set; an Entra token cannot create"), "{said}");
    for (name, key) in graph_mirror::app::containers(None) {
        let command = format!("-d graph -n {name} --partition-key-path {key} --ttl -1");
        assert!(said.contains(&command), "{command}: {said}");
    }
    let refused = run(world.settings(), "init --output json").await.code(78);
    let told: Value = serde_json::from_str(&stdout(&refused)).unwrap();
    assert_eq!(told["problems"].as_array().unwrap().len(), 1, "{told}");
    let mut wrong = world.settings().to_vec();
    wrong.push(("COSMOS_KEY".into(), "bm90IHRoZSBrZXk=".into()));
    let refused = run(&wrong, "init").await.code(1).stdout("");
    assert!(stderr(&refused).contains("init failed at database"), "{}", stderr(&refused));
}

#[tokio::test]
async fn a_container_whose_documents_would_vanish_is_not_told_as_sound() {
    let world = empty().await;
    run(&world.settings_with_key(), "init").await.code(0);
    world.cosmos.set_default_ttl("users", Some(86_400)).await.unwrap();
    let said = stdout(&run(&world.settings_with_key(), "init").await.code(1));
    assert!(said.contains("users: was there with a default TTL of 86400 s; leave TTL on"), "{said}");
    let said = stdout(&run(&world.settings_with_key(), "init --output json").await.code(1));
    assert!(said.contains(r#""state":"defaultTtl""#), "{said}");
}

#[tokio::test]
async fn what_is_there_already_and_other_than_it_should_be_is_named() {
    let world = empty().await;
    world.cosmos.add_database();
    world.cosmos.add_container("groups", "/tenantId").await.unwrap();
    world.cosmos.add_container("users", "/id").await.unwrap();
    let made = run(&world.settings_with_key(), "init").await.code(1);
    let said = stdout(&made);
    assert!(
        said.contains("database: was there\ndevices: created\nusers: was there\nusers-manager: created"),
        "{said}"
    );
    assert!(said.contains("groups: was there with partition key /tenantId"), "{said}");
    assert!(said.contains("mirror: created"), "what is missing is created all the same: {said}");
}
