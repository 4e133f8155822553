//! On-behalf-of, consents, and policies that want the user again.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::identity::jwt::Jwt;

/// A user's token for our API.
async fn for_our_api(identity: &Identity, entra: &Entra) -> String {
    let scope = format!("{}/access_as_user", entra.app_id_uri());
    let body = signed_in(identity, entra, &scope).await;
    token_of(&body).to_owned()
}

fn on_behalf_of(entra: &Entra, assertion: &str) -> Fields {
    fields(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", &entra.client_id()),
        ("client_secret", &entra.secret()),
        ("assertion", assertion),
        ("scope", "https://graph.microsoft.com/.default"),
        ("requested_token_use", "on_behalf_of"),
    ])
}

#[tokio::test]
async fn a_users_token_for_our_api_becomes_one_for_graph() {
    let (identity, entra) = start().await;
    let token = for_our_api(&identity, &entra).await;
    let payload = Jwt::parse(&token).unwrap();
    assert_eq!((payload.text("aud"), payload.text("ver")), (Some(&*entra.client_id()), Some("2.0")));
    assert_eq!(payload.text("azp"), Some(&*entra.public_client_id()));
    let body = granted(&entra, &on_behalf_of(&entra, &token)).await;
    let claims = identity.check(token_of(&body), GRAPH).unwrap();
    assert_eq!((claims.user, claims.app_id), (Some(user(&identity).object_id), entra.client_id()));
    assert!(claims.scopes.contains(&"User.Read".to_owned()) && claims.roles.is_empty());
}

#[tokio::test]
async fn what_is_no_users_token_for_our_api_is_refused() {
    let (identity, entra) = start().await;
    let graph = token_of(&signed_in(&identity, &entra, "User.Read").await).to_owned();
    assert_eq!(refused(&entra, &on_behalf_of(&entra, &graph)).await, ("invalid_grant".into(), 500_131));
    assert_eq!(refused(&entra, &on_behalf_of(&entra, "a.b.c")).await, ("invalid_grant".into(), 50013));
    let own = with(&good(&entra), "scope", &format!("{}/.default", entra.app_id_uri()));
    let own = token_of(&granted(&entra, &own).await).to_owned();
    assert_eq!(refused(&entra, &on_behalf_of(&entra, &own)).await.1, 7_000_114);
    let token = for_our_api(&identity, &entra).await;
    let form = on_behalf_of(&entra, &token);
    assert_eq!(refused(&entra, &with(&form, "requested_token_use", "")).await.1, 900_144);
    assert_eq!(refused(&entra, &with(&form, "client_secret", "x")).await.1, 7_000_215);
    identity.set_lifetime(Duration::ZERO);
    let late = for_our_api(&identity, &entra).await;
    assert_eq!(refused(&entra, &on_behalf_of(&entra, &late)).await, ("invalid_grant".into(), 500_133));
}

#[tokio::test]
async fn a_consent_that_was_taken_away_is_named_until_it_is_given_again() {
    let (identity, entra) = start().await;
    let token = for_our_api(&identity, &entra).await;
    let form = on_behalf_of(&entra, &token);
    let calendar = with(&form, "scope", "Calendars.ReadWrite.Shared");
    assert_eq!(refused(&entra, &calendar).await, ("invalid_grant".into(), 65001), "nobody consented to that");
    let id = user(&identity).object_id;
    entra.switches().withdraw_consent(&entra.client_id(), &id);
    let (_, body) = ask(&entra, "contoso.example", &form).await.unwrap();
    assert_eq!((&body["error_codes"][0], &body["suberror"]), (&65001.into(), &"consent_required".into()));

    let body = signed_in(&identity, &entra, "offline_access User.Read").await;
    entra.switches().withdraw_consent(&entra.public_client_id(), &id);
    let refresh = fields(&[
        ("grant_type", "refresh_token"),
        ("client_id", &entra.public_client_id()),
        ("refresh_token", body["refresh_token"].as_str().unwrap()),
    ]);
    assert_eq!(refused(&entra, &refresh).await.1, 65001);
    signed_in(&identity, &entra, "User.Read").await;
    granted(&entra, &refresh).await;
}

#[tokio::test]
async fn a_policy_that_wants_the_user_again_says_with_which_claims() {
    let (identity, entra) = start().await;
    let token = for_our_api(&identity, &entra).await;
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    entra.switches().require_interaction(Some(claims));
    let (status, body) = ask(&entra, "contoso.example", &on_behalf_of(&entra, &token)).await.unwrap();
    assert_eq!((status, &body["error"]), (400, &"interaction_required".into()));
    assert_eq!((&body["claims"], &body["suberror"]), (&claims.into(), &"basic_action".into()));
    entra.switches().require_interaction(None);
    granted(&entra, &on_behalf_of(&entra, &token)).await;
}

#[tokio::test]
async fn the_claims_that_were_asked_for_are_kept_and_capabilities_are_in_the_token() {
    let (identity, entra) = start().await;
    let claims =
        json!({"access_token": {"xms_cc": {"values": ["cp1"]}, "nbf": {"essential": true, "value": "7"}}});
    let body = granted(&entra, &with(&good(&entra), "claims", &claims.to_string())).await;
    assert_eq!(identity.check(token_of(&body), COSMOS_AUDIENCE).unwrap().asked, claims);
    assert_eq!(Jwt::parse(token_of(&body)).unwrap().payload["xms_cc"], json!(["cp1"]));
    assert_eq!(refused(&entra, &with(&good(&entra), "claims", "[]")).await.1, 90100);
}
