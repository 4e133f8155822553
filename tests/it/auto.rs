//! `auto` and `environment`: what the variables decide, and the chain of the command line.

use std::time::{Duration, Instant};

use sandbox::identity::{Fault, Kind, Match, Mode, Tool};
use sandbox::world::{Credential, Setup, World};

use crate::command_line::{run, stderr};
use crate::stage::{failure, setup};

/// A world in which the tools are on the PATH, no variable decides, and there is no identity endpoint.
pub async fn undecided() -> World {
    let tools = Setup { graph_as: Credential::AzureCli, cosmos_as: Credential::AzureCli, ..setup() };
    World::start(tools.set("GRAPH_CREDENTIAL", "auto").set("COSMOS_CREDENTIAL", "")).await.unwrap()
}

/// How often the tools were started.
fn started(world: &World) -> (usize, usize) {
    (world.tools.calls(Tool::Az).len(), world.tools.calls(Tool::Azd).len())
}

/// The line of the log that says which credential answered.
fn answered(logs: &str) -> &str {
    let mut lines = logs.lines().filter(|line| line.contains("credential_answered"));
    let line = lines.next().unwrap_or_else(|| panic!("nothing answered: {logs}"));
    assert_eq!(lines.next(), None, "both services are the same credential");
    line
}

#[tokio::test]
async fn on_the_command_line_the_first_credential_that_gives_a_token_is_used_and_named() {
    let world = undecided().await;
    let first = stderr(&run(world.settings(), "sync users").await.code(0));
    let line = answered(&first);
    for words in [
        "credential=azure-cli ",
        "environment: neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set",
        "workload-identity: AZURE_FEDERATED_TOKEN_FILE is not set",
        "managed-identity: ",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert_eq!(started(&world), (2, 0), "once for each service");
    world.ensure_equal().await.unwrap();

    world.tools.set(Tool::Az, Mode::SignedOut);
    let second = stderr(&run(world.settings(), "sync users").await.code(0));
    let line = answered(&second);
    assert!(line.contains("credential=azure-developer-cli "), "{line}");
    assert!(line.contains("azure-cli: nobody is signed in to the Azure CLI; run `az login`"), "{line}");
    assert_eq!(started(&world), (3, 2), "the chain keeps to what answered");
}

#[tokio::test]
async fn get_says_once_which_credential_answers_and_quiet_says_nothing() {
    let world = undecided().await;
    let ran = run(world.settings(), "get /users --top 1").await.code(0);
    assert!(answered(&stderr(&ran)).contains("credential=azure-cli"), "{}", stderr(&ran));
    assert_eq!(stderr(&ran).lines().count(), 1, "{}", stderr(&ran));
    run(world.settings(), "-q get /users --top 1").await.code(0).stderr("");
    run(world.settings(), "sync users -q").await.code(0).stderr("");
}

#[tokio::test]
async fn when_no_credential_gives_a_token_one_error_has_each_and_why() {
    let world = undecided().await;
    world.tools.set(Tool::Az, Mode::SignedOut);
    world.tools.set(Tool::Azd, Mode::SignedOut);
    let begun = Instant::now();
    let said = stderr(&run(world.settings(), "sync users").await.code(1));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    for words in [
        "no credential of `auto` gave a token; environment: neither",
        "; managed-identity: ",
        "; azure-cli: nobody is signed in to the Azure CLI; run `az login`",
        "; azure-developer-cli: nobody is signed in to the Azure Developer CLI; run `azd auth login`",
        "name the one that should in GRAPH_CREDENTIAL",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(started(&world), (1, 1), "what failed for one service is not tried again for the other");
}

#[tokio::test]
async fn however_slow_every_credential_is_the_chain_ends_in_time() {
    let world = undecided().await;
    for tool in [Tool::Az, Tool::Azd] {
        world.tools.set(tool, Mode::Slow(Duration::from_secs(3600)));
    }
    let mut settings = world.settings().to_vec();
    settings.extend(world.identity.env().map(|(name, value)| (name.to_owned(), value)));
    world.identity.fail(usize::MAX, Fault::Hang);
    let begun = Instant::now();
    let said = stderr(&run(&settings, "sync users").await.code(1));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    for words in
        ["managed-identity: no answer within", "azure-cli: no answer within", "azure-developer-cli: no"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn with_an_identity_endpoint_the_managed_identity_answers_and_no_tool_is_started() {
    let world = undecided().await;
    let mut settings = world.settings().to_vec();
    settings.extend(world.identity.env().map(|(name, value)| (name.to_owned(), value)));
    let said = stderr(&run(&settings, "sync users").await.code(0));
    assert!(answered(&said).contains("credential=managed-identity "), "{said}");
    assert_eq!(started(&world), (0, 0));
}

#[tokio::test]
async fn what_the_variables_decide_is_not_tried() {
    let world = World::start(Setup {
        graph_as: Credential::Environment,
        cosmos_as: Credential::Environment,
        ..setup()
    });
    let world = world.await.unwrap();
    world.turn().await.unwrap();
    assert_eq!(world.identity.requests_of(Kind::AppRegistration, world.graph.endpoint()), 1, "by the secret");

    let mut settings = world.settings().to_vec();
    settings.retain(|(name, _)| !name.ends_with("_CREDENTIAL"));
    settings.extend(world.tools.env().map(|(name, value)| (name.to_owned(), value.into_string().unwrap())));
    world.entra.switches().expire_secret();
    let said = stderr(&run(&settings, "sync users").await.code(1));
    assert!(said.contains("AADSTS7000222") && !said.contains("azure-cli"), "{said}");
    assert_eq!(started(&world), (0, 0));
}

#[tokio::test]
async fn serve_asks_the_managed_identity_alone() {
    let path = World::start(setup()).await.unwrap().tools;
    let folder = path.folder().to_str().unwrap().to_owned();
    let world = World::start(setup().set("PATH", &folder)).await.unwrap();
    world.turn().await.unwrap();
    world.identity.revoke_all();
    world.identity.fail_when(Match::any().kind(Kind::ManagedIdentity), usize::MAX, Fault::Status(400));
    assert!(!world.fire().await.unwrap().succeeded());
    assert!(!world.fire().await.unwrap().succeeded());
    let said = crate::stage::logged(&world, "invocation_failed").pop().unwrap();
    assert!(said.contains("named by AZURE_CLIENT_ID") && !said.contains("azure-cli"), "{said}");
    assert_eq!((path.calls(Tool::Az).len(), path.calls(Tool::Azd).len()), (0, 0));
}

#[tokio::test]
async fn an_environment_with_nothing_in_it_is_a_wrong_setting() {
    let world = World::start(setup().set("GRAPH_CREDENTIAL", "environment")).await.unwrap();
    assert!(!world.fire().await.unwrap().succeeded());
    let said = failure(&world);
    let words = "`environment` needs one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, \
                 AZURE_FEDERATED_TOKEN_FILE, and none is set";
    assert!(said.contains(words), "{said}");
}
