//! `interactive-browser`: the person uses the browser on this machine.

use sandbox::identity::Tool;
use url::Url;

use super::{ME, Running, Terminal, failed};
use crate::command_line::text;

/// Where the product waits for the browser.
fn redirect(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(name, _)| name == "redirect_uri");
    found.unwrap().1.into_owned()
}

/// A machine without a program that opens addresses: the person does it.
async fn without_browser() -> (Terminal, Running) {
    let at = Terminal::new("interactive-browser").await.set("PATH", "/nowhere");
    let running = at.begin(ME);
    (at, running)
}

#[tokio::test]
async fn a_browser_is_opened_and_signs_in_and_the_next_run_needs_none() {
    let at = Terminal::new("interactive-browser").await;
    let folder = at.world.tools.folder().to_str().unwrap().to_owned();
    let at = at.set("PATH", &folder);
    at.world.tools.sit_down(Some(&at.user()));
    let ran = at.run(ME).await;
    at.is_me(&ran);
    failed(&ran, 0, &["use the browser window that was opened"]);
    let calls = at.world.tools.calls(Tool::Browser);
    assert_eq!(calls.len(), 1, "{calls:?}");
    let address = &calls[0][0];
    assert!(text(&ran.stderr).contains(address.as_str()), "the address is shown too");
    for part in ["code_challenge_method=S256", "response_type=code", "state=", "prompt=", "client_secret"] {
        let is_wanted = !["prompt=", "client_secret"].contains(&part);
        assert_eq!(address.contains(part), is_wanted, "{part}: {address}");
    }
    assert!(redirect(address).starts_with("http://localhost:"), "{address}");
    assert_eq!(at.last_request().get("grant_type"), Some("authorization_code"));
    at.is_me(&at.run(ME).await);
    assert_eq!(at.world.tools.calls(Tool::Browser).len(), 1, "the sign-in was kept");
}

#[tokio::test]
async fn without_a_browser_program_the_address_is_shown_and_serves() {
    let (at, mut running) = without_browser().await;
    let page = at.world.entra.browser().browse(&running.address().await, &at.user()).await.unwrap();
    assert!(page.status == 200 && page.text.contains("close this page"), "{page:?}");
    let ran = at.end(running).await;
    at.is_me(&ran);
    failed(&ran, 0, &["open this address in a browser on this machine"]);
}

#[tokio::test]
async fn an_answer_with_a_wrong_state_ends_the_sign_in() {
    let (mut at, mut running) = without_browser().await;
    at.secrets.push("forged".into());
    let back = redirect(&running.address().await);
    let forged = reqwest::get(format!("{back}/?code=forged&state=wrong")).await.unwrap();
    assert_eq!(forged.status(), 400);
    failed(&at.end(running).await, 1, &["wrong `state`", "run the command again"]);
    assert!(at.kept().is_empty());
}

#[tokio::test]
async fn a_sign_in_that_is_cancelled_at_the_page_fails_with_the_next_step() {
    let (at, mut running) = without_browser().await;
    let back = at.world.entra.browser().cancel_at(&running.address().await).await.unwrap();
    reqwest::get(back).await.unwrap();
    let ran = at.end(running).await;
    failed(&ran, 1, &["did not consent", "access_denied, AADSTS65004", "run the command again to sign in"]);
}
