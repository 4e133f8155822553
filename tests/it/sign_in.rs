//! A person signs in at the command line and asks `get /me`: one file per flow. Here is the stage that they share.
//!
//! [`Terminal`] looks at everything that the product says, and finds no token, secret, code or verifier there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use sandbox::identity::{Request, SignIn};
use sandbox::world::World;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::command_line::text;
use crate::stage::world;

mod authorization_code;
mod claims;
mod device_code;
mod interactive_browser;
mod kept_sign_in;
mod on_behalf_of;

const BOUND: Duration = Duration::from_secs(60);
/// What stands in for every command that needs a token of Microsoft Graph.
const ME: &str = "get /me";
/// Where the app waits for people who sign in elsewhere.
const CALLBACK: &str = "https://app.contoso.example/signed-in";

/// A person at a terminal, with a home.
pub struct Terminal {
    pub world: World,
    home: TempDir,
    settings: Vec<(String, String)>,
    /// Secrets of the story that the sandbox does not know.
    secrets: Vec<String>,
}

/// A command that runs.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    said: String,
}

impl Terminal {
    /// The public client, except where the credential needs the confidential one.
    pub async fn new(credential: &str) -> Self {
        let world = world().await;
        world.entra.switches().set_device_interval(Duration::from_secs(1));
        let is_public = ["device-code", "interactive-browser"].contains(&credential);
        let mut settings = match is_public {
            true => world.entra.env_of(&world.entra.public_client_id()),
            false => world.entra.env(),
        };
        settings.push(("GRAPH_CREDENTIAL".into(), credential.into()));
        settings.push(("COSMOS_CREDENTIAL".into(), "managed-identity".into()));
        Self { world, home: tempfile::tempdir().unwrap(), settings, secrets: Vec::new() }
    }

    /// `on-behalf-of`, with the user's token for our API in its file.
    async fn on_behalf_of() -> Self {
        let at = Self::new("on-behalf-of").await;
        let file = at.home.path().join("assertion");
        std::fs::write(&file, at.world.entra.visitor().token_for_api(&at.user()).await.unwrap()).unwrap();
        at.set("GRAPH_USER_ASSERTION_FILE", file.to_str().unwrap())
    }

    /// `authorization-code`, with the code of a sign-in elsewhere.
    async fn with_code(challenge: Option<&str>) -> Self {
        let at = Self::new("authorization-code").await;
        let code = at.code(challenge).await;
        at.set("GRAPH_AUTHORIZATION_CODE", &code).set("GRAPH_REDIRECT_URI", CALLBACK)
    }

    /// The code that the person brings from a sign-in elsewhere.
    async fn code(&self, challenge: Option<&str>) -> String {
        let (client_id, graph) = (self.world.entra.client_id(), self.world.graph.endpoint());
        let scopes = format!("{graph}/.default offline_access");
        let asked = SignIn { client_id: &client_id, redirect: CALLBACK, scopes: &scopes, challenge };
        self.world.entra.visitor().code_for(&asked, &self.user()).await.unwrap()
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The app proves itself with a certificate, and has no secret.
    fn with_certificate(mut self) -> Self {
        self.settings.retain(|(name, _)| name != "AZURE_CLIENT_SECRET");
        let file = self.world.entra.certificate(sandbox::identity::CertificateFile::Pem);
        self.set("AZURE_CLIENT_CERTIFICATE_PATH", file.to_str().unwrap())
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.world.command(line);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("XDG_STATE_HOME", self.home.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end; with `-v`, so that all that it logs is looked at too.
    pub async fn run(&self, line: &str) -> Output {
        let ran = tokio::time::timeout(BOUND, self.command(&format!("{line} -v")).output()).await;
        self.seen(ran.expect("it ends").unwrap())
    }

    /// Begins a command that shows the address of a sign-in page.
    fn begin(&self, line: &str) -> Running {
        let mut child = self.command(line).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Running { child, lines, said: String::new() }
    }

    /// The rest of a command that was begun.
    async fn end(&self, mut running: Running) -> Output {
        while let Some(line) = running.lines.next_line().await.unwrap() {
            running.said += &format!("{line}\n");
        }
        let ran = tokio::time::timeout(BOUND, running.child.wait_with_output()).await;
        self.seen(Output { stderr: running.said.into(), ..ran.expect("it ends").unwrap() })
    }

    fn user(&self) -> String {
        self.world.identity.users()[0].user_principal_name.clone()
    }

    /// The user takes back the consent to the app.
    fn withdraw_consent(&self) {
        let client_id = self.settings.iter().find(|(name, _)| name == "AZURE_CLIENT_ID").unwrap();
        self.world.entra.switches().withdraw_consent(&client_id.1, &self.world.identity.users()[0].object_id);
    }

    /// Runs `get /me` while the person answers at the device.
    async fn with_device(&self, answer: impl AsyncFn(&Self, &str)) -> Output {
        let child = self.command(ME).spawn().unwrap();
        let begun = Instant::now();
        loop {
            if let Some(code) = self.world.entra.switches().device_codes().pop() {
                answer(self, &code).await;
                break;
            }
            assert!(begun.elapsed() < BOUND, "a device waits");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.seen(tokio::time::timeout(BOUND, child.wait_with_output()).await.expect("it ends").unwrap())
    }

    /// Runs `get /me` while the person signs in at the device.
    async fn approving(&self) -> Output {
        self.with_device(async |at, code| at.world.entra.switches().approve_device(code, &at.user()).unwrap())
            .await
    }

    pub async fn signed_in(&self) {
        self.is_me(&self.approving().await);
    }

    /// Microsoft Graph answered for the user.
    fn is_me(&self, ran: &Output) {
        failed(ran, 0, &[]);
        let me: Value = serde_json::from_str(&text(&ran.stdout)).unwrap();
        assert_eq!(me["userPrincipalName"], self.user());
    }

    /// Nothing that is secret was said.
    fn seen(&self, ran: Output) -> Output {
        let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
        let secrets = self.world.identity.tokens().into_iter().chain(self.world.entra.switches().secrets());
        let all: HashSet<_> = secrets.chain(self.secrets.clone()).collect();
        assert!(!all.is_empty());
        for secret in all {
            assert!(!secret.is_empty() && !said.contains(&secret), "{secret} is in: {said}");
        }
        ran
    }

    /// The access token that was kept ends; the refresh token stays.
    pub fn end_token(&self) {
        for (file, mut kept) in self.kept() {
            kept["accessToken"] = Value::Null;
            std::fs::write(&file, kept.to_string()).unwrap();
        }
    }

    /// The files with sign-ins, and what is in them.
    fn kept(&self) -> Vec<(PathBuf, Value)> {
        let Ok(entries) = std::fs::read_dir(self.home.path().join("graph-mirror")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        let files = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
        files
            .map(|file| {
                let kept = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                (file, kept)
            })
            .collect()
    }

    fn file(&self) -> PathBuf {
        self.kept().pop().unwrap().0
    }

    /// The last request to Entra.
    fn last_request(&self) -> Request {
        self.world.entra.requests().pop().unwrap()
    }
}

impl Running {
    /// The address of the sign-in page, which is a line of its own.
    async fn address(&mut self) -> String {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.said += &format!("{line}\n");
            if line.starts_with("https://") {
                return line;
            }
        }
        panic!("no address was shown: {}", self.said);
    }
}

/// It ended with the code, saying these words.
fn failed(ran: &Output, code: i32, words: &[&str]) {
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// Claims as Microsoft's page on challenges has them, and a value by which to find them.
fn demanded() -> (Value, &'static str) {
    (json!({ "access_token": { "nbf": { "essential": true, "value": "1626979123" } } }), "1626979123")
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
