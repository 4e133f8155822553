//! Device codes.

use std::time::Duration;

use super::*;
use crate::identity::{Fault, Match};

async fn begin(entra: &Entra) -> Value {
    let form = fields(&[("client_id", &entra.public_client_id()), ("scope", "offline_access User.Read")]);
    let (status, body) = post(entra, "/organizations/oauth2/v2.0/devicecode", &form).await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

fn poll(entra: &Entra, begun: &Value) -> Fields {
    fields(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", &entra.public_client_id()),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ])
}

#[tokio::test]
async fn a_device_waits_until_the_user_has_typed_its_code() {
    let (identity, entra) = start().await;
    let begun = begin(&entra).await;
    assert_eq!((begun["interval"].as_u64(), begun["expires_in"].as_u64()), (Some(5), Some(900)));
    let code = begun["user_code"].as_str().unwrap();
    assert!(code.len() == 9 && begun["message"].as_str().unwrap().contains(code));
    assert_eq!(begun["verification_uri"], format!("{}/device", entra.origin()));
    let poll = poll(&entra, &begun);
    assert_eq!(refused(&entra, &poll).await, ("authorization_pending".into(), 70016));
    assert_eq!(refused(&entra, &poll).await.0, "slow_down");
    entra.switches().set_device_interval(Duration::ZERO);
    assert_eq!(refused(&entra, &poll).await.0, "authorization_pending");

    let page = client(&entra).get(format!("{}/device?otc={code}", entra.origin())).send().await.unwrap();
    assert!(page.text().await.unwrap().contains(code));
    let name = user(&identity).user_principal_name;
    let wrong = post(&entra, "/device", &fields(&[("otc", "WRONG"), ("username", &name)])).await.unwrap();
    assert_eq!(wrong.0, 400);
    let typed = fields(&[("otc", &code.to_lowercase()), ("username", &name)]);
    assert_eq!(post(&entra, "/device", &typed).await.unwrap().0, 200);
    let body = granted(&entra, &poll).await;
    let claims = identity.check(token_of(&body), GRAPH).unwrap();
    assert_eq!((claims.scopes, claims.user), (vec!["User.Read".to_owned()], Some(user(&identity).object_id)));
    assert!(body["refresh_token"].is_string());
    assert_eq!(refused(&entra, &poll).await.0, "expired_token", "it is good once");
}

#[tokio::test]
async fn a_device_is_told_that_it_was_declined_or_is_late_or_unknown() {
    let (identity, entra) = start().await;
    let begun = begin(&entra).await;
    assert_eq!(entra.switches().device_codes(), [begun["user_code"].as_str().unwrap()]);
    entra.switches().decline_device(begun["user_code"].as_str().unwrap()).unwrap();
    assert_eq!(refused(&entra, &poll(&entra, &begun)).await, ("authorization_declined".into(), 70017));
    let begun = begin(&entra).await;
    entra.switches().expire_devices();
    assert_eq!(refused(&entra, &poll(&entra, &begun)).await, ("expired_token".into(), 70020));
    assert!(
        entra
            .switches()
            .approve_device(begun["user_code"].as_str().unwrap(), "adele@contoso.example")
            .is_err()
    );
    let unknown = with(&poll(&entra, &begun), "device_code", "x");
    assert_eq!(refused(&entra, &unknown).await.0, "bad_verification_code");
    identity.fail_when(Match::any().grant("devicecode"), 1, Fault::Status(503));
    let public = fields(&[("client_id", &entra.public_client_id()), ("scope", "User.Read")]);
    assert_eq!(post(&entra, "/organizations/oauth2/v2.0/devicecode", &public).await.unwrap().0, 503);
    let confidential = fields(&[("client_id", &entra.client_id()), ("scope", "User.Read")]);
    let (status, body) = post(&entra, "/organizations/oauth2/v2.0/devicecode", &confidential).await.unwrap();
    assert_eq!((status, &body["error_codes"][0]), (401, &7_000_218.into()), "it is no public client");
}
