//! The accounts of the Azure CLI and the Azure Developer CLI: started once for each token, and what is said when one is
//! missing, signed out or slow.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sandbox::identity::{COSMOS_AUDIENCE, Mode, Tool};
use sandbox::world::{Credential, Setup, World};

use crate::stage::{failure, setup};

const TOOLS: [(Credential, Tool); 2] =
    [(Credential::AzureCli, Tool::Az), (Credential::AzureDeveloperCli, Tool::Azd)];

async fn signed_in(credential: Credential) -> World {
    World::start(Setup { graph_as: credential, cosmos_as: credential, ..setup() }).await.unwrap()
}

/// How the only turn fails, in time.
async fn refused(world: &World) -> String {
    let begun = Instant::now();
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(world.document_writes(), []);
    failure(world)
}

#[tokio::test]
async fn a_tool_is_started_once_for_each_service_however_much_is_copied() {
    join_all(TOOLS.map(|(credential, tool)| async move {
        let world = signed_in(credential).await;
        world.turn().await.unwrap();
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
        let calls = world.tools.calls(tool);
        assert_eq!(calls.len(), 2, "{calls:?}");
        let scopes = [format!("{}/.default", world.graph.endpoint()), format!("{COSMOS_AUDIENCE}/.default")];
        for scope in scopes {
            assert!(calls.iter().any(|words| words.contains(&scope)), "{scope}: {calls:?}");
        }
        assert!(world.host.logs().iter().all(|line| !line.text.contains("eyJ")), "no token is logged");
    }))
    .await;
}

#[tokio::test]
async fn a_tool_that_is_signed_out_missing_or_of_another_tenant_is_told_with_the_command_to_run() {
    join_all(TOOLS.map(|(credential, tool)| async move {
        let (sign_in, name) = match tool {
            Tool::Az => ("`az login`", "the Azure CLI"),
            _ => ("`azd auth login`", "the Azure Developer CLI"),
        };
        let world = signed_in(credential).await;
        world.tools.set(tool, Mode::SignedOut);
        let said = refused(&world).await;
        assert!(said.contains(&format!("nobody is signed in to {name}; run {sign_in}")), "{said}");

        let folder = tempfile::tempdir().unwrap();
        let missing = world.reconfigured("PATH", folder.path().to_str().unwrap()).await.unwrap();
        let said = refused(&missing).await;
        assert!(said.contains(name) && said.contains("is not on the PATH; install it"), "{said}");

        let other = Setup { graph_as: credential, cosmos_as: credential, ..setup() };
        let other = World::start(other.set("AZURE_TENANT_ID", "other.example")).await.unwrap();
        let said = refused(&other).await;
        assert!(said.contains(&format!("(AADSTS90002); sign in anew: {sign_in}")), "{said}");
    }))
    .await;
}

#[tokio::test]
async fn a_tool_that_hangs_is_ended_in_time_with_its_children_and_a_slow_one_is_waited_for() {
    join_all(TOOLS.map(|(credential, tool)| async move {
        let (hangs, slow) = tokio::join!(signed_in(credential), signed_in(credential));
        hangs.tools.set(tool, Mode::Slow(Duration::from_secs(3600)));
        slow.tools.set(tool, Mode::Slow(Duration::from_secs(3)));
        let (said, turned) = tokio::join!(refused(&hangs), slow.turn());
        turned.unwrap();
        assert!(said.contains("did not answer within 8 s; run `az"), "{said}");
        let (begun, started) = (Instant::now(), hangs.tools.calls(tool).len());
        while hangs.tools.ended(tool) < started {
            assert!(begun.elapsed() < Duration::from_secs(15), "a child of {tool:?} lives on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }))
    .await;
}
