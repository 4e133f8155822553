//! Any request: `graph-mirror get`, run by hand against the same Graph.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sandbox::graph::{Fault, Framing, Match, RetryAfter, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::Value;

use crate::command_line::text;
use crate::stage::{setup, with_secret, world};

/// The binary with the settings for Graph and those of the credential: none of Cosmos.
fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graph-mirror"));
    let settings = world.settings().iter().filter(|(name, _)| !name.starts_with("COSMOS_"));
    command.env_clear().envs(settings.map(|(name, value)| (name, value)));
    command.arg("get").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it printed, what it said, and its exit code. Neither a token nor a link may be in what it said.
async fn get(world: &World, arguments: &[&str]) -> (String, String, i32) {
    let (printed, said, code) = get_bytes(world, arguments).await;
    (text(&printed), said, code)
}

async fn get_bytes(world: &World, arguments: &[&str]) -> (Vec<u8>, String, i32) {
    let mut command = command(world, arguments);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
    let Output { status, stdout, stderr } = ran.await.unwrap();
    let said = text(&stderr);
    for secret in world.identity.tokens().iter().map(String::as_str).chain(["skiptoken", "Bearer", "/v1.0/"])
    {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    assert!(!said.contains("panic"), "{said}");
    (stdout, said, status.code().unwrap())
}

/// The ids of printed lines.
fn ids(printed: &str) -> Vec<String> {
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    printed.lines().map(id).collect()
}

fn user_ids(world: &World) -> Vec<String> {
    world.graph.tenant(|tenant| tenant.ids("users"))
}

#[tokio::test]
async fn all_objects_of_all_pages_are_lines_and_equal_the_tenant() {
    let world = world().await;
    let (printed, said, code) = get(&world, &["/users", "--all", "--select", "id"]).await;
    assert_eq!((ids(&printed), code), (user_ids(&world), 0), "{said}");
    assert_eq!(world.graph.requests().len(), 3);
    world.graph.quirks(|quirks| quirks.empty_page_every = Some(2));
    let (printed, _, code) = get(&world, &["users", "--all", "--top", "7", "--beta"]).await;
    assert_eq!((ids(&printed), code), (user_ids(&world), 0), "empty pages go on");
    let beta = world.graph.requests().pop().unwrap().path;
    assert!(beta.starts_with("/beta/users?$top=7&$skiptoken="), "{beta}");
    world.set_on_a_user(serde_json::json!({"displayName": "two\nlines", "city": 1.5}));
    let (printed, _, _) = get(&world, &["/users", "--all"]).await;
    assert!(printed.lines().count() == 50 && printed.contains(r#""displayName":"two\nlines""#), "{printed}");
}

#[tokio::test]
async fn one_answer_is_printed_as_it_came() {
    let world = world().await;
    let (id, name) = world.graph.tenant(|tenant| {
        let (id, user) = tenant.collection("users").living().next().unwrap();
        (id.clone(), user["userPrincipalName"].as_str().unwrap().to_owned())
    });
    let path = format!("/users/{name}?$select=id,city");
    let (printed, _, code) = get(&world, &[&path]).await;
    assert_eq!((serde_json::from_str::<Value>(&printed).unwrap()["id"].as_str(), code), (Some(&*id), 0));
    assert_eq!(printed.lines().count(), 1, "as it came, and not for a terminal: {printed}");
    let (page, _, _) = get(&world, &["/users", "--select", "id", "--filter", &format!("id eq '{id}'")]).await;
    assert_eq!(serde_json::from_str::<Value>(&page).unwrap()["value"][0]["id"], id);
    let address = format!("{}/v1.0/users/{id}", world.graph.endpoint());
    assert_eq!(get(&world, &[&address]).await.2, 0, "an address on the configured endpoint");

    let (count, said, code) = get(&world, &["/users/$count", "-H", "ConsistencyLevel: eventual"]).await;
    assert_eq!((count.as_str(), code), ("50\n", 0), "{said}");
    let photo = vec![0xff, 0xd8, 0xff, 0, 10, 13];
    world.graph.tenant(|tenant| tenant.photos.insert(id.clone(), photo.clone()));
    let path = format!("/users/{id}/photo/$value");
    let (printed, said, code) = get(&world, &[&path]).await;
    assert_eq!((printed.as_str(), code), ("", 1));
    assert!(said.contains("`image/jpeg`, 6 bytes") && said.contains("--raw"), "{said}");
    let (printed, said, code) = get_bytes(&world, &[&path, "--raw"]).await;
    assert_eq!((printed, code), (photo, 0), "{said}");
}

#[tokio::test]
async fn headers_go_with_every_page() {
    let world = world().await;
    let filter = "endsWith(userPrincipalName,'contoso.example')";
    let advanced = ["/users?$count=true", "--all", "--filter", filter];
    let (printed, said, code) = get(&world, &advanced).await;
    assert_eq!((printed.as_str(), code), ("", 1));
    assert!(
        said.contains("Request_UnsupportedQuery") && said.contains("ConsistencyLevel: eventual"),
        "{said}"
    );
    world.graph.forget_requests();
    let headers = ["-H", "ConsistencyLevel: eventual", "--header", "Prefer: outlook.timezone=\"UTC\""];
    let (printed, said, code) = get(&world, &[&advanced[..], &headers[..]].concat()).await;
    assert_eq!((ids(&printed), code), (user_ids(&world), 0), "{said}");
    for request in world.graph.requests() {
        assert_eq!(request.consistency_level.as_deref(), Some("eventual"));
        assert_eq!(
            request.prefer.as_deref(),
            Some("include-unknown-enum-members, outlook.timezone=\"UTC\""),
            "ours and the caller's"
        );
    }
}

#[tokio::test]
async fn throttling_and_a_broken_connection_cost_time_and_no_object() {
    let world = world().await;
    let wait =
        |seconds: &str| Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds(seconds.into()) };
    for fault in [wait("1"), Fault::Reset, Fault::CutBody(Framing::Length)] {
        world.graph.fail(Match::list().nth(2), 1, fault);
        let (printed, said, code) = get(&world, &["/users", "--all", "--select", "id"]).await;
        assert_eq!((ids(&printed), code), (user_ids(&world), 0), "{said}");
        assert!(said.contains("trying again"), "the wait is told: {said}");
        assert_eq!(world.graph.faults().unused(), 0);
    }
    world.graph.fail(Match::list().nth(3), 1, wait("900"));
    let (printed, said, code) = get(&world, &["/users", "--all", "--select", "id"]).await;
    assert_eq!((ids(&printed).len(), code), (40, 1));
    assert!(said.contains("not complete: it broke off after 40 objects"), "{said}");
    assert!(said.contains("throttles: try again in 900 s"), "{said}");
    world.graph.fail(Match::any(), usize::MAX, Fault::Reset);
    let (printed, said, code) = get(&world, &["/users", "--timeout", "2"]).await;
    assert_eq!((printed.as_str(), code), ("", 1));
    assert!(said.contains("could not be reached: the connection broke"), "{said}");
}

#[tokio::test]
async fn a_list_that_leads_elsewhere_or_nowhere_ends_with_an_error() {
    let world = world().await;
    world.graph.fail(Match::list().nth(2), 1, Fault::ForeignLink("evil.example".into()));
    let (printed, said, code) = get(&world, &["/users", "--all"]).await;
    assert_eq!((ids(&printed).len(), code), (20, 1));
    assert!(said.contains("broke off after 20 objects") && said.contains("`evil.example`"), "{said}");
    world.graph.fail(Match::any(), 1, Fault::RedirectTo("https://evil.example/v1.0/users".into()));
    let (_, said, code) = get(&world, &["/users"]).await;
    assert!(code == 1 && said.contains("`evil.example`"), "{said}");

    world.graph.quirks(|quirks| quirks.repeat_page = true);
    let (_, said, code) = get(&world, &["/users", "--all"]).await;
    assert!(code == 1 && said.contains("have the same content"), "{said}");
    world.graph.quirks(|quirks| (quirks.repeat_page, quirks.repeat_link) = (false, true));
    let (_, said, code) = get(&world, &["/users", "--all"]).await;
    assert!(code == 1 && said.contains("leads back to a page"), "{said}");
    world.graph.quirks(|quirks| quirks.repeat_link = false);

    world.graph.fail(Match::list().nth(2), 1, Fault::TokenDead(TokenDeath::ExpiredPageToken));
    let (_, said, code) = get(&world, &["/users", "--all"]).await;
    assert!(
        code == 1 && said.contains("Directory_ExpiredPageToken") && said.contains("run the command again"),
        "{said}"
    );
    world.graph.fail(Match::list().nth(2), 1, Fault::NoValue);
    let (printed, said, code) = get(&world, &["/users", "--all"]).await;
    assert!(code == 1 && ids(&printed).len() == 20 && said.contains("without the array `value`"), "{said}");
}

#[tokio::test]
async fn what_is_no_answer_does_not_pass_for_one() {
    let world = world().await;
    for (fault, word) in [(Fault::NotJson, "nonsense"), (Fault::Html, "`text/html`")] {
        world.graph.fail(Match::any(), 1, fault);
        let (printed, said, code) = get(&world, &["/users"]).await;
        assert_eq!((printed.as_str(), code), ("", 1));
        assert!(said.contains(word), "{said}");
    }
    let id = user_ids(&world).remove(0);
    let (printed, said, code) = get(&world, &[&format!("/users/{id}"), "--all"]).await;
    assert_eq!((printed.as_str(), code), ("", 1));
    assert!(said.contains("without --all"), "{said}");
}

#[tokio::test]
async fn refusals_name_the_code_the_request_and_the_next_step() {
    let world = World::start(with_secret()).await.unwrap();
    let nobody = "/users/00000000-0000-4000-8000-00000000dead";
    for (path, status, words) in [
        (nobody, 404, ["Request_ResourceNotFound", "no such object"]),
        ("/nonsense", 400, ["BadRequest", "see that the path"]),
        ("/organization", 403, ["Authorization_RequestDenied", "Organization.Read.All at least"]),
        ("/me", 400, ["GRAPH_CREDENTIAL=client-secret", "device-code"]),
        ("me/messages", 400, ["nobody is signed in", "/users/<id>"]),
    ] {
        let (printed, said, code) = get(&world, &[path]).await;
        assert_eq!((printed.as_str(), code), ("", 1), "{path}: {said}");
        let stated = format!("status {status}, code `");
        assert!(
            said.contains(&stated) && said.contains("request-id ") && !said.contains("request-id none"),
            "{said}"
        );
        words.iter().for_each(|word| assert!(said.contains(word), "{path}: {word}: {said}"));
    }
    world.identity.set_roles(&["Mail.Read"]);
    let (_, said, code) = get(&world, &["/users"]).await;
    assert!(code == 1 && said.contains("User.Read.All"), "{said}");
}

#[tokio::test]
async fn wrong_usage_is_told_before_anything_is_asked() {
    let world = world().await;
    for (arguments, word) in [
        (vec![""], "is empty"),
        (vec!["/users/../me"], "segment `.` or `..`"),
        (vec!["//evil.example/users"], "an empty segment"),
        (vec!["https://evil.example/v1.0/users"], "`evil.example`"),
        (vec!["/users?$select=id", "--select", "mail"], "`$select` is given twice"),
        (vec!["/v1.0/users", "--beta"], "begins with the version `v1.0`"),
        (vec!["/users", "-H", "Authorization: Bearer-x"], "`Authorization` is set by the client"),
        (vec!["/users", "-H", "nonsense"], "`Name: value`"),
        (vec!["/users", "--top", "0"], "--top"),
        (vec!["/users", "--all", "--raw"], "--raw"),
        (vec![], "<PATH>"),
    ] {
        let mut command = command(&world, &arguments);
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = text(&ran.stderr);
        assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(2), ""), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert_eq!((world.graph.requests().len(), world.identity.requests_for(world.graph.endpoint())), (0, 0));
    let wrong = world.settings().iter().map(|(name, value)| match name.as_str() {
        "GRAPH_ENDPOINT" => (name.clone(), "http://graph.example.com".to_owned()),
        _ => (name.clone(), value.clone()),
    });
    let refused =
        crate::command_line::run(&wrong.collect::<Vec<_>>(), "get /users").await.code(78).stdout("");
    assert!(crate::command_line::stderr(&refused).starts_with("GRAPH_ENDPOINT: "));
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_it_quietly() {
    let world = World::start(Setup { page_size: 10, ..setup() }).await.unwrap();
    let mut second = world.graph.hold(Match::list().nth(2));
    let mut child = command(&world, &["/users", "--all", "--select", "id"]).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let first = tokio::task::spawn_blocking(move || {
        // The pipe is closed with the reader, as `head -1` closes it.
        BufReader::new(stdout).lines().next().unwrap().unwrap()
    });
    assert_eq!(ids(&first.await.unwrap()), [user_ids(&world)[0].clone()]);
    tokio::time::timeout(Duration::from_secs(60), second.arrived())
        .await
        .expect("the next page is in flight");
    second.release();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(141), "{said}");
    assert!(!said.contains("panic") && !said.contains("not complete"), "{said}");
    assert!(world.graph.requests().len() < 5, "nobody asks for pages that nobody reads");
}

#[tokio::test]
async fn completions_are_scripts_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = crate::command_line::run(&[], &format!("completions {shell}")).await.code(0).stderr("");
        let script = crate::command_line::stdout(&script);
        assert!(script.contains("subscriptions") && script.contains("graph-mirror"), "{shell}");
    }
    crate::command_line::run(&[], "completions tcsh").await.code(2);
}
