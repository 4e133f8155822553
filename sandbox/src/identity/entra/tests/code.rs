//! The sign-in page, codes, and refresh tokens.

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::*;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-in-length";

fn hashed() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()))
}

async fn code_for(identity: &Identity, entra: &Entra, query: &Fields) -> String {
    let page = page_of(entra, &borrowed(query));
    let back = entra.browser().sign_in_at(&page, &user(identity).user_principal_name).await.unwrap();
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state"));
    parameter(&back, "code").unwrap()
}

#[tokio::test]
async fn a_user_signs_in_and_the_code_becomes_tokens_once() {
    let (identity, entra) = start().await;
    let mut query = sign_in(&entra, "openid profile offline_access User.Read");
    query.extend(fields(&[
        ("code_challenge", &hashed()),
        ("code_challenge_method", "S256"),
        ("nonce", "n-1"),
        ("client_info", "1"),
    ]));
    let code = code_for(&identity, &entra, &query).await;
    let form = with(&redeem(&entra, &code), "code_verifier", VERIFIER);
    assert_eq!(refused(&entra, &redeem(&entra, &code)).await, ("invalid_grant".into(), 501_481));
    let wrong = with(&form, "code_verifier", "another-verifier-of-forty-three-characters-in-all");
    assert_eq!(refused(&entra, &wrong).await, ("invalid_grant".into(), 501_481));
    let body = granted(&entra, &form).await;
    assert_eq!(body["scope"], "User.Read openid profile");
    let claims = identity.check(token_of(&body), GRAPH).unwrap();
    assert_eq!((claims.scopes, claims.user), (vec!["User.Read".to_owned()], Some(user(&identity).object_id)));
    assert_eq!(claims.app_id, entra.public_client_id());
    let id = crate::identity::jwt::Jwt::parse(body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!((id.text("nonce"), id.text("aud")), (Some("n-1"), Some(&*entra.public_client_id())));
    assert_eq!(refused(&entra, &form).await, ("invalid_grant".into(), 54005), "a code is good once");
}

#[tokio::test]
async fn a_code_is_for_its_client_its_address_and_its_time() {
    let (identity, entra) = start().await;
    let query = sign_in(&entra, "User.Read");
    let code = code_for(&identity, &entra, &query).await;
    let form = redeem(&entra, &code);
    let other = with(&form, "redirect_uri", "http://localhost:9/");
    assert_eq!(refused(&entra, &other).await.1, 500_112);
    assert_eq!(refused(&entra, &with(&form, "client_id", &entra.client_id())).await.1, 9_002_313);
    assert_eq!(refused(&entra, &with(&form, "client_secret", "x")).await.1, 700_025);
    assert_eq!(refused(&entra, &with(&form, "code_verifier", VERIFIER)).await.1, 501_481);
    entra.switches().expire_codes();
    assert_eq!(refused(&entra, &form).await.1, 70008);
}

#[tokio::test]
async fn a_confidential_client_shows_its_secret_with_the_code() {
    let (identity, entra) = start().await;
    let query = with(&sign_in(&entra, "User.Read"), "client_id", &entra.client_id());
    let query = with(&query, "redirect_uri", "https://app.contoso.example/signed-in");
    let code = code_for(&identity, &entra, &query).await;
    let form = with(&redeem(&entra, &code), "client_id", &entra.client_id());
    let form = with(&form, "redirect_uri", "https://app.contoso.example/signed-in");
    assert_eq!(refused(&entra, &form).await.1, 7_000_218);
    let body = granted(&entra, &with(&form, "client_secret", &entra.secret())).await;
    assert!(body.get("refresh_token").is_none(), "it was not asked for");
}

#[tokio::test]
async fn the_browser_is_sent_back_with_what_went_wrong_but_never_to_a_strange_address() {
    let (_, entra) = start().await;
    let query = sign_in(&entra, "User.Read");
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("prompt", "none", "login_required"),
        ("prompt", "never", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("scope", "", "invalid_request"),
    ] {
        let page = page_of(&entra, &borrowed(&with(&query, name, value)));
        let back = entra.browser().sign_in_at(&page, "nobody").await.unwrap();
        assert!(back.starts_with(BACK), "{back}");
        assert_eq!(parameter(&back, "error").as_deref(), Some(error), "{back}");
        assert_eq!(parameter(&back, "state").as_deref(), Some("a state"));
    }
    let page = page_of(&entra, &borrowed(&query));
    assert_eq!(
        parameter(&entra.browser().cancel_at(&page).await.unwrap(), "error").as_deref(),
        Some("access_denied")
    );
    for (name, value, code) in [
        ("redirect_uri", "https://evil.example/", "AADSTS50011"),
        ("redirect_uri", "http://localhost:4711/elsewhere", "AADSTS50011"),
        ("client_id", "nobody", "AADSTS700016"),
    ] {
        let page = page_of(&entra, &borrowed(&with(&query, name, value)));
        let shown = entra.browser().sign_in_at(&page, "nobody").await.unwrap_err().to_string();
        assert!(shown.starts_with("status 400") && shown.contains(code), "{shown}");
    }
}

#[tokio::test]
async fn a_user_who_is_signed_in_already_meets_no_page_and_values_can_be_posted() {
    let (identity, entra) = start().await;
    entra.switches().sign_in_by_itself(Some(&user(&identity).user_principal_name));
    let query = sign_in(&entra, "User.Read");
    let answer = client(&entra).get(page_of(&entra, &borrowed(&query))).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let query = with(&query, "response_mode", "form_post");
    let answer = client(&entra).get(page_of(&entra, &borrowed(&query))).send().await.unwrap();
    let page = answer.text().await.unwrap();
    assert!(page.contains("name=\"code\"") && page.contains("name=\"state\" value=\"a state\""), "{page}");
    let query = with(&query, "prompt", "login");
    let page =
        client(&entra).get(page_of(&entra, &borrowed(&query))).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("name=\"username\""), "{page}");
}

#[tokio::test]
async fn a_refresh_token_is_replaced_when_it_is_used_and_dead_after_that() {
    let (identity, entra) = start().await;
    let body = signed_in(&identity, &entra, "offline_access User.Read Mail.Read").await;
    let refresh = |token: &Value| {
        fields(&[
            ("grant_type", "refresh_token"),
            ("client_id", &entra.public_client_id()),
            ("refresh_token", token.as_str().unwrap()),
        ])
    };
    let first = refresh(&body["refresh_token"]);
    let narrower = with(&first, "scope", "Mail.Read");
    let body = granted(&entra, &narrower).await;
    assert_eq!(identity.check(token_of(&body), GRAPH).unwrap().scopes, ["Mail.Read"]);
    assert_eq!(refused(&entra, &first).await, ("invalid_grant".into(), 70000), "it was used");
    let second = refresh(&body["refresh_token"]);
    let wider = with(&second, "scope", "Calendars.ReadWrite");
    assert_eq!(refused(&entra, &wider).await, ("invalid_grant".into(), 65001));
    let stranger = with(&with(&second, "client_id", &entra.client_id()), "client_secret", &entra.secret());
    assert_eq!(refused(&entra, &stranger).await.1, 70000);
    entra.switches().set_rotation(false);
    let body = granted(&entra, &second).await;
    granted(&entra, &second).await;
    entra.switches().revoke_refresh_tokens();
    assert_eq!(refused(&entra, &second).await, ("invalid_grant".into(), 50173));
    assert_eq!(refused(&entra, &refresh(&body["refresh_token"])).await.1, 50173);
    let body = signed_in(&identity, &entra, "offline_access User.Read").await;
    entra.switches().expire_refresh_tokens();
    assert_eq!(refused(&entra, &refresh(&body["refresh_token"])).await.1, 700_082);
}

#[tokio::test]
async fn a_user_brings_a_code_or_a_token_from_elsewhere() {
    let (identity, entra) = start().await;
    let name = user(&identity).user_principal_name;
    let token = entra.visitor().token_for_api(&name).await.unwrap();
    assert_eq!(identity.check(&token, &entra.client_id()).unwrap().scopes, ["access_as_user"]);
    let client_id = entra.public_client_id();
    let challenge = hashed();
    let sign_in =
        SignIn { client_id: &client_id, redirect: BACK, scopes: "User.Read", challenge: Some(&challenge) };
    let code = entra.visitor().code_for(&sign_in, &name).await.unwrap();
    granted(&entra, &with(&redeem(&entra, &code), "code_verifier", VERIFIER)).await;
    assert!(
        entra.visitor().code_for(&sign_in, "nobody").await.unwrap_err().to_string().contains("access_denied")
    );
}
