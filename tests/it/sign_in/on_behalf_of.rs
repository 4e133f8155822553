//! `on-behalf-of`: a user's token for our API becomes one for Microsoft Graph.

use super::{ME, Terminal, failed};
use crate::command_line::text;

#[tokio::test]
async fn a_user_s_token_for_our_api_becomes_one_for_graph() {
    let at = Terminal::on_behalf_of().await;
    at.is_me(&at.run(ME).await);
    assert_eq!(at.last_request().get("requested_token_use"), Some("on_behalf_of"));
    assert!(at.kept().is_empty(), "nothing of it is kept");
    std::fs::write(at.home.path().join("assertion"), "not.a.token").unwrap();
    failed(&at.run(ME).await, 1, &["GRAPH_USER_ASSERTION_FILE"]);
}

#[tokio::test]
async fn a_certificate_proves_the_app_that_acts_for_a_user() {
    let at = Terminal::on_behalf_of().await.with_certificate();
    at.is_me(&at.run(ME).await);
    let asked = at.last_request();
    assert_eq!((asked.assertion_header.is_some(), asked.get("client_secret")), (true, None));
}

#[tokio::test]
async fn a_consent_that_was_taken_away_is_told_with_the_command_that_gives_it() {
    let at = Terminal::on_behalf_of().await;
    at.withdraw_consent();
    let ran = at.run(ME).await;
    let command = format!("az ad app permission admin-consent --id {}", at.world.entra.client_id());
    let words = ["the consent was taken away (invalid_grant, AADSTS65001)", &command, "GRAPH_SCOPES"];
    failed(&ran, 1, &words);
    assert!(!text(&ran.stderr).contains("new token"), "another token of the user is no consent");
}

#[tokio::test]
async fn a_policy_that_wants_the_user_is_told_with_the_next_step() {
    let at = Terminal::on_behalf_of().await;
    at.world.entra.switches().require_interaction(Some(&super::demanded().0.to_string()));
    let words = [
        "multi-factor authentication is required (interaction_required, AADSTS50076)",
        "let the user sign in again",
        "GRAPH_USER_ASSERTION_FILE",
    ];
    failed(&at.run(ME).await, 1, &words);
}
