//! An app registration that trusts a platform's tokens: the file is read at each refresh, and what is wrong with it, or
//! with the trust, is told.

use std::time::Duration;

use sandbox::identity::{FEDERATED_AUDIENCE, FEDERATED_SUBJECT, HIDDEN};
use sandbox::world::{Credential, Setup, World};

use crate::stage::{failure, logged, setup};

const HOUR: Duration = Duration::from_secs(3600);

fn federated() -> Setup {
    Setup { graph_as: Credential::WorkloadIdentity, cosmos_as: Credential::WorkloadIdentity, ..setup() }
}

#[tokio::test]
async fn the_token_of_the_platform_is_sent_as_it_is_in_the_file_at_that_time() {
    let world = World::start(federated()).await.unwrap();
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    let first = world.entra.requests();
    assert_eq!(first.len(), 2, "one for Graph and one for Cosmos");
    for request in &first {
        let field = |name: &str| request.form.get(name).map(String::as_str);
        assert_eq!(field("grant_type"), Some("client_credentials"));
        assert_eq!(
            field("client_assertion_type"),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        assert_eq!((field("client_assertion"), field("client_secret")), (Some(HIDDEN), None));
        assert_eq!(request.assertion_claims.as_ref().unwrap()["sub"], FEDERATED_SUBJECT);
    }
    world.entra.write_federated_token(FEDERATED_SUBJECT, FEDERATED_AUDIENCE, HOUR);
    world.identity.revoke_all();
    assert!(!world.fire().await.unwrap().succeeded(), "the tokens are refused, and forgotten");
    world.settle().await.unwrap();
    let id = |at: &sandbox::identity::Request| at.assertion_claims.as_ref().unwrap()["jti"].clone();
    assert_ne!(id(&world.entra.requests().pop().unwrap()), id(&first[0]), "the new token of the platform");
    assert!(world.host.logs().iter().all(|line| !line.text.contains("eyJ")), "no token is logged");
}

#[tokio::test]
async fn trust_that_does_not_fit_is_told_with_the_command_that_shows_it() {
    for (subject, audience, life, code, next) in [
        (
            "system:other",
            FEDERATED_AUDIENCE,
            HOUR,
            "AADSTS700213",
            "az ad app federated-credential list --id",
        ),
        (FEDERATED_SUBJECT, "api://other", HOUR, "AADSTS700212", "api://AzureADTokenExchange"),
        (
            FEDERATED_SUBJECT,
            FEDERATED_AUDIENCE,
            Duration::ZERO,
            "AADSTS700024",
            "check the clock of this machine",
        ),
    ] {
        let world = World::start(federated()).await.unwrap();
        world.entra.write_federated_token(subject, audience, life);
        assert!(!world.fire().await.unwrap().succeeded());
        let said = failure(&world);
        for words in ["no access token for", code, next, "AZURE_FEDERATED_TOKEN_FILE"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_empty_file_is_named_and_read_again_by_the_next_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let setup = federated().set("AZURE_FEDERATED_TOKEN_FILE", path.to_str().unwrap());
    let world = World::start(setup).await.unwrap();
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains("AZURE_FEDERATED_TOKEN_FILE: `/") && said.contains("cannot be read"), "{said}");

    std::fs::write(&path, " \n").unwrap();
    let empty = loop {
        // The failure before stands for some seconds.
        world.fire().await.unwrap();
        let said = logged(&world, "invocation_failed").pop().unwrap();
        if !said.contains("cannot be read") {
            break said;
        }
    };
    assert!(empty.contains("is empty; check that the platform projects its token there"), "{empty}");

    std::fs::copy(world.entra.federated_token_file(), &path).unwrap();
    while !world.fire().await.unwrap().succeeded() {}
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}
