//! The managed-identity endpoint over the wire; the programs beside it.

mod tools;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::*;

async fn ask(identity: &Identity, query: &str, secret: Option<&str>) -> (u16, Value) {
    let mut request = reqwest::Client::new().get(format!("{}?{query}", identity.endpoint()));
    if let Some(secret) = secret {
        request = request.header("X-IDENTITY-HEADER", secret);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_token_is_good_for_its_audience_until_it_is_revoked() {
    let identity = Identity::start(Options::default()).await.unwrap();
    let [_, (_, secret)] = identity.env();
    let (status, body) =
        ask(&identity, "api-version=2019-08-01&resource=https://cosmos.azure.com", Some(&secret)).await;
    let token = body["access_token"].as_str().unwrap();
    assert_eq!((status, token.split('.').count()), (200, 3));
    assert!(body["expires_on"].as_str().unwrap().parse::<i64>().is_ok());
    assert!(identity.accepts(token, COSMOS_AUDIENCE));
    assert_eq!(identity.check(token, "https://graph.microsoft.com"), Err(Refusal::Audience));
    identity.revoke_all();
    assert_eq!(identity.check(token, COSMOS_AUDIENCE), Err(Refusal::Unknown));
    assert_eq!((identity.requests(), identity.requests_for(COSMOS_AUDIENCE)), (1, 1));
}

#[tokio::test]
async fn requests_that_app_service_would_refuse_are_refused() {
    let identity = Identity::start(Options::default()).await.unwrap();
    let [_, (_, secret)] = identity.env();
    let good = "api-version=2019-08-01&resource=x";
    assert_eq!(ask(&identity, good, None).await.0, 400);
    assert_eq!(ask(&identity, good, Some("wrong")).await.0, 401);
    assert_eq!(ask(&identity, "resource=x", Some(&secret)).await.0, 400);
    assert_eq!(ask(&identity, "api-version=2019-08-01", Some(&secret)).await.0, 400);
    assert_eq!(ask(&identity, &format!("{good}&client_id=other"), Some(&secret)).await.0, 400);
    assert_eq!(
        ask(&identity, &format!("{good}&client_id={}", identity.client_id()), Some(&secret)).await.0,
        200
    );
}

#[tokio::test]
async fn scripted_failures_are_answered_and_tokens_expire() {
    let identity = Identity::start(Options::default()).await.unwrap();
    let [_, (_, secret)] = identity.env();
    identity.fail(1, Fault::Status(500));
    assert_eq!(ask(&identity, "api-version=2019-08-01&resource=x", Some(&secret)).await.0, 500);
    identity.set_lifetime(Duration::ZERO);
    assert_eq!(identity.check(&identity.issue("x"), "x"), Err(Refusal::Expired));
    identity.set_lifetime(Duration::from_secs(60));
    identity.set_roles(&["Group.Read.All"]);
    assert_eq!(identity.check(&identity.issue("x"), "x").unwrap().roles, ["Group.Read.All"]);
}

#[tokio::test]
async fn a_delegated_token_has_the_scopes_and_the_user_and_no_roles() {
    let identity = Identity::start(Options::default()).await.unwrap();
    let user = identity.users().remove(0);
    let token = identity.issue_delegated("x", &["User.Read", "Mail.Read"], &user.object_id);
    let claims = identity.check(&token, "x").unwrap();
    assert_eq!(claims.scopes, ["User.Read", "Mail.Read"]);
    assert_eq!((claims.user.as_ref(), claims.roles.len()), (Some(&user.object_id), 0));
    assert_eq!(claims.app_id, Options::default().app_registration.client_id);
    let payload: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap())
            .unwrap();
    assert_eq!(
        (&payload["scp"], &payload["upn"]),
        (&"User.Read Mail.Read".into(), &user.user_principal_name.into())
    );
    assert_eq!(payload["roles"], Value::Null);
}

#[tokio::test]
async fn the_platform_gives_the_same_token_until_shortly_before_its_end_even_a_revoked_one() {
    let identity = Identity::start(Options { caches: true, ..Options::default() }).await.unwrap();
    let [_, (_, secret)] = identity.env();
    let token = async |resource: &str| {
        let query = format!("api-version=2019-08-01&resource={resource}");
        ask(&identity, &query, Some(&secret)).await.1["access_token"].as_str().unwrap().to_owned()
    };
    let (first, other) = (token("x").await, token("y").await);
    assert_ne!(first, other);
    identity.revoke_for("x");
    assert_eq!(token("x").await, first, "the platform does not know that it was revoked");
    assert_eq!(identity.check(&first, "x"), Err(Refusal::Unknown));
    identity.end_caches();
    assert_ne!(token("x").await, first);
    identity.set_lifetime(Duration::from_secs(299));
    identity.end_caches();
    let near = token("x").await;
    assert_ne!(token("x").await, near, "a token near its end is not given again");
    identity.set_lifetime(Duration::from_secs(3600));
    identity.set_caching(false);
    let uncached = token("x").await;
    assert_ne!(token("x").await, uncached);
}

#[tokio::test]
async fn the_end_of_a_token_is_written_in_each_form_that_was_seen() {
    let identity = Identity::start(Options::default()).await.unwrap();
    let [_, (_, secret)] = identity.env();
    for (form, is_of_it) in [
        (ExpiresOn::Text, (|value| value.as_str().unwrap().parse::<i64>().is_ok()) as fn(&Value) -> bool),
        (ExpiresOn::Number, |value| value.is_i64()),
        (ExpiresOn::Date, |value| {
            let text = value.as_str().unwrap();
            text.len() == "11/26/2026 09:51:56 AM +00:00".len() && text.ends_with("M +00:00")
        }),
    ] {
        identity.set_expires_on(form);
        let body = ask(&identity, "api-version=2019-08-01&resource=x", Some(&secret)).await.1;
        assert!(is_of_it(&body["expires_on"]), "{form:?}: {body}");
    }
}
