//! `doctor`: each broken world has one finding with its remedy, and a sound one has none.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use sandbox::cosmos::{Fault, Match, Moment, Operation};
use sandbox::identity::{Mode, Tool};
use sandbox::world::{Setup, World};
use sandbox::{graph, world::WORK_QUEUE};
use serde_json::{Value, json};

use crate::command_line::{run, stderr, stdout};
use crate::stage::{setup, staged, with_secret};

type Settings = Vec<(String, String)>;

/// The settings of a function app in this world: what the host sets is there too.
fn settings(world: &World) -> Settings {
    let mut settings = world.settings().to_vec();
    let root = staged().to_string_lossy().into_owned();
    settings.push(("FUNCTIONS_APP_ROOT_PATH".into(), root));
    settings.push(("AzureWebJobsStorage".into(), "UseDevelopmentStorage=true".into()));
    settings
}

fn set(mut settings: Settings, name: &str, value: &str) -> Settings {
    settings.retain(|(other, _)| other != name);
    settings.push((name.into(), value.into()));
    settings
}

/// What the doctor says, having ended with this code; no secret is in it.
async fn examined(world: &World, settings: &Settings, code: i32) -> Vec<Value> {
    let ran = run(settings, "doctor --output json").await.code(code);
    let said = stdout(&ran);
    for secret in
        world.identity.tokens().iter().map(String::as_str).chain(["127.0.0.1", "localhost", "Bearer", "sig="])
    {
        assert!(
            !said.contains(secret) && !stderr(&ran).contains(secret),
            "{secret}: {said} {}",
            stderr(&ran)
        );
    }
    for (name, value) in settings {
        let is_secret = name.ends_with("SECRET") || name.ends_with("KEY");
        assert!(!is_secret || !said.contains(value.as_str()), "{name}: {said}");
    }
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_state<'a>(verdicts: &'a [Value], state: &str) -> Vec<&'a Value> {
    verdicts.iter().filter(|verdict| verdict["state"] == state).collect()
}

/// The only finding: its check, what it says, and what to do.
async fn only_finding(world: &World, settings: &Settings) -> (String, String, String) {
    let verdicts = examined(world, settings, 1).await;
    let findings = of_state(&verdicts, "finding");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let text = |name: &str| findings[0][name].as_str().unwrap_or_default().to_owned();
    (text("check"), text("what"), format!("{} {}", text("next"), text("command")))
}

async fn broken(world: &World, settings: &Settings, check: &str, what: &str, remedy: &str) {
    let found = only_finding(world, settings).await;
    assert_eq!(found.0, check, "{found:?}");
    assert!(found.1.contains(what), "{what}: {found:?}");
    assert!(found.2.contains(remedy), "{remedy}: {found:?}");
}

async fn notified() -> World {
    World::start(Setup { notified: true, groups: 2, ..setup() }).await.unwrap()
}

#[tokio::test]
async fn a_sound_world_has_no_finding_whoever_the_app_is() {
    let secret = World::start(Setup { notified: true, ..with_secret() }).await.unwrap();
    for (world, credential) in [(notified().await, "managed-identity"), (secret, "client-secret")] {
        let verdicts = examined(&world, &settings(&world), 0).await;
        assert!(of_state(&verdicts, "skipped").is_empty(), "{verdicts:#?}");
        let checks: Vec<_> = verdicts.iter().map(|verdict| verdict["check"].as_str().unwrap()).collect();
        let count = |name: &str| checks.iter().filter(|check| **check == name).count();
        assert_eq!((count("token"), count("permission"), count("container")), (2, 3, 7), "{checks:?}");
        let token = verdicts.iter().find(|one| one["check"] == "token" && one["service"] == "graph").unwrap();
        let identity = &token["identity"];
        assert!(identity["credential"].as_str().unwrap().contains(credential), "{token}");
        assert_eq!(identity["tenantId"], world.identity.tenant_id());
        assert!(identity["roles"].as_array().unwrap().contains(&json!("User.Read.All")), "{token}");
        assert!(world.cosmos.documents("mirror").await.is_empty(), "nothing is left in `mirror`");
        assert!(world.host.messages(WORK_QUEUE).is_empty(), "a handshake asks for no work");
    }
}

#[tokio::test]
async fn under_auto_the_credential_that_answers_is_named_and_why_the_others_did_not() {
    let world = crate::auto::undecided().await;
    let verdicts = examined(&world, &world.settings().to_vec(), 0).await;
    let tokens: Vec<_> = verdicts.iter().filter(|one| one["check"] == "token").collect();
    assert_eq!(tokens.len(), 2, "{verdicts:#?}");
    for token in tokens {
        let (what, identity) = (token["what"].as_str().unwrap(), &token["identity"]);
        assert!(what.starts_with("azure-cli answers, as app "), "{what}");
        for words in [
            "; not environment: neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set",
            "; not workload-identity: AZURE_FEDERATED_TOKEN_FILE is not set",
            "; not managed-identity: ",
        ] {
            assert!(what.contains(words), "{words}: {what}");
        }
        assert!(!what.contains("azure-developer-cli"), "it was not asked: {what}");
        assert_eq!(identity["credential"], "azure-cli");
    }
    assert_eq!(world.tools.calls(Tool::Az).len(), 2, "once for each service");

    world.tools.set(Tool::Az, Mode::SignedOut);
    world.tools.set(Tool::Azd, Mode::SignedOut);
    let settings = world.settings().to_vec();
    let remedy = "name the one that should in GRAPH_CREDENTIAL";
    broken(
        &world,
        &settings,
        "token",
        "azure-cli: nobody is signed in to the Azure CLI; run `az login`",
        remedy,
    )
    .await;
}

#[tokio::test]
async fn at_a_terminal_what_only_the_host_needs_is_a_note() {
    let world = crate::stage::world().await;
    let verdicts = examined(&world, &world.settings().to_vec(), 0).await;
    let skipped: Vec<_> = of_state(&verdicts, "skipped").iter().map(|one| one["check"].clone()).collect();
    assert_eq!(skipped, [json!("queue"), json!("notifications")]);
}

#[tokio::test]
async fn a_missing_permission_is_named_with_the_command_that_grants_it() {
    let world = notified().await;
    world.identity.set_roles(&["Device.Read.All", "Group.Read.All", "Mail.Read"]);
    let role = "'appRoleId':'df021288-bdef-4463-88db-98f22de89214'";
    broken(&world, &settings(&world), "permission", "User.Read.All is not granted", role).await;
    let principal = "servicePrincipals/bbbbbbbb-cccc-4ddd-8eee-ffffffffffff/appRoleAssignments";
    broken(&world, &settings(&world), "permission", "User.Read.All", principal).await;
}

#[tokio::test]
async fn a_token_that_names_no_permission_has_graph_asked() {
    let world = notified().await;
    world.identity.set_roles(&[]);
    let verdicts = examined(&world, &settings(&world), 1).await;
    let named: Vec<_> = of_state(&verdicts, "finding").iter().map(|one| one["resource"].clone()).collect();
    assert_eq!(named, [json!("devices"), json!("users"), json!("groups")]);
}

#[tokio::test]
async fn a_wider_permission_will_do() {
    let world = notified().await;
    world.identity.set_roles(&["Directory.Read.All"]);
    let verdicts = examined(&world, &settings(&world), 0).await;
    for permission in verdicts.iter().filter(|one| one["check"] == "permission") {
        let what = permission["what"].as_str().unwrap();
        assert!(what.starts_with("Directory.Read.All is granted, which is wider"), "{what}");
    }
}

#[tokio::test]
async fn a_missing_container_is_named_with_the_command_that_creates_it() {
    let world = notified().await;
    world.cosmos.remove_container("groups-owners").await.unwrap();
    let command = "az cosmosdb sql container create -a <account> -g <group> -d graph -n groups-owners \
                   --partition-key-path /_mirror/parent --ttl -1";
    broken(&world, &settings(&world), "container", "no container `groups-owners`", command).await;
    world.cosmos.remove_container("mirror").await.unwrap();
    world.cosmos.add_container("groups-owners", "/_mirror/parent").await.unwrap();
    broken(&world, &settings(&world), "container", "no container `mirror`", "--partition-key-path /feed")
        .await;
}

#[tokio::test]
async fn a_wrong_partition_key_is_named_and_needs_another_container() {
    let world = notified().await;
    world.cosmos.remove_container("users").await.unwrap();
    world.cosmos.add_container("users", "/tenantId").await.unwrap();
    let what = "the container `users` has the partition key /tenantId, and needs /id";
    broken(&world, &settings(&world), "container", what, "container delete").await;
    world.cosmos.remove_container("users").await.unwrap();
    world.cosmos.add_container("users", "/id").await.unwrap();
    world.cosmos.remove_container("mirror").await.unwrap();
    world.cosmos.add_container("mirror", "/id").await.unwrap();
    broken(&world, &settings(&world), "container", "and needs /feed", "-n mirror --partition-key-path /feed")
        .await;
}

#[tokio::test]
async fn a_default_ttl_and_none_at_all_are_named() {
    let world = notified().await;
    let command = "container update -a <account> -g <group> -d graph -n groups --ttl -1";
    world.cosmos.set_default_ttl("groups", Some(3600)).await.unwrap();
    broken(&world, &settings(&world), "container", "a default TTL of 3600 s", command).await;
    world.cosmos.set_default_ttl("groups", None).await.unwrap();
    broken(&world, &settings(&world), "container", "`groups` has its TTL off", command).await;
}

#[tokio::test]
async fn a_dead_token_endpoint_is_one_finding_and_what_needs_a_token_is_skipped() {
    let world = World::start(Setup { notified: true, ..with_secret() }).await.unwrap();
    world.entra.stop();
    broken(
        &world,
        &settings(&world),
        "token",
        "no connection to the identity server",
        "AZURE_AUTHORITY_HOST",
    )
    .await;
    let verdicts = examined(&world, &settings(&world), 1).await;
    let skipped: Vec<_> = of_state(&verdicts, "skipped").iter().map(|one| one["check"].to_string()).collect();
    for check in ["token", "graph", "permission", "cosmos", "container", "role", "throttling"] {
        assert!(skipped.contains(&format!("\"{check}\"")), "{check}: {skipped:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_one_finding_that_names_the_setting() {
    let world = World::start(Setup { notified: true, ..with_secret() }).await.unwrap();
    let wrong = set(settings(&world), "AZURE_CLIENT_SECRET", "sbx8Q~the-id-instead-of-the-value");
    broken(&world, &wrong, "token", "AADSTS7000215", "set AZURE_CLIENT_SECRET to its value").await;
}

#[tokio::test]
async fn an_unreachable_notification_address_is_named() {
    let world = notified().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let elsewhere = set(settings(&world), "NOTIFICATION_URL", &format!("http://{closed}/api/notifications"));
    let what = "the notification address cannot be reached: no connection";
    broken(&world, &elsewhere, "notifications", what, "set NOTIFICATION_URL").await;
    let other = set(settings(&world), "NOTIFICATION_URL", &format!("{}v1.0/users", world.cosmos.endpoint()));
    broken(&world, &other, "notifications", "refuses an anonymous caller", "--excluded-paths").await;
}

#[tokio::test]
async fn a_skewed_clock_is_named_with_the_difference_to_each_service() {
    let world = World::start(Setup { notified: true, ..with_secret() }).await.unwrap();
    world.shift_clocks(420);
    let (check, what, next) = only_finding(&world, &settings(&world)).await;
    assert_eq!(check, "clock");
    for service in ["Microsoft Graph", "Azure Cosmos DB", "Microsoft Entra ID"] {
        assert!(what.contains(&format!(" s behind {service}")), "{what}");
    }
    assert!(next.contains("timedatectl set-ntp true"), "{next}");
    world.shift_clocks(0);
    world.graph.clock().shift(-420);
    let (check, what, next) = only_finding(&world, &settings(&world)).await;
    assert_eq!(check, "clock");
    assert!(
        what.contains(" s ahead of Microsoft Graph; ") && next.contains("what stands between"),
        "{what} {next}"
    );
}

#[tokio::test]
async fn a_firewall_is_one_finding_and_not_told_as_a_missing_role() {
    let world = notified().await;
    world.cosmos.fail(Match::any(), usize::MAX, Fault::Firewall);
    let what = "the firewall of the account refuses the address of this machine (status 403";
    broken(
        &world,
        &settings(&world),
        "cosmos",
        what,
        "az cosmosdb update -n <account> -g <group> --ip-range-filter",
    )
    .await;
}

#[tokio::test]
async fn a_missing_queue_setting_is_named_where_functions_run() {
    let world = notified().await;
    let mut without = settings(&world);
    without.retain(|(name, _)| name != "AzureWebJobsStorage");
    broken(&world, &without, "queue", "AzureWebJobsStorage is not set", "AzureWebJobsStorage__accountName=")
        .await;
    let with_identity = set(without, "AzureWebJobsStorage__accountName", "storage");
    examined(&world, &with_identity, 0).await;
}

#[tokio::test]
async fn a_missing_role_is_one_finding_with_the_identity_in_its_command() {
    let world = notified().await;
    let command = "az cosmosdb sql role assignment create -a <account> -g <group> --role-definition-id \
                   00000000-0000-0000-0000-000000000002 --principal-id bbbbbbbb-cccc-4ddd-8eee-ffffffffffff \
                   --scope /dbs/graph";
    world.cosmos.fail(Match::any(), usize::MAX, Fault::NoRole);
    broken(&world, &settings(&world), "role", "may not read the database", command).await;
    world.cosmos.faults().clear();
    world.cosmos.fail(Match::writes(), usize::MAX, Fault::NoRole);
    broken(&world, &settings(&world), "role", "may read documents, but not write", command).await;
    world.cosmos.faults().clear();
    world.cosmos.fail(Match::operation(Operation::Read), usize::MAX, Fault::NoRole);
    broken(&world, &settings(&world), "role", "may not read the database", command).await;
}

#[tokio::test]
async fn a_missing_database_and_a_wrong_key_are_named() {
    let world = notified().await;
    let elsewhere = set(settings(&world), "COSMOS_DATABASE", "nowhere");
    broken(&world, &elsewhere, "cosmos", "no database `nowhere`", "sql database create").await;
    let wrong = set(settings(&world), "COSMOS_KEY", "bm90IHRoZSBrZXk=");
    broken(&world, &wrong, "cosmos", "refuses COSMOS_KEY (status 401", "az cosmosdb keys list").await;
    let key = set(settings(&world), "COSMOS_KEY", world.cosmos.key());
    let verdicts = examined(&world, &key, 0).await;
    assert_eq!(of_state(&verdicts, "skipped")[0]["what"], "COSMOS_KEY is set, so no token is needed");
}

#[tokio::test]
async fn throttling_is_named_by_who_throttles() {
    let world = notified().await;
    let later = graph::Fault::Throttle { status: 429, retry_after: graph::RetryAfter::Seconds("900".into()) };
    world.graph.fail(graph::Match::any().feed("users"), usize::MAX, later);
    broken(
        &world,
        &settings(&world),
        "throttling",
        "users: status 429, try again in 900 s",
        "fire less often",
    )
    .await;
    assert!(run(&settings(&world), "sync users").await.get_output().status.code() != Some(0));
    world.graph.faults().clear();
    let what = "users: the last run was throttled, until 20";
    broken(&world, &settings(&world), "throttling", what, "fire less often").await;
}

#[tokio::test]
async fn graph_that_cannot_be_reached_or_refuses_the_token_is_one_finding() {
    let world = notified().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let elsewhere = set(settings(&world), "GRAPH_ENDPOINT", &format!("http://{closed}"));
    broken(&world, &elsewhere, "graph", "could not be reached", "GRAPH_ENDPOINT").await;
    let other = set(settings(&world), "GRAPH_SCOPES", "https://vault.azure.net/.default");
    broken(&world, &other, "graph", "refuses the access token (status 401", "GRAPH_SCOPES").await;
}

#[tokio::test]
async fn a_token_of_another_tenant_is_one_finding() {
    let world = notified().await;
    let other = set(settings(&world), "AZURE_TENANT_ID", "22222222-2222-4333-8444-555555555555");
    broken(&world, &other, "token", "but the identity is of tenant 11111111", "set AZURE_TENANT_ID").await;
}

#[tokio::test]
async fn wrong_settings_are_all_found_and_nothing_is_asked() {
    let world = crate::stage::world().await;
    let wrong = set(set(settings(&world), "COSMOS_ENDPOINT", ""), "LEASE_SECONDS", "1");
    let verdicts = examined(&world, &wrong, 78).await;
    let named: Vec<_> = of_state(&verdicts, "finding").iter().map(|one| one["what"].to_string()).collect();
    assert!(named.len() == 2 && named[0].starts_with("\"COSMOS_ENDPOINT: "), "{named:?}");
    assert_eq!(world.graph.requests().len(), 0);
}

#[tokio::test]
async fn people_read_a_line_for_each_check_and_the_command_below() {
    let world = notified().await;
    world.cosmos.remove_container("users").await.unwrap();
    let ran = run(&settings(&world), "doctor").await.code(1);
    let said = stdout(&ran);
    let at =
        said.find("finding  container      users            there is no container `users`").expect(&said);
    let below: Vec<_> = said[at..].lines().skip(1).take(2).map(str::trim_start).collect();
    assert!(
        below[0].starts_with("create it") && below[1].starts_with("az cosmosdb sql container create"),
        "{said}"
    );
    assert!(stderr(&ran).ends_with("1 finding\n"), "{}", stderr(&ran));
}

#[test]
fn the_page_has_a_row_for_every_check() {
    let page = std::fs::read_to_string("docs/doctor.md").unwrap();
    let named = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let rows: Vec<_> = page.lines().filter_map(named).collect();
    assert_eq!(rows, graph_mirror::doctor::Check::ALL.map(graph_mirror::doctor::Check::name));
}

#[tokio::test]
async fn services_that_never_answer_are_findings_within_a_minute() {
    let world = notified().await;
    let _graph = world.graph.hold(graph::Match::any());
    let _cosmos = world.cosmos.hold(Match::any(), Moment::Before);
    let began = Instant::now();
    let verdicts = examined(&world, &settings(&world), 1).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let found: Vec<_> = of_state(&verdicts, "finding").iter().map(|one| one["check"].clone()).collect();
    assert_eq!(found, [json!("graph"), json!("cosmos")], "{verdicts:#?}");
}
