//! What clients read before they ask.

use super::*;
use crate::identity::jwt::Jwt;

async fn read(entra: &Entra, path: &str) -> (u16, Value) {
    let answer = client(entra).get(format!("{}{path}", entra.origin())).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test]
async fn every_name_of_the_tenant_is_known_and_leads_to_the_endpoints() {
    let (identity, entra) = start().await;
    let id = identity.tenant_id();
    for tenant in [&*id, "contoso.example", "organizations", "common"] {
        let (status, body) = read(&entra, &format!("/{tenant}/v2.0/.well-known/openid-configuration")).await;
        let base = format!("{}/{tenant}/oauth2/v2.0", entra.origin());
        assert_eq!((status, &body["token_endpoint"]), (200, &format!("{base}/token").into()));
        assert_eq!(body["device_authorization_endpoint"], format!("{base}/devicecode"));
        let issuer =
            if tenant.starts_with('c') && tenant != "common" || tenant == id { &*id } else { "{tenantid}" };
        assert_eq!(body["issuer"], format!("{}/{issuer}/v2.0", entra.origin()));
    }
    let (status, body) = read(&entra, "/other/v2.0/.well-known/openid-configuration").await;
    assert_eq!((status, &body["error_codes"][0]), (400, &90002.into()));
    let (_, body) = read(&entra, "/common/discovery/instance?api-version=1.1").await;
    let host = entra.origin().trim_start_matches("https://");
    assert_eq!(body["metadata"][0]["aliases"][0], host);
}

#[tokio::test]
async fn tokens_are_signed_by_the_published_key() {
    let (identity, entra) = start().await;
    let (_, keys) = read(&entra, "/common/discovery/v2.0/keys").await;
    let body = granted(&entra, &good(&entra)).await;
    let key = crate::identity::key::SigningKey::of_server().public();
    for token in [token_of(&body), &identity.issue("x")] {
        let token = Jwt::parse(token).unwrap();
        assert_eq!(token.header["kid"], keys["keys"][0]["kid"]);
        assert!(token.is_signed_by(key));
        assert_eq!(token.text("tid"), Some(&*identity.tenant_id()));
    }
    assert_eq!(keys["keys"][0], key.jwk());
}
