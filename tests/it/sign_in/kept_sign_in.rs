//! The sign-in that was kept: who shares it, and when it is of no use.

use sandbox::world::World;
use serde_json::Value;

use super::{ME, Terminal, demanded, failed};
use crate::command_line::text;

#[tokio::test]
async fn many_processes_at_once_share_one_rotating_refresh_token() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    at.end_token();
    let before = at.world.entra.requests().len();
    for ran in futures_util::future::join_all((0..4).map(|_| at.run(ME))).await {
        at.is_me(&ran);
    }
    assert_eq!(at.world.entra.requests().len(), before + 1, "one of them refreshed");
}

/// Ends the sign-in of a world in one way.
type End = fn(&World);

#[tokio::test]
async fn a_sign_in_that_ended_is_told_and_asked_for_again() {
    let at = Terminal::new("device-code").await;
    let ends: [(End, &str); 2] = [
        (|world| world.entra.switches().revoke_refresh_tokens(), "AADSTS50173"),
        (|world| world.entra.switches().expire_refresh_tokens(), "AADSTS700082"),
    ];
    for (end, word) in ends {
        at.signed_in().await;
        at.end_token();
        end(&at.world);
        let ran = at.approving().await;
        failed(&ran, 0, &["The sign-in that was kept is of no use any more", word, "To sign in, open"]);
        at.run("logout").await;
    }
}

#[tokio::test]
async fn a_consent_that_was_taken_away_is_asked_for_again() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    at.end_token();
    at.withdraw_consent();
    let ran = at.approving().await;
    at.is_me(&ran);
    failed(&ran, 0, &["the consent was taken away (invalid_grant, AADSTS65001)", "To sign in, open"]);
}

#[tokio::test]
async fn a_consent_that_was_taken_away_ends_a_sign_in_elsewhere_with_the_next_steps() {
    let at = Terminal::with_code(None).await;
    at.is_me(&at.run(ME).await);
    at.end_token();
    at.withdraw_consent();
    let command = format!("az ad app permission admin-consent --id {}", at.world.entra.client_id());
    let words = ["AADSTS65001", "set GRAPH_AUTHORIZATION_CODE to the new code", &command, "GRAPH_SCOPES"];
    failed(&at.run(ME).await, 1, &words);
    // Consent comes back elsewhere: the sign-in that was kept is good again.
    at.code(None).await;
    at.is_me(&at.run(ME).await);
    assert_eq!(at.last_request().get("grant_type"), Some("refresh_token"));
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_is_tried_once() {
    let at = Terminal::with_code(None).await;
    at.is_me(&at.run(ME).await);
    at.end_token();
    at.world.entra.switches().revoke_refresh_tokens();
    failed(&at.run(ME).await, 1, &["AADSTS50173", "set GRAPH_AUTHORIZATION_CODE to the new code"]);
    let before = at.world.entra.requests().len();
    failed(&at.run(ME).await, 1, &["nobody is signed in; sign in again and set GRAPH_AUTHORIZATION_CODE"]);
    assert_eq!(at.world.entra.requests().len(), before);
}

#[tokio::test]
async fn a_policy_that_wants_the_user_is_met_by_a_sign_in_with_its_claims() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    at.end_token();
    let (claims, value) = demanded();
    at.world.entra.switches().require_interaction(Some(&claims.to_string()));
    at.world.entra.forget_requests();
    let ran = at.approving().await;
    at.is_me(&ran);
    failed(&ran, 0, &["multi-factor authentication is required (interaction_required, AADSTS50076)"]);
    let asked = at.world.entra.requests();
    let signs_in = asked.iter().find(|request| request.endpoint == "devicecode").unwrap();
    assert!(signs_in.get("claims").unwrap().contains(value), "{signs_in:?}");
}

#[tokio::test]
async fn a_kept_sign_in_of_another_tenant_is_not_used_and_that_is_told() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let (asked, got) = (at.world.entra.requests().len(), at.world.graph.requests().len());
    let tenant = "99999999-2222-4333-8444-555555555555";
    let at = at.set("AZURE_TENANT_ID", tenant);
    let words = [
        "Sign-ins of another tenant or app are kept (1) and not used",
        &format!("AZURE_TENANT_ID is {tenant}"),
        "AADSTS90002",
    ];
    failed(&at.run(ME).await, 1, &words);
    let asked: Vec<_> = at.world.entra.requests().split_off(asked);
    assert!(asked.iter().all(|request| request.get("refresh_token").is_none()), "{asked:?}");
    assert_eq!(at.world.graph.requests().len(), got, "no token, no request");
}

#[tokio::test]
async fn a_token_that_is_kept_for_another_tenant_than_its_file_is_for_is_not_used() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let (file, mut kept) = at.kept().pop().unwrap();
    kept["tenantId"] = "99999999-2222-4333-8444-555555555555".into();
    std::fs::write(&file, kept.to_string()).unwrap();
    let ran = at.approving().await;
    at.is_me(&ran);
    failed(&ran, 0, &["To sign in, open"]);
    assert_ne!(at.kept().pop().unwrap().1["tenantId"], kept["tenantId"], "it was replaced");
}

#[tokio::test]
async fn an_access_token_that_was_revoked_is_dropped_and_the_next_run_has_a_new_one() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    for line in [ME, "sync users", "subscriptions list"] {
        at.world.identity.revoke_for(at.world.graph.endpoint());
        let ran = at.run(line).await;
        failed(&ran, 1, &["status 401"]);
        assert!(!text(&ran.stderr).contains("To sign in"), "nobody is asked for that");
        let (_, kept) = at.kept().pop().unwrap();
        assert!(kept["accessToken"].is_null() && kept["refreshToken"].is_string(), "{line}");
        at.is_me(&at.run(ME).await);
        assert_eq!(at.last_request().get("grant_type"), Some("refresh_token"), "{line}");
    }
    // Whoever revokes the sessions of a user ends the refresh token too.
    at.world.identity.revoke_for(at.world.graph.endpoint());
    at.world.entra.switches().revoke_refresh_tokens();
    failed(&at.run(ME).await, 1, &["status 401", "run the command again"]);
    failed(&at.approving().await, 0, &["the sign-in was revoked", "AADSTS50173", "To sign in, open"]);
}

#[tokio::test]
async fn a_kept_file_that_is_open_or_broken_is_refused_with_the_command_that_removes_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let file = at.file();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    failed(&at.run(ME).await, 1, &["can be read by other users", "graph-mirror logout"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "{").unwrap();
    failed(&at.run(ME).await, 1, &["cannot be read", "graph-mirror logout"]);
    std::fs::write(&file, Value::from(7).to_string()).unwrap();
    failed(&at.run(ME).await, 1, &["cannot be read", "graph-mirror logout"]);
}
