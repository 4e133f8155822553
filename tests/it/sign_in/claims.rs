//! Claims challenges: Microsoft Graph refuses a token and names what the next one must have.

use serde_json::json;

use super::{ME, Terminal, demanded, failed};
use crate::command_line::text;

#[tokio::test]
async fn a_claims_challenge_is_answered_once() {
    for line in [ME, "sync users"] {
        let at = Terminal::new("device-code").await;
        at.signed_in().await;
        let (claims, value) = demanded();
        at.world.graph.demand_claims(Some(claims));
        failed(&at.run(line).await, 0, &[]);
        let asked = at.last_request();
        assert_eq!(asked.get("grant_type"), Some("refresh_token"));
        assert!(asked.get("claims").unwrap().contains(value));
    }
}

#[tokio::test]
async fn a_claims_challenge_that_only_the_person_can_meet_asks_the_person_in_the_same_run() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let (claims, value) = demanded();
    at.world.graph.demand_claims(Some(claims));
    at.world.entra.switches().revoke_refresh_tokens();
    at.world.entra.forget_requests();
    let ran = at.approving().await;
    at.is_me(&ran);
    failed(&ran, 0, &["AADSTS50173", "To sign in, open"]);
    let asked = at.world.entra.requests();
    assert!(asked.iter().all(|request| request.get("claims").unwrap().contains(value)), "{asked:?}");
}

#[tokio::test]
async fn a_claims_challenge_that_is_repeated_ends_with_one_error() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    // A capability that this client does not state: whatever token it has, it is challenged.
    at.world.graph.demand_claims(Some(json!({ "access_token": { "xms_cc": { "values": ["cp2"] } } })));
    let both = [("device-code", at), ("on-behalf-of", on_behalf_of_challenged().await)];
    for (credential, at) in both {
        at.world.graph.forget_requests();
        at.world.entra.forget_requests();
        let ran = at.run(ME).await;
        failed(&ran, 1, &["status 401", "run the command again", "a policy of the tenant"]);
        let said = text(&ran.stderr);
        assert_eq!(said.matches("refuses the access token").count(), 1, "{credential}: {said}");
        assert!(!said.contains("To sign in"), "{credential}: {said}");
        assert_eq!(at.world.graph.requests().len(), 2, "{credential}: one answer to a challenge");
        assert!(at.world.entra.requests().len() <= 2, "{credential}");
        assert!(
            at.kept().iter().all(|(_, kept)| kept["accessToken"].is_null()),
            "the refused token is dropped"
        );
        at.world.graph.demand_claims(None);
        at.is_me(&at.run(ME).await);
    }
}

async fn on_behalf_of_challenged() -> Terminal {
    let at = Terminal::on_behalf_of().await;
    at.world.graph.demand_claims(Some(json!({ "access_token": { "xms_cc": { "values": ["cp2"] } } })));
    at
}
