//! The token endpoint over TLS.

use std::time::Duration;

use reqwest::{Certificate, Client};
use serde_json::Value;

use super::*;
use crate::identity::{COSMOS_AUDIENCE, Fault, Kind, Match, Options};

const SCOPE: &str = "https://cosmos.azure.com/.default";

async fn start() -> (Identity, Entra) {
    let identity = Identity::start(Options::default()).await.unwrap();
    let entra = Entra::start(&identity).await.unwrap();
    (identity, entra)
}

/// A client that trusts the authority and nobody else.
fn client(entra: &Entra) -> Client {
    let authority = std::fs::read(entra.authority_file()).unwrap();
    let authority = Certificate::from_pem(&authority).unwrap();
    Client::builder().tls_certs_only([authority]).timeout(Duration::from_secs(5)).build().unwrap()
}

/// What a good request says.
fn good(entra: &Entra) -> Vec<(String, String)> {
    let id = entra.env().into_iter().find(|(name, _)| name == "AZURE_CLIENT_ID").unwrap().1;
    let secret = entra.secret();
    [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret), ("scope", SCOPE)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

async fn ask(entra: &Entra, tenant: &str, form: &[(String, String)]) -> reqwest::Result<(u16, Value)> {
    let url = format!("{}/{tenant}/oauth2/v2.0/token", entra.origin());
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client(entra).post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await?;
    let status = answer.status().as_u16();
    Ok((status, serde_json::from_slice(&answer.bytes().await?).unwrap()))
}

#[tokio::test]
async fn a_token_of_the_app_registration_is_good_for_its_audience() {
    let (identity, entra) = start().await;
    let (status, body) = ask(&entra, &identity.tenant_id(), &good(&entra)).await.unwrap();
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    assert!(body["expires_in"].as_i64().unwrap() > 86_000, "{body}");
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
    let with = |name: &str, value: &str| {
        let mut form = good(&entra);
        form.retain(|(other, _)| other != name);
        form.push((name.to_owned(), value.to_owned()));
        form
    };
    for (tenant, form, status, error, code) in [
        ("other", good(&entra), 400, "invalid_request", 90002),
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
    assert_ne!(entra.rotate_secret(), old[2].1);
    assert_eq!(ask(&entra, &tenant, &old).await.unwrap().1["error_codes"][0], 7_000_215);
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().0, 200);
    assert!(
        identity.accepts(body["access_token"].as_str().unwrap(), COSMOS_AUDIENCE),
        "tokens outlive secrets"
    );
    entra.expire_secret();
    assert_eq!(ask(&entra, &tenant, &good(&entra)).await.unwrap().1["error_codes"][0], 7_000_222);
}

#[tokio::test]
async fn it_fails_as_told_and_goes_down() {
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
    identity.fail(1, Fault::Reset);
    assert!(ask(&entra, &tenant, &good(&entra)).await.is_err());
    entra.stop();
    assert!(ask(&entra, &tenant, &good(&entra)).await.is_err());
}
