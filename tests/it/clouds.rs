//! National clouds: `AZURE_CLOUD` says which audience the tokens have, and wrong names are told with the right ones.

use std::fs;

use sandbox::cosmos::Options;
use sandbox::identity::{COSMOS_AUDIENCE, Kind};
use sandbox::world::{Credential, Setup, World};
use serde_json::{Value, json};

use crate::stage::{failure, logged, setup};

/// The account of Cosmos DB in Azure Government, which refuses tokens of the global cloud.
const GOVERNMENT: &str = "https://cosmos.azure.us";

async fn government(credential: Credential) -> World {
    let cosmos = Options { audience: GOVERNMENT, ..Options::default() };
    let setup = Setup { graph_as: credential, cosmos_as: credential, cosmos, groups: 3, ..setup() };
    World::start(setup.set("AZURE_CLOUD", "usgov")).await.unwrap()
}

/// The addresses of the sandbox win over those of the cloud, so Graph's token is for the sandbox's Graph.
#[tokio::test]
async fn each_token_has_the_audience_of_its_cloud_and_a_stated_address_wins() {
    for (credential, kind) in [
        (Credential::ManagedIdentity, Kind::ManagedIdentity),
        (Credential::ClientSecret, Kind::AppRegistration),
        (Credential::AzureCli, Kind::AzureCli),
    ] {
        let world = government(credential).await;
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
        let asked = |audience: &str| world.identity.requests_of(kind, audience);
        let audiences = [world.graph.endpoint(), GOVERNMENT, COSMOS_AUDIENCE];
        assert_eq!(audiences.map(asked), [1, 1, 0], "{credential:?}");
    }
}

#[tokio::test]
async fn doctor_and_commands_ask_for_the_token_of_the_cloud() {
    let world = government(Credential::ClientSecret).await;
    world.settle().await.unwrap();
    for line in ["doctor --output json", "status --output json"] {
        let output = world.command(line).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("audience"), "{line}: {said}");
        assert_eq!(world.identity.requests_for(COSMOS_AUDIENCE), 0, "{line}");
    }
}

#[tokio::test]
async fn a_token_of_another_cloud_is_refused_naming_the_settings() {
    let cosmos = Options { audience: GOVERNMENT, ..Options::default() };
    let world = World::start(Setup { cosmos, ..setup() }).await.unwrap();
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains("AZURE_CLOUD") && said.contains("COSMOS_ENDPOINT"), "{said}");
}

#[tokio::test]
async fn a_resource_that_the_cloud_lacks_is_refused_with_the_clouds_that_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut row: Value =
        serde_json::from_str(&fs::read_to_string("catalogue/devices.json").unwrap()).unwrap();
    row["clouds"] = json!(["global"]);
    let function = folder.path().join("sync_devices");
    fs::create_dir_all(&function).unwrap();
    fs::write(function.join("function.json"), "{}").unwrap();
    fs::write(function.join("resource.json"), row.to_string()).unwrap();
    let root = folder.path().display().to_string();
    let what = "AZURE_CLOUD: Microsoft Graph has no `devices` in the cloud usgov, only in global";

    let world = government(Credential::ClientSecret).await;
    for line in ["sync devices", "doctor"] {
        let mut command = world.command(line);
        let output = command.env("FUNCTIONS_APP_ROOT_PATH", &root).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&said).contains(what), "{line}: {}", String::from_utf8_lossy(&said));
        assert!(!output.status.success(), "{line}");
    }
    assert_eq!(world.graph.requests().len(), 0);
}

#[tokio::test]
async fn a_wrong_cloud_is_named_with_those_that_there_are() {
    let world = World::start(setup().set("AZURE_CLOUD", "mars")).await.unwrap();
    let named = logged(&world, "wrong_setting").join("\n");
    assert!(named.contains("AZURE_CLOUD: is none of global, usgov, usgov-dod, china"), "{named}");
}
