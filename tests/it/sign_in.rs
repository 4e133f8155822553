//! A person signs in at the command line: device code, browser, authorization code, on behalf of; what is kept, and
//! what is said. The other command that needs a token of Graph stands in for all: `sync users`.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use sandbox::identity::{Fault, SignIn};
use sandbox::world::World;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::command_line::text;
use crate::stage::world;

const BOUND: Duration = Duration::from_secs(60);
const CALLBACK: &str = "https://app.contoso.example/signed-in";

/// A person at a terminal, with a home.
pub struct Terminal {
    pub world: World,
    home: TempDir,
    settings: Vec<(String, String)>,
}

impl Terminal {
    /// The public client, except where the credential needs the confidential one.
    pub async fn new(credential: &str) -> Self {
        let world = world().await;
        world.entra.set_device_interval(Duration::from_secs(1));
        let is_public = ["device-code", "interactive-browser"].contains(&credential);
        let mut settings = match is_public {
            true => world.entra.env_of(&world.entra.public_client_id()),
            false => world.entra.env(),
        };
        settings.push(("GRAPH_CREDENTIAL".into(), credential.into()));
        settings.push(("COSMOS_CREDENTIAL".into(), "managed-identity".into()));
        Self { world, home: tempfile::tempdir().unwrap(), settings }
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.world.command(line);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("XDG_STATE_HOME", self.home.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub async fn run(&self, line: &str) -> Output {
        let ran = tokio::time::timeout(BOUND, self.command(line).output()).await;
        ran.expect("it ends").unwrap()
    }

    fn user(&self) -> String {
        self.world.identity.users()[0].user_principal_name.clone()
    }

    /// Runs `sync users` while the person does what the device says.
    async fn with_device(&self, answer: impl Fn(&Self, &str)) -> Output {
        self.running("sync users", answer).await
    }

    async fn running(&self, line: &str, answer: impl Fn(&Self, &str)) -> Output {
        let child = self.command(line).spawn().unwrap();
        let begun = Instant::now();
        loop {
            if let Some(code) = self.world.entra.device_codes().pop() {
                answer(self, &code);
                break;
            }
            assert!(begun.elapsed() < BOUND, "a device waits");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::timeout(BOUND, child.wait_with_output()).await.expect("it ends").unwrap()
    }

    pub async fn signed_in(&self) {
        self.signed_in_by("sync users").await;
    }

    /// Signs in with this command.
    pub async fn signed_in_by(&self, line: &str) {
        let approve = |at: &Self, code: &str| at.world.entra.approve_device(code, &at.user()).unwrap();
        let ran = self.running(line, approve).await;
        assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
        self.hides_secrets(&ran);
    }

    /// No token and no secret in what was said.
    pub fn hides_secrets(&self, ran: &Output) {
        let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
        let entra = &self.world.entra;
        for secret in
            self.world.identity.tokens().iter().chain(&entra.refresh_tokens()).chain([&entra.secret()])
        {
            assert!(!said.contains(secret.as_str()), "{said}");
        }
    }

    /// The access token that was kept ends; the refresh token stays.
    pub fn end_token(&self) {
        for file in self.files() {
            let kept = std::fs::read_to_string(&file).unwrap();
            let mut kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
            kept["accessToken"] = serde_json::Value::Null;
            std::fs::write(&file, kept.to_string()).unwrap();
        }
    }

    fn files(&self) -> Vec<std::path::PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.home.path().join("graph-mirror")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
    }
}

/// It failed with the code, saying these words.
fn failed(ran: &Output, code: i32, words: &[&str]) {
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_device_code_signs_in_once_and_logout_ends_that() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let file = at.files().pop().unwrap();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

    let grants = |at: &Terminal| at.world.entra.requests().len();
    let before = grants(&at);
    let again = at.run("sync users").await;
    failed(&again, 0, &[]);
    assert_eq!(grants(&at), before, "the kept token serves");
    assert!(!text(&again.stderr).contains("To sign in"));

    at.end_token();
    failed(&at.run("sync users").await, 0, &[]);
    assert_eq!(at.world.entra.requests().last().unwrap().get("grant_type"), Some("refresh_token"));

    let out = at.run("logout --output json").await;
    assert_eq!(text(&out.stdout).trim(), r#"{"outcome":"complete","removed":1}"#);
    assert!(at.files().is_empty());
}

#[tokio::test]
async fn many_processes_at_once_share_one_rotating_refresh_token() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    at.end_token();
    let before = at.world.entra.requests().len();
    let all = futures_util::future::join_all((0..4).map(|_| at.run("sync users"))).await;
    // One of them works on the feed, the others ask it for a rerun: what counts here is that nobody has to sign in.
    for ran in &all {
        let said = text(&ran.stderr);
        assert!(!said.contains("access token") && !said.contains("sign in"), "{said}");
    }
    assert_eq!(at.world.entra.requests().len(), before + 1, "one of them refreshed");
}

#[tokio::test]
async fn a_device_that_is_declined_or_left_alone_fails_with_the_next_step() {
    let at = Terminal::new("device-code").await;
    let declined = at.with_device(|at, code| at.world.entra.decline_device(code).unwrap()).await;
    failed(&declined, 1, &["the sign-in was declined (", "run the command again to sign in"]);
    let late = at.with_device(|at, _| at.world.entra.expire_devices()).await;
    failed(&late, 1, &["nobody entered the code in time (expired_token", "run the command again"]);
}

#[tokio::test]
async fn a_sign_in_that_ended_is_told_and_asked_for_again() {
    let at = Terminal::new("device-code").await;
    for (end, word) in [(World::revoke as fn(&World), "AADSTS50173"), (World::expire, "AADSTS700082")] {
        at.signed_in().await;
        at.end_token();
        end(&at.world);
        let ran = at.with_device(|at, code| at.world.entra.approve_device(code, &at.user()).unwrap()).await;
        failed(&ran, 0, &["The sign-in that was kept is of no use any more", word, "To sign in, open"]);
        at.run("logout").await;
    }
}

trait Ends {
    fn revoke(&self);
    fn expire(&self);
}

impl Ends for World {
    fn revoke(&self) {
        self.entra.revoke_refresh_tokens();
    }

    fn expire(&self) {
        self.entra.expire_refresh_tokens();
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_silent_ends_a_sign_in_in_time() {
    for fault in [Some(Fault::Hang), None] {
        let at = Terminal::new("device-code").await;
        match fault {
            Some(fault) => at.world.identity.fail(usize::MAX, fault),
            None => at.world.entra.stop(),
        }
        let begun = Instant::now();
        let ran = at.run("sync users").await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        failed(&ran, 1, &["identity server", "AZURE_AUTHORITY_HOST"]);
    }
}

#[tokio::test]
async fn a_kept_file_that_is_open_or_broken_is_refused_with_the_command_that_removes_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let file = at.files().pop().unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    failed(&at.run("sync users").await, 1, &["can be read by other users", "graph-mirror logout"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "{").unwrap();
    failed(&at.run("sync users").await, 1, &["cannot be read", "graph-mirror logout"]);
}

/// The address on stderr of a running command.
async fn address(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("https://") {
            child.stderr = Some(lines.into_inner().into_inner());
            return line;
        }
    }
    panic!("no address was shown");
}

async fn rest(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    (child.wait().await.unwrap().code(), said)
}

#[tokio::test]
async fn a_browser_signs_in_and_an_answer_with_a_wrong_state_ends_the_sign_in() {
    let at = Terminal::new("interactive-browser").await.set("PATH", "/nowhere");
    let mut child = at.command("sync users").spawn().unwrap();
    let page = at.world.entra.browse(&address(&mut child).await, &at.user()).await.unwrap();
    assert!(page.status == 200 && page.text.contains("close this page"), "{page:?}");
    let (code, said) = rest(child).await;
    assert_eq!(code, Some(0), "{said}");
    let redeemed = at.world.entra.requests().pop().unwrap();
    assert_eq!(redeemed.get("grant_type"), Some("authorization_code"));

    at.run("logout").await;
    let mut child = at.command("sync users").spawn().unwrap();
    let shown = address(&mut child).await;
    let (_, back) = url::Url::parse(&shown)
        .unwrap()
        .query_pairs()
        .into_owned()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    let forged = reqwest::get(format!("{back}/?code=forged&state=wrong")).await.unwrap();
    assert_eq!(forged.status(), 400);
    let (code, said) = rest(child).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("wrong `state`") && said.contains("run the command again"), "{said}");
    assert!(!said.contains("forged"), "{said}");
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_its_second_use_has_one_clear_message() {
    let at = Terminal::new("authorization-code").await;
    let client_id = at.world.entra.client_id();
    let scopes = format!("{}/.default offline_access", at.world.graph.endpoint());
    let asked = SignIn { client_id: &client_id, redirect: CALLBACK, scopes: &scopes, challenge: None };
    let code = at.world.entra.code_for(&asked, &at.user()).await.unwrap();
    let at = at.set("GRAPH_AUTHORIZATION_CODE", &code).set("GRAPH_REDIRECT_URI", CALLBACK);
    for _ in 0..2 {
        let ran = at.run("sync users").await;
        failed(&ran, 0, &[]);
        at.hides_secrets(&ran);
    }
    at.run("logout").await;
    let ran = at.run("sync users").await;
    failed(
        &ran,
        1,
        &["the authorization code was used already (invalid_grant, AADSTS54005)", "GRAPH_AUTHORIZATION_CODE"],
    );
    assert!(!text(&ran.stderr).contains(&code));
}

#[tokio::test]
async fn a_user_s_token_for_our_api_becomes_one_for_graph() {
    let at = Terminal::new("on-behalf-of").await;
    let file = at.home.path().join("assertion");
    std::fs::write(&file, at.world.entra.token_for_api(&at.user()).await.unwrap()).unwrap();
    let at = at.set("GRAPH_USER_ASSERTION_FILE", file.to_str().unwrap());
    let ran = at.run("sync users").await;
    failed(&ran, 0, &[]);
    at.hides_secrets(&ran);
    let asked = at.world.entra.requests().pop().unwrap();
    assert_eq!(asked.get("requested_token_use"), Some("on_behalf_of"));
    std::fs::write(&file, "not.a.token").unwrap();
    failed(&at.run("sync users").await, 1, &["GRAPH_USER_ASSERTION_FILE"]);
}

#[tokio::test]
async fn a_claims_challenge_is_answered_once() {
    let at = Terminal::new("device-code").await;
    at.signed_in().await;
    let claims =
        serde_json::json!({ "access_token": { "nbf": { "essential": true, "value": "1626979123" } } });
    at.world.graph.demand_claims(Some(claims));
    failed(&at.run("sync users").await, 0, &[]);
    let asked = at.world.entra.requests().pop().unwrap();
    assert!(asked.get("claims").unwrap().contains("1626979123"));
}
