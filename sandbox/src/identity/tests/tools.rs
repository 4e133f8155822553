//! The programs, run as azure_identity runs them: by `/bin/sh -c` in `/bin`, with nothing else on the PATH.

use std::process::Output;

use futures_util::future::join_all;
use serde_json::Value;

use super::*;
use crate::identity::{Entra, Mode, Tool, Tools};

async fn start() -> (Identity, Entra, Tools) {
    let identity = Identity::start(Options::default()).await.unwrap();
    let entra = Entra::start(&identity).await.unwrap();
    let tools = Tools::start(&identity, &entra).await.unwrap();
    (identity, entra, tools)
}

async fn run(tools: &Tools, command: &str) -> Output {
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell.args(["-c", &format!("cd /bin && {command}")]).env_clear().envs(tools.env());
    shell.output().await.unwrap()
}

const AZ: &str = "az account get-access-token -o json --scope https://cosmos.azure.com/.default";
const AZD: &str = "azd auth token -o json --no-prompt --scope https://cosmos.azure.com/.default";

#[tokio::test]
async fn both_clis_print_a_token_of_their_user() {
    let (identity, _, tools) = start().await;
    for (command, member) in [(AZ, "accessToken"), (AZD, "token")] {
        let output = run(&tools, command).await;
        assert!(output.status.success(), "{output:?}");
        let body: Value = serde_json::from_slice(&output.stdout).unwrap();
        let claims = identity.check(body[member].as_str().unwrap(), COSMOS_AUDIENCE).unwrap();
        assert_eq!(claims.user, Some(identity.users().remove(0).object_id));
        assert!(body["expiresOn"].is_string(), "{body}");
    }
    assert_eq!(tools.calls(Tool::Az), [AZ.split(' ').skip(1).collect::<Vec<_>>()]);
    assert_eq!((tools.calls(Tool::Azd).len(), tools.calls(Tool::Browser).len()), (1, 0));
    assert_eq!(identity.requests_of(Kind::AzureDeveloperCli, COSMOS_AUDIENCE), 1);
    let body = run(&tools, "az account get-access-token --resource x -o json").await.stdout;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert!(identity.accepts(body["accessToken"].as_str().unwrap(), "x"));
    assert!(body["expires_on"].as_i64().unwrap() > 1_700_000_000);
}

#[tokio::test]
async fn a_cli_that_is_signed_out_or_asked_for_another_tenant_says_so_and_fails() {
    let (_, _, tools) = start().await;
    for command in [AZ, AZD] {
        let tenant = if command == AZ { "--tenant" } else { "--tenant-id" };
        let output = run(&tools, &format!("{command} {tenant} other")).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains("AADSTS90002"), "{said}");
    }
    tools.set(Tool::Az, Mode::SignedOut);
    tools.set(Tool::Azd, Mode::SignedOut);
    for (command, next) in [(AZ, "az login"), (AZD, "azd auth login")] {
        let output = run(&tools, command).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert!(said.contains(next), "{said}");
    }
    let output = run(&tools, "az group list").await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn several_run_at_once_each_with_its_answer_and_a_slow_one_is_slow() {
    let (identity, _, tools) = start().await;
    let commands: Vec<_> =
        (0..8).map(|number| format!("az account get-access-token --resource r{number}")).collect();
    let outputs = join_all(commands.iter().map(|command| run(&tools, command))).await;
    for (number, output) in outputs.iter().enumerate() {
        let body: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(identity.accepts(body["accessToken"].as_str().unwrap(), &format!("r{number}")));
    }
    tools.set(Tool::Az, Mode::Slow(Duration::from_millis(300)));
    let begun = std::time::Instant::now();
    assert!(run(&tools, AZ).await.status.success());
    assert!(begun.elapsed() >= Duration::from_millis(300));
    identity.fail(1, Fault::Status(500));
    assert_eq!(run(&tools, AZ).await.status.code(), Some(1));
}

#[tokio::test]
async fn the_user_before_the_browser_signs_in_at_the_page_that_an_app_opens() {
    let (identity, entra, tools) = start().await;
    let app = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let back = format!("http%3A%2F%2Flocalhost%3A{}", app.local_addr().unwrap().port());
    let page = format!(
        "{}/organizations/oauth2/v2.0/authorize?client_id={}&response_type=code&redirect_uri={back}&scope=User.Read&state=s",
        entra.origin(),
        entra.public_client_id()
    );
    tools.sit_down(Some(&identity.users()[0].user_principal_name));
    let output = run(&tools, &format!("xdg-open '{page}'")).await;
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(tools.calls(Tool::Browser), [[page]]);
    let (mut came, _) = app.accept().await.unwrap();
    let mut line = [0; 9];
    tokio::io::AsyncReadExt::read_exact(&mut came, &mut line).await.unwrap();
    assert_eq!(&line, b"GET /?cod");
}
