//! The client-credentials grant with a secret.

use std::time::Duration;

use reqwest::Client;

use super::*;
use crate::identity::{Fault, Kind, Match};

#[tokio::test]
async fn a_token_of_the_app_registration_is_good_for_its_audience() {
    let (identity, entra) = start().await;
    let (status, body) = ask(&entra, &identity.tenant_id(), &good(&entra)).await.unwrap();
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    assert!((3_590..=3_600).contains(&body["expires_in"].as_i64().unwrap()), "{body}");
    let token = body["access_token"].as_str().unwrap();
    assert!(identity.accepts(token, COSMOS_AUDIENCE));
    assert!(!identity.accepts(token, "https://graph.microsoft.com"));
    assert_eq!(identity.requests_of(Kind::AppRegistration, COSMOS_AUDIENCE), 1);
    assert_eq!(identity.requests_of(Kind::ManagedIdentity, COSMOS_AUDIENCE), 0);
    let stranger = Client::new().post(format!("{}/x/oauth2/v2.0/token", entra.origin())).send().await;
    assert!(stranger.unwrap_err().is_connect(), "nobody else trusts the certificate");
}

#[tokio::test]
async fn what_entra_would_refuse_is_refused_with_its_code() {
    let (identity, entra) = start().await;
    let tenant = identity.tenant_id();
    let with = |name: &str, value: &str| with(&good(&entra), name, value);
    for (tenant, form, status, error, code) in [
        ("other", good(&entra), 400, "invalid_request", 90002),
        ("common", good(&entra), 400, "invalid_request", 50059),
        (&*tenant, with("client_id", "other"), 400, "unauthorized_client", 700_016),
        (&*tenant, with("client_id", ""), 400, "invalid_request", 900_144),
        (&*tenant, with("grant_type", "password"), 400, "unsupported_grant_type", 70003),
        (&*tenant, with("scope", "https://cosmos.azure.com"), 400, "invalid_scope", 1_002_012),
        (&*tenant, with("client_secret", ""), 401, "invalid_client", 7_000_218),
        (&*tenant, with("client_secret", "wrong"), 401, "invalid_client", 7_000_215),
    ] {
        let (got, body) = ask(&entra, tenant, &form).await.unwrap();
        assert_eq!(
            (got, &body["error"], &body["error_codes"][0]),
            (status, &error.into(), &code.into()),
            "{body}"
        );
        let description = body["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    }
}

#[tokio::test]
async fn a_secret_can_be_rotated_and_can_expire() {
    let (identity, entra) = start().await;
    let (tenant, old) = (identity.tenant_id(), good(&entra));
    let (_, body) = ask(&entra, &tenant, &old).await.unwrap();
    assert_ne!(entra.switches().rotate_secret(), old[2].1);
    assert_eq!(ask(&entra, &tenant, &old).await.unwrap().1["error_codes"][0], 7_000_215);
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().0, 200);
    assert!(
        identity.accepts(body["access_token"].as_str().unwrap(), COSMOS_AUDIENCE),
        "tokens outlive secrets"
    );
    entra.switches().expire_secret();
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().1["error_codes"][0], 7_000_222);
}

#[tokio::test]
async fn entra_answers_scripted_failures_and_can_be_down() {
    let (identity, entra) = start().await;
    let tenant = identity.tenant_id();
    identity.fail_when(Match::any().kind(Kind::ManagedIdentity), 1, Fault::Status(500));
    identity.fail_when(Match::any().audience("https://graph.microsoft.com/"), 1, Fault::Status(500));
    assert_eq!(
        ask(&entra, &tenant, &good(&entra)).await.unwrap().0,
        200,
        "neither fault is for this request"
    );
    identity.fail_when(
        Match::any().kind(Kind::AppRegistration).audience(COSMOS_AUDIENCE),
        1,
        Fault::Status(503),
    );
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().0, 503);
    identity.fail(1, Fault::Slow(Duration::from_millis(1)));
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().0, 200);
    identity.fail_when(
        Match::any().grant("client_credentials"),
        1,
        Fault::Refuse("temporarily_unavailable", 90033),
    );
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().1["error"], "temporarily_unavailable");
    identity.fail(1, Fault::Reset);
    assert!(ask(&entra, &tenant, &good(&entra)).await.is_err());
    entra.stop();
    assert!(ask(&entra, &tenant, &good(&entra)).await.is_err());
}

#[tokio::test]
async fn a_record_of_a_request_says_everything_but_the_secrets() {
    let (identity, entra) = start().await;
    ask(&entra, &identity.tenant_id(), &good(&entra)).await.unwrap();
    ask(&entra, "contoso.example", &with(&good(&entra), "client_secret", "wrong")).await.unwrap();
    let [first, second] = entra.requests().try_into().unwrap();
    assert_eq!((first.endpoint.as_str(), first.tenant, first.error), ("token", identity.tenant_id(), None));
    assert_eq!(first.form["scope"], SCOPE);
    assert_eq!(first.form["client_secret"], HIDDEN);
    assert_eq!(
        (second.get("client_secret"), second.error.as_deref()),
        (Some(HIDDEN), Some("invalid_client"))
    );
}
