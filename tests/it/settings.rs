//! Wrong or missing settings: all of them are named, and the handler stays up.

use sandbox::world::World;

use crate::stage::{failure, logged, setup};

#[tokio::test]
async fn all_wrong_settings_are_named_and_every_invocation_fails_naming_them() {
    let setup = setup()
        .set("COSMOS_ENDPOINT", "")
        .set("LEASE_SECONDS", "1")
        .set("GRAPH_ENDPOINT", "http://graph.example.com");
    let world = World::start(setup).await.unwrap();
    let named = logged(&world, "wrong_setting").join("\n");
    for name in [
        "COSMOS_ENDPOINT: is not set",
        "LEASE_SECONDS: is not a number from 3",
        "GRAPH_ENDPOINT: must be https",
    ] {
        assert!(named.contains(name), "{name}: {named}");
    }
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(
        ["COSMOS_ENDPOINT", "LEASE_SECONDS", "GRAPH_ENDPOINT"].iter().all(|name| said.contains(name)),
        "{said}"
    );
    world.host.process().ping().await.unwrap();
}

#[tokio::test]
async fn a_stated_tenant_must_be_that_of_the_identity() {
    let other = "99999999-0000-4000-8000-000000000000";
    let world = World::start(setup().set("AZURE_TENANT_ID", other)).await.unwrap();
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains(other) && said.contains(&world.identity.tenant_id()), "{said}");
    let by_name = World::start(setup().set("AZURE_TENANT_ID", "contoso.onmicrosoft.com")).await.unwrap();
    by_name.turn().await.unwrap();
    by_name.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn an_account_key_works_too() {
    let world = World::start(setup()).await.unwrap();
    let key = world.cosmos.key().to_owned();
    drop(world);
    let world = World::start(setup().set("COSMOS_KEY", &key)).await.unwrap();
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(world.identity.requests_for(sandbox::identity::COSMOS_AUDIENCE), 0);
}

#[test]
fn without_a_command_or_a_port_there_is_help() {
    let mut command = assert_cmd::Command::cargo_bin("graph-mirror").unwrap();
    command
        .env_remove("FUNCTIONS_CUSTOMHANDLER_PORT")
        .assert()
        .code(2)
        .stderr(predicates::str::contains("--help"));
    let mut help = assert_cmd::Command::cargo_bin("graph-mirror").unwrap();
    help.arg("--help").assert().success().stdout(predicates::str::contains("Examples:"));
}
