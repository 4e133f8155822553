//! An app registration with a client secret: for both services, for one of them, and when it is refused.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sandbox::graph;
use sandbox::identity::{COSMOS_AUDIENCE, Entra, Fault, Identity, Kind, Match};
use sandbox::world::{Credential, Setup, World};
use serde_json::json;

use crate::stage::{BOUND, failure, logged, refused, setup, with_secret};

fn entra(world: &World) -> &Entra {
    &world.entra
}

/// How often the app registration and the managed identity asked, for a token for Graph and one for Cosmos.
fn asked(world: &World) -> [[usize; 2]; 2] {
    [Kind::AppRegistration, Kind::ManagedIdentity].map(|kind| {
        [world.graph.endpoint(), COSMOS_AUDIENCE].map(|audience| world.identity.requests_of(kind, audience))
    })
}

#[tokio::test]
async fn with_a_secret_for_both_everything_is_copied_and_no_managed_identity_is_asked() {
    let world = World::start(Setup { groups: 5, ..with_secret() }).await.unwrap();
    assert!(world.settings().iter().all(|(name, _)| !name.starts_with("IDENTITY_")));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(asked(&world), [[1, 1], [0, 0]]);
    world.cosmos.reset_log();
    world.turn().await.unwrap();
    assert_eq!(world.document_writes().len(), 0, "a second run writes no document");
}

#[tokio::test]
async fn a_secret_for_one_service_and_the_managed_identity_for_the_other() {
    let (app, managed) = (Credential::ClientSecret, Credential::ManagedIdentity);
    for (graph_as, cosmos_as, counts) in [(app, managed, [[1, 0], [0, 1]]), (managed, app, [[0, 1], [1, 0]])]
    {
        let world = World::start(Setup { graph_as, cosmos_as, ..setup() }).await.unwrap();
        world.turn().await.unwrap();
        world.ensure_equal().await.unwrap();
        assert_eq!(asked(&world), counts, "{graph_as:?}, {cosmos_as:?}");
    }
}

#[tokio::test]
async fn a_user_assigned_identity_for_cosmos_has_a_client_id_of_its_own() {
    let mixed = Setup { graph_as: Credential::ClientSecret, ..setup() };
    let wrong = World::start(mixed.set("COSMOS_CLIENT_ID", "somebody-else")).await.unwrap();
    refused(&wrong, &["no access token for Azure Cosmos DB", "status 400", "named by COSMOS_CLIENT_ID"])
        .await;
    let named = wrong.identity.client_id();
    let world = wrong.reconfigured("COSMOS_CLIENT_ID", &named).await.unwrap();
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_entra_refuses_is_told_with_its_code_and_the_setting_to_change() {
    let wrong = "not~the~secret";
    for (name, value, code, next) in [
        ("AZURE_CLIENT_SECRET", wrong, "AADSTS7000215", "set AZURE_CLIENT_SECRET to its value"),
        ("AZURE_CLIENT_ID", "nobody", "AADSTS700016", "set AZURE_CLIENT_ID to its client id"),
        ("AZURE_TENANT_ID", "nowhere.example", "AADSTS90002", "set AZURE_TENANT_ID to its id"),
    ] {
        let world = World::start(with_secret().set(name, value)).await.unwrap();
        refused(&world, &["no access token for", "the identity server answered status 40", code, next]).await;
        assert_eq!(world.graph.requests().len(), 0);
        assert!(world.host.logs().iter().all(|line| !line.text.contains(wrong)), "a wrong secret is one too");
    }
    let world = World::start(with_secret()).await.unwrap();
    entra(&world).switches().expire_secret();
    refused(&world, &["AADSTS7000222", "has expired: create a new one", "set AZURE_CLIENT_SECRET"]).await;
}

#[tokio::test]
async fn an_app_registration_that_is_not_complete_is_a_wrong_setting() {
    let world = World::start(setup().set("COSMOS_CREDENTIAL", "client-secret")).await.unwrap();
    let named = logged(&world, "wrong_setting").join("\n");
    for name in
        ["AZURE_TENANT_ID: is not set", "AZURE_CLIENT_ID: is not set", "AZURE_CLIENT_SECRET: is not set"]
    {
        assert!(named.contains(name), "{name}: {named}");
    }
}

#[tokio::test]
async fn after_a_rotation_the_token_in_hand_does_until_its_end_and_then_the_new_secret_is_needed() {
    let world = World::start(with_secret()).await.unwrap();
    world.identity.set_lifetime(Duration::from_secs(15));
    world.turn().await.unwrap();
    let new = entra(&world).switches().rotate_secret();
    world.graph.tenant(|tenant| tenant.create("users"));
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();

    // The token's end comes by itself; until then every turn is a good one.
    let begun = Instant::now();
    while world.fire().await.unwrap().succeeded() {
        assert!(begun.elapsed() < BOUND, "the token has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let said = failure(&world);
    assert!(said.contains("AADSTS7000215") && said.contains("AZURE_CLIENT_SECRET"), "{said}");

    world.graph.tenant(|tenant| tenant.create("users"));
    let world = world.reconfigured("AZURE_CLIENT_SECRET", &new).await.unwrap();
    // The token may have ended in mid-turn: then the lease could not be given back.
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_forgotten_and_that_for_the_other_service_is_not() {
    let world = World::start(Setup { graph_as: Credential::ClientSecret, ..setup() }).await.unwrap();
    world.turn().await.unwrap();
    // From now on there is no other token for Graph than the one in hand.
    entra(&world).switches().expire_secret();
    world.identity.revoke_for(COSMOS_AUDIENCE);
    world.identity.end_caches();
    assert!(!world.fire().await.unwrap().succeeded());
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(asked(&world), [[1, 0], [0, 2]]);
}

/// One way in which an identity server can be of no use to a world.
async fn ends_in_time(credential: Credential, service: &str, fault: Fault, word: &str) {
    let world = World::start(Setup { graph_as: credential, cosmos_as: credential, ..setup() }).await.unwrap();
    let kind = match credential {
        Credential::ManagedIdentity => Kind::ManagedIdentity,
        _ => Kind::AppRegistration,
    };
    let audience = match service {
        "Microsoft Graph" => world.graph.endpoint().to_owned(),
        _ => COSMOS_AUDIENCE.to_owned(),
    };
    world.identity.fail_when(Match::any().kind(kind).audience(&audience), usize::MAX, fault);
    let begun = Instant::now();
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    let said = failure(&world);
    assert!(said.contains(&format!("no access token for {service}: ")) && said.contains(word), "{said}");
    assert_eq!(world.document_writes(), []);
}

#[tokio::test]
async fn an_identity_server_that_hangs_or_fails_ends_an_invocation_in_time_whosever_token_it_is() {
    let mut stories = Vec::new();
    for credential in [Credential::ClientSecret, Credential::ManagedIdentity] {
        for service in ["Microsoft Graph", "Azure Cosmos DB"] {
            for (fault, word) in [
                (Fault::Hang, "did not answer within 8 s"),
                (Fault::Status(500), "answered status 500"),
                (Fault::Reset, "the connection to the identity server broke"),
            ] {
                stories.push(ends_in_time(credential, service, fault, word));
            }
        }
    }
    join_all(stories).await;
}

#[tokio::test]
async fn a_slow_identity_server_is_waited_for_and_one_that_hangs_costs_one_wait_not_two() {
    let slow = World::start(with_secret()).await.unwrap();
    slow.identity.fail(2, Fault::Slow(Duration::from_secs(4)));
    let both = World::start(with_secret()).await.unwrap();
    let graph = Match::any().audience(both.graph.endpoint());
    both.identity.fail_when(graph, 1, Fault::Slow(Duration::from_millis(7_500)));
    both.identity.fail_when(Match::any().audience(COSMOS_AUDIENCE), usize::MAX, Fault::Hang);
    let (told, ()) =
        tokio::join!(slow.turn(), refused(&both, &["no access token for", "did not answer within 8 s"]),);
    told.unwrap();
    slow.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn an_identity_server_that_is_down_or_not_trusted_ends_an_invocation_in_time() {
    let down = World::start(with_secret()).await.unwrap();
    entra(&down).stop();
    let somebody = Identity::start(sandbox::identity::Options::default()).await.unwrap();
    let other = Entra::start(&somebody).await.unwrap();
    let authority = other.authority_file().to_str().unwrap();
    let untrusted = World::start(with_secret().set("SSL_CERT_FILE", authority)).await.unwrap();
    tokio::join!(
        refused(&down, &["there is no connection to the identity server", "AZURE_AUTHORITY_HOST"]),
        refused(&untrusted, &["certificate of the identity server is not trusted", "SSL_CERT_FILE"]),
    );
}

#[tokio::test]
async fn an_identity_server_that_hangs_later_ends_an_invocation_in_time_too() {
    let world = World::start(with_secret()).await.unwrap();
    world.turn().await.unwrap();
    world.identity.revoke_for(COSMOS_AUDIENCE);
    assert!(!world.fire().await.unwrap().succeeded(), "the token is refused, and forgotten");
    world.identity.fail_when(Match::any().audience(COSMOS_AUDIENCE), usize::MAX, Fault::Hang);
    world.cosmos.reset_log();
    refused(&world, &["no access token for Azure Cosmos DB", "did not answer within 8 s"]).await;
}

#[tokio::test]
async fn a_token_that_ends_in_mid_turn_while_the_identity_server_hangs_ends_the_turn() {
    // A lease whose writes have far more time than a token request, however busy the machine is.
    let world = World::start(with_secret().set("LEASE_SECONDS", "30")).await.unwrap();
    world.identity.set_lifetime(Duration::from_secs(9));
    // The page after the first one comes late, whatever its token: only Cosmos DB needs another one.
    let link = format!("{}/v1.0/users/delta?$deltatoken=made-up", world.graph.endpoint());
    let body = json!({"value": [], "@odata.deltaLink": link}).to_string();
    world.graph.fail(graph::Match::any().nth(2), 1, graph::Fault::Status { code: 200, body });
    let mut held = world.graph.hold(graph::Match::any().nth(2));
    let turn = world.start_turn();
    held.arrived().await;
    world.identity.fail_when(Match::any().audience(COSMOS_AUDIENCE), usize::MAX, Fault::Hang);
    // The lease is renewed meanwhile, and that is who finds the token at its end.
    let before = world.identity.requests_for(COSMOS_AUDIENCE);
    let begun = Instant::now();
    while world.identity.requests_for(COSMOS_AUDIENCE) == before {
        assert!(begun.elapsed() < BOUND, "the token ends");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begun = Instant::now();
    held.release();
    assert!(!turn.await.unwrap().succeeded());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    let said = failure(&world);
    assert!(
        said.contains("no access token for Azure Cosmos DB: the identity server did not answer"),
        "{said}"
    );
}

#[tokio::test]
async fn neither_the_secret_nor_a_token_reaches_the_log() {
    let world = World::start(with_secret()).await.unwrap();
    world.turn().await.unwrap();
    let mut hidden = world.identity.tokens();
    hidden.extend([entra(&world).secret(), entra(&world).origin().to_owned(), "localhost".into()]);
    for fault in [Fault::Status(400), Fault::Status(503), Fault::Reset] {
        world.identity.revoke_all();
        world.fire().await.unwrap();
        world.identity.fail_when(Match::any().kind(Kind::AppRegistration), 8, fault);
        world.fire().await.unwrap();
    }
    entra(&world).switches().expire_secret();
    world.fire().await.unwrap();
    entra(&world).switches().rotate_secret();
    world.fire().await.unwrap();
    hidden.extend(world.identity.tokens());
    assert!(
        hidden.len() > 4 && logged(&world, "invocation_failed").len() > 4,
        "there is something to look for"
    );
    for line in world.host.logs() {
        for secret in &hidden {
            assert!(!line.text.contains(secret), "`{secret}` in {}", line.text);
        }
    }
}
