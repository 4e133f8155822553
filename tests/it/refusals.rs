//! One status, one meaning: a refusal says what it is about and what to do, and blames nothing else.

use sandbox::cosmos::{self, Fault};
use sandbox::graph::{self, Kind};
use sandbox::world::{Setup, World};
use serde_json::json;

use crate::stage::{copied, failure, logged, setup};

/// The error of a turn whose write of a user Cosmos answers so.
async fn refused(status: u16, sub_status: Option<u32>, message: &str) -> String {
    let world = copied().await;
    world.graph.tenant(|tenant| tenant.create("users"));
    let message = message.to_owned();
    world.cosmos.fail(
        cosmos::Match::writes().container("users"),
        1,
        Fault::Says { status, sub_status, message },
    );
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    world.settle().await.unwrap();
    world.ensure_equal().await.unwrap();
    said
}

#[tokio::test]
async fn a_403_of_cosmos_that_is_not_about_the_role_does_not_blame_the_role() {
    for (sub_status, word) in [(Some(1028), "storage limit"), (Some(9), "status 403/9")] {
        let said = refused(403, sub_status, "hushhush").await;
        assert!(said.contains(word) && !said.contains("role") && !said.contains("hush"), "{said}");
        assert!(said.contains("activity id 00000000-"), "by what a support case finds the request: {said}");
    }
}

#[tokio::test]
async fn an_account_that_fails_over_is_waited_for_and_blames_no_role() {
    let world = copied().await;
    world.graph.tenant(|tenant| tenant.create("users"));
    let fault = Fault::Says { status: 403, sub_status: Some(3), message: "hushhush".into() };
    world.cosmos.fail(cosmos::Match::writes().container("users"), usize::MAX, fault);
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    assert!(said.contains("the account is failing over; the next turn tries again"), "{said}");
    assert!(!said.contains("role") && !said.contains("documentation") && !said.contains("hush"), "{said}");
    world.cosmos.faults().clear();
    world.settle_equal().await.unwrap();
}

#[tokio::test]
async fn a_401_of_cosmos_says_whether_it_is_the_key_or_the_clock() {
    for (message, word) in [
        (
            "The authorization token is not valid at the current time.",
            "the clocks of this machine and of the account differ",
        ),
        (
            "The MAC signature found in the HTTP request is not the same as the computed signature.",
            "COSMOS_KEY",
        ),
        ("Local Authorization is disabled. Use an AAD token to authorize all requests.", "takes no keys"),
    ] {
        let said = refused(401, None, message).await;
        assert!(said.contains(word) && !said.contains("role"), "{said}");
    }
}

#[tokio::test]
async fn a_missing_role_is_named_with_the_command_and_the_principal() {
    let world = copied().await;
    world.graph.tenant(|tenant| tenant.create("users"));
    world.cosmos.fail(cosmos::Match::writes().container("users"), 1, Fault::NoRole);
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    let command = "--principal-id bbbbbbbb-cccc-4ddd-8eee-ffffffffffff --scope /dbs/graph";
    assert!(said.contains("Cosmos DB Built-in Data Contributor") && said.contains(command), "{said}");
}

#[tokio::test]
async fn a_unique_key_is_no_other_writer() {
    let world = copied().await;
    world.graph.tenant(|tenant| tenant.create("users"));
    world.cosmos.fail(cosmos::Match::writes().container("users"), 1, Fault::Refuse(409));
    let told = world.turn().await.unwrap();
    assert!(told.contains("1 set aside"), "the feed goes on: {told}");
    let named = logged(&world, "set_aside");
    assert!(named.len() == 1 && named[0].contains("unique key"), "{named:?}");
}

#[tokio::test]
async fn a_permission_that_the_token_has_is_not_blamed() {
    for (code, word) in [
        ("Authorization_RequestDenied", "Member.Read.Hidden"),
        ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "licence"),
        ("hush", "Conditional Access"),
    ] {
        let world = copied().await;
        let body = json!({"error": {"code": code, "message": "hush"}}).to_string();
        world.graph.fail(graph::Match::any(), 1, graph::Fault::Status { code: 403, body });
        assert!(!world.fire().await.unwrap().succeeded());
        let said = failure(&world);
        assert!(said.contains("although the token has User.Read.All") && said.contains(word), "{said}");
        assert!(!said.contains("lacks the application permission") && !said.contains("hush"), "{said}");
    }
}

#[tokio::test]
async fn a_quota_of_subscriptions_is_named() {
    let world = World::start(Setup { notified: true, ..setup() }).await.unwrap();
    world.settle().await.unwrap();
    let message = "hush: the tenant has reached its limit of '100' MSGraph-USERS subscriptions";
    let body = json!({"error": {"code": "ExtensionError", "message": message}}).to_string();
    let posts = graph::Match::kind(Kind::Other).nth(2);
    world.graph.fail(posts, 1, graph::Fault::Status { code: 403, body });
    world.keep_subscriptions().await.unwrap();
    let failed = logged(&world, "subscription_failed");
    assert!(failed.len() == 1 && failed[0].contains("quota of subscriptions"), "{failed:?}");
    assert!(!failed[0].contains("hush"), "{failed:?}");
}
