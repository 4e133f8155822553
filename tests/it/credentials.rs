//! Tokens: one request each, bounded failure, and words that help.

use std::time::Duration;

use sandbox::identity::Fault;

use crate::stage::{copied, failure, logged, world};

#[tokio::test]
async fn one_token_for_each_service_serves_all_turns() {
    let world = copied().await;
    for _ in 0..5 {
        world.turn().await.unwrap();
    }
    assert_eq!(world.identity.requests(), 2, "one for Graph and one for Cosmos");
}

#[tokio::test]
async fn an_identity_server_that_fails_or_hangs_gives_a_clear_error() {
    for (fault, word) in [(Fault::Status(500), "status 500"), (Fault::Hang, "did not answer within 8 s")] {
        let world = world().await;
        world.identity.fail(100, fault);
        let attempt = tokio::time::timeout(Duration::from_secs(60), world.fire()).await;
        assert!(!attempt.expect("the error comes in time").unwrap().succeeded());
        let said = failure(&world);
        let words = ["no access token", word, "AZURE_CLIENT_ID"];
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert_eq!(world.cosmos.writes().len() + world.graph.requests().len(), 0);
    }
}

#[tokio::test]
async fn an_identity_server_that_stumbles_is_asked_again() {
    let world = world().await;
    world.identity.fail(2, Fault::Status(503));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_revoked_token_is_forgotten_and_the_next_turn_gets_a_new_one() {
    let world = copied().await;
    world.identity.set_caching(false);
    world.identity.revoke_all();
    assert!(!world.fire().await.unwrap().succeeded());
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_revoked_token_that_the_platform_gives_again_fails_each_turn_until_the_platform_has_another() {
    let world = copied().await;
    world.identity.revoke_all();
    let before = world.identity.requests();
    for turn in 1..=3 {
        assert!(!world.fire().await.unwrap().succeeded());
        let said = logged(&world, "invocation_failed");
        assert_eq!(said.len(), turn);
        assert!(said[turn - 1].contains("401"), "{}", said[turn - 1]);
    }
    let asked = world.identity.requests() - before;
    assert!((1..=6).contains(&asked), "at most one request for each service and turn: {asked}");
    world.identity.end_caches();
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_claims_challenge_ends_a_managed_identity_s_turn_with_what_to_do() {
    let world = copied().await;
    let claims = serde_json::json!({"access_token": {"nbf": {"essential": true, "value": "1700000000"}}});
    world.graph.demand_claims(Some(claims));
    for turn in 1..=2 {
        let tokens = world.identity.requests();
        assert!(!world.fire().await.unwrap().succeeded());
        let said = logged(&world, "invocation_failed");
        assert_eq!(said.len(), turn, "{said:?}");
        for words in
            ["a claims challenge", "which a managed identity cannot get", "set GRAPH_CREDENTIAL to another"]
        {
            assert!(said[turn - 1].contains(words), "{words}: {}", said[turn - 1]);
        }
        assert!(!said[turn - 1].contains("1700000000"), "the claims are not logged");
        let challenges = logged(&world, "claims_challenge").len();
        assert!((1..=turn).contains(&challenges), "Graph is not asked over and over: {challenges}");
        assert!(world.identity.requests() - tokens <= 1, "nor is the platform asked over and over");
    }
    world.graph.demand_claims(None);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_missing_permission_is_named_with_the_command_that_grants_it() {
    let world = world().await;
    world.identity.set_roles(&[]);
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    for word in [
        "lacks the application permission User.Read.All, the least one that reads users",
        "User.ReadWrite.All would do too",
        "az rest --method POST",
        "df021288-bdef-4463-88db-98f22de89214",
        "servicePrincipals/bbbbbbbb-cccc-4ddd-8eee-ffffffffffff/appRoleAssignments",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(logged(&world, "invocation_failed").len(), 1);
}
