//! `authorization-code`: the person signed in elsewhere, and a code came of it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{ME, Terminal, failed};

const VERIFIER: &str = "a-verifier-of-this-story-with-more-than-43-characters";
const OTHER: &str = "another-verifier-that-belongs-to-no-code-of-this-story";

#[tokio::test]
async fn a_code_is_redeemed_once_and_its_second_use_has_one_clear_message() {
    let at = Terminal::with_code(None).await;
    for _ in 0..2 {
        at.is_me(&at.run(ME).await);
    }
    at.run("logout").await;
    let ran = at.run(ME).await;
    let words =
        ["the authorization code was used already (invalid_grant, AADSTS54005)", "GRAPH_AUTHORIZATION_CODE"];
    failed(&ran, 1, &words);
}

#[tokio::test]
async fn a_code_with_a_challenge_needs_its_verifier() {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut at = Terminal::with_code(Some(&challenge)).await;
    at.secrets.extend([VERIFIER, OTHER].map(String::from));
    let words = [
        "the PKCE verifier does not belong to the authorization code (invalid_grant, AADSTS501481)",
        "set GRAPH_CODE_VERIFIER to the verifier",
    ];
    failed(&at.run(ME).await, 1, &words);
    let at = at.set("GRAPH_CODE_VERIFIER", OTHER);
    failed(&at.run(ME).await, 1, &words);
    assert!(at.kept().is_empty(), "nobody is signed in");
    let at = at.set("GRAPH_CODE_VERIFIER", VERIFIER);
    at.is_me(&at.run(ME).await);
}

#[tokio::test]
async fn a_code_of_another_redirect_address_is_refused_with_the_setting() {
    let at = Terminal::with_code(None).await.set("GRAPH_REDIRECT_URI", "https://app.contoso.example/other");
    failed(&at.run(ME).await, 1, &["AADSTS500112", "set GRAPH_REDIRECT_URI to"]);
}

#[tokio::test]
async fn a_certificate_proves_the_app_when_a_code_is_redeemed_and_when_its_token_is_refreshed() {
    let at = Terminal::with_code(None).await.with_certificate();
    for grant in ["authorization_code", "refresh_token"] {
        at.is_me(&at.run(ME).await);
        let asked = at.last_request();
        assert_eq!(asked.get("grant_type"), Some(grant));
        assert_eq!((asked.assertion_header.is_some(), asked.get("client_secret")), (true, None));
        at.end_token();
    }
    at.world.entra.switches().remove_certificates();
    failed(
        &at.run(ME).await,
        1,
        &["AADSTS700027", "does not know the certificate in AZURE_CLIENT_CERTIFICATE_PATH"],
    );
}
