//! The command line: the same verb as the functions, run by hand against the same world.

use assert_cmd::assert::Assert;
use sandbox::cosmos;
use sandbox::graph::{Fault, Match, RetryAfter, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::{Value, json};

use crate::stage::{checkpoint, copied, setup, world};

/// Runs the binary with these settings and nothing else.
pub async fn run(settings: &[(String, String)], line: &str) -> Assert {
    let settings = settings.to_vec();
    let arguments: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    let ran = tokio::task::spawn_blocking(move || {
        let mut command = assert_cmd::Command::cargo_bin("graph-mirror").unwrap();
        command.env_clear().envs(settings).args(arguments).assert()
    });
    ran.await.unwrap()
}

/// What it said on stdout.
pub fn stdout(ran: &Assert) -> String {
    text(&ran.get_output().stdout)
}

/// What it said on stderr.
pub fn stderr(ran: &Assert) -> String {
    text(&ran.get_output().stderr)
}

/// Bytes that must be text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn sync_completes_however_many_turns_that_takes() {
    let world =
        World::start(Setup { page_size: 10, ..setup() }.set("SYNC_BUDGET_SECONDS", "0")).await.unwrap();
    let first = run(world.settings(), "sync users").await.code(0);
    let said = stdout(&first);
    assert!(
        said.starts_with("users: complete; 50 upserted, 0 removed") && said.contains("5 pages"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "data, and nothing else: {said}");
    let logs = stderr(&first);
    assert!(logs.contains("generation") && !logs.starts_with('{'), "lines for people: {logs}");
    for secret in ["skiptoken", "deltatoken", "Bearer", "127.0.0.1"] {
        assert!(!logs.contains(secret), "{secret}: {logs}");
    }
    world.ensure_equal().await.unwrap();
    let again = run(world.settings(), "sync users --output json").await.code(0);
    let outcome: Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!((&outcome["resource"], &outcome["outcome"]), (&"users".into(), &"complete".into()));
    assert_eq!(outcome["upserted"], 0);
    let lease = world.cosmos.document("mirror", "users", "lease").await.unwrap();
    assert_eq!((&lease["clean"], &lease["holder"]), (&true.into(), &Value::Null));
    assert!(world.turn().await.unwrap().contains("complete"), "the functions carry on from there");
}

#[tokio::test]
async fn what_the_removal_limit_holds_goes_when_it_is_accepted() {
    let world = copied().await;
    world.graph.tenant(|tenant| {
        tenant.ids("users").iter().take(20).for_each(|id| {
            tenant.remove("users", id);
        })
    });
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    let held = run(world.settings(), "sync users").await.code(3);
    assert!(stdout(&held).contains("held by the removal limit"), "{}", stdout(&held));
    let told = "users: 20 of 50 documents would be removed; `sync users --accept-removals` lets them go";
    assert!(stderr(&held).contains(told), "{}", stderr(&held));
    assert_eq!(world.differences().await.len(), 20);
    let accepted = run(world.settings(), "sync users --accept-removals").await.code(0);
    assert!(stdout(&accepted).contains("20 removed"), "{}", stdout(&accepted));
    world.ensure_equal().await.unwrap();
    assert_eq!(checkpoint(&world).await["pendingSweep"], Value::Null);
}

#[tokio::test]
async fn wrong_settings_are_all_named_and_nothing_is_done() {
    let world = world().await;
    let wrong =
        [("COSMOS_ENDPOINT", ""), ("LEASE_SECONDS", "1"), ("GRAPH_ENDPOINT", "http://graph.example.com")];
    let mut settings = world.settings().to_vec();
    settings.extend(wrong.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let refused = run(&settings, "sync users").await.code(78).stdout("");
    let named = stderr(&refused);
    assert_eq!(named.lines().count(), 3, "{named}");
    for (name, _) in wrong {
        let start = format!("{name}: ");
        assert!(named.lines().any(|line| line.starts_with(&start)), "{name}: {named}");
    }
    let refused = run(&settings, "sync users --output json").await.code(78);
    let told: Value = serde_json::from_str(&stdout(&refused)).unwrap();
    let problems: Vec<_> = named.lines().collect();
    assert_eq!(
        told,
        serde_json::json!({"outcome": "failed", "error": "settings are wrong", "problems": problems})
    );
    assert_eq!(stderr(&refused), named, "and the same for people");
    assert_eq!(world.graph.requests().len(), 0);
}

#[tokio::test]
async fn wrong_usage_says_what_there_is() {
    let unknown = run(&[], "sync user").await.code(2).stdout("");
    let said = stderr(&unknown);
    let like = "error: there is no resource 'user'; like it are: users, ";
    assert!(said.starts_with(like) && said.contains("`graph-mirror resources` lists all"), "{said}");
    run(&[], "sync").await.code(2);
    let help = run(&[], "sync --help").await.code(0);
    assert!(stdout(&help).contains("Examples:") && stdout(&help).contains("78"), "{}", stdout(&help));
}

#[tokio::test]
async fn the_catalogue_is_listed_without_any_settings() {
    let listed = stdout(&run(&[], "resources").await.code(0).stderr(""));
    assert!(listed.lines().count() > 126, "{listed}");
    let windows = run(&[], "resources --mode window").await.code(0).stderr("");
    insta::assert_snapshot!("resources", stdout(&windows));
    for name in ["groups", "messages", "signIns", "authorizationPolicy"] {
        let full = run(&[], &format!("resources {name}")).await.code(0).stderr("");
        insta::assert_snapshot!(format!("resources-{name}"), stdout(&full));
    }
    let full = run(&[], "resources messages --output json").await.code(0).stderr("");
    let full: Value = serde_json::from_str(&stdout(&full)).unwrap();
    assert_eq!(full["permission"]["appRoleId"], "693c5e45-0940-467d-9b8a-1022fb9d42ef");
    assert_eq!(full["subscription"]["permission"]["name"], "Mail.Read");
    assert_eq!(full["containers"], json!([{ "name": "messages", "partitionKey": "/_mirror/parent" }]));
    assert!(full["example"]["_mirror"]["parent"].as_str().unwrap().contains('/'), "{full}");
    let listed = run(&[], "resources --output json").await.code(0);
    let needed = run(&[], "resources --deployment functions").await.code(0).stderr("");
    assert_eq!(stdout(&needed), std::fs::read_to_string("infra/resources.json").unwrap());
    let wrong = run(&[], "resources --deployment nowhere").await.code(1).stdout("");
    assert!(stderr(&wrong).starts_with("nowhere: "), "{}", stderr(&wrong));
    run(&[], "resources --deployment functions --output json").await.code(2);
    let containers = |line: &str| serde_json::from_str::<Value>(line).unwrap()["containers"].clone();
    let all: Vec<_> =
        stdout(&listed).lines().flat_map(|line| containers(line).as_array().unwrap().clone()).collect();
    assert!(all.len() > 126, "every container but the one of the leases: {all:?}");
}

#[tokio::test]
async fn the_catalogue_is_searched_by_mode_permission_and_text() {
    let found = async |line: &str| -> Vec<String> {
        let listed = stdout(&run(&[], &format!("resources {line}")).await.code(0).stderr(""));
        listed.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let logs = ["directoryAudits", "provisioningLogs", "signIns"];
    assert_eq!(found("--mode window --permission auditlog.read.all").await, logs);
    assert_eq!(
        found("--search AUTHORITIES").await,
        ["certificateBasedAuthConfigurations", "certificateAuthorities"]
    );
    assert!(
        found("--permission Directory.Read.All").await.contains(&"groups".to_owned()),
        "it is wide enough"
    );
    let none = run(&[], "resources --search unicorns").await.code(1).stdout("");
    assert_eq!(stderr(&none), "no resource is like that; `graph-mirror resources` lists all\n");
    for wrong in ["--mode stream", "users --mode delta", "users groups", "unicorns"] {
        run(&[], &format!("resources {wrong}")).await.code(2).stdout("");
    }
}

#[tokio::test]
async fn a_failure_is_told_and_so_is_what_was_set_aside() {
    let world = copied().await;
    world.graph.fail(Match::any(), 1, Fault::NotJson);
    let failed = run(world.settings(), "sync users").await.code(1).stdout("");
    assert!(stderr(&failed).contains("sync of users failed"), "{}", stderr(&failed));
    world.graph.fail(Match::any(), 1, Fault::NotJson);
    let failed = run(world.settings(), "sync users --output json").await.code(1);
    let outcome: Value = serde_json::from_str(&stdout(&failed)).unwrap();
    assert_eq!(outcome["outcome"], "failed");
    assert!(outcome["error"].as_str().unwrap().contains("sync of users failed"), "{outcome}");
    world.graph.tenant(|tenant| tenant.create("users"));
    world.cosmos.fail(cosmos::Match::writes().container("users"), 1, cosmos::Fault::Refuse(400));
    let partial = run(world.settings(), "sync users").await.code(3);
    assert!(stdout(&partial).contains("1 set aside"), "{}", stdout(&partial));
}

#[tokio::test]
async fn who_has_to_wait_is_told_so() {
    let world = copied().await;
    let mut hold = world.graph.hold(Match::any());
    let first = world.start_turn();
    hold.arrived().await;
    let busy = run(world.settings(), "sync users").await.code(1);
    assert!(stderr(&busy).contains("another turn holds the feed"), "{}", stderr(&busy));
    hold.release();
    assert!(first.await.unwrap().succeeded());
    let later = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("900".into()) };
    world.graph.fail(Match::any(), 1, later);
    let throttled = run(world.settings(), "sync users").await.code(1);
    assert!(stdout(&throttled).contains("users: throttled"), "{}", stdout(&throttled));
    assert!(stderr(&throttled).contains("run this again after"), "{}", stderr(&throttled));
}

#[tokio::test]
async fn the_help_reads_as_it_was_last_read() {
    let commands = [
        "serve",
        "sync",
        "refresh",
        "verify",
        "status",
        "checkpoint",
        "subscriptions",
        "resources",
        "add",
        "doctor",
        "init",
        "erase",
        "logout",
        "get",
        "completions",
    ];
    for command in [""].into_iter().chain(commands) {
        let help = run(&[], &format!("{command} --help")).await.code(0);
        let name = format!("{command}-help");
        insta::assert_snapshot!(name.trim_start_matches('-'), stdout(&help));
    }
}

#[tokio::test]
async fn single_objects_are_refreshed_by_hand() {
    let world = copied().await;
    let ids = world.graph.tenant(|tenant| {
        let ids = tenant.ids("users");
        tenant.change("users", &ids[0], json!({"city": "Ulm"}));
        ids
    });
    let nobody = "00000000-0000-4000-8000-00000000dead";
    let ran = run(world.settings(), &format!("refresh users {} {}", ids[0], ids[1])).await.code(0);
    assert!(
        stdout(&ran).starts_with("users: complete; 1 upserted, 0 removed, 1 unchanged"),
        "{}",
        stdout(&ran)
    );
    world.ensure_equal().await.unwrap();
    let some =
        run(world.settings(), &format!("refresh users {} {nobody} --output json", ids[0])).await.code(3);
    let told: Value = serde_json::from_str(&stdout(&some)).unwrap();
    assert_eq!((&told["unchanged"], &told["notFound"]), (&json!(1), &json!([nobody])));
    let none = run(world.settings(), &format!("refresh users {nobody}")).await.code(1);
    assert!(stderr(&none).contains("there is no object with the id"), "{}", stderr(&none));
    let odd = run(world.settings(), "refresh users a/b").await.code(2);
    assert!(stderr(&odd).contains("is no id"), "{}", stderr(&odd));
    let unknown = run(world.settings(), "refresh nobodies 1").await.code(2);
    assert!(
        stderr(&unknown).contains("there is no resource 'nobodies'; `graph-mirror resources` lists all"),
        "{}",
        stderr(&unknown)
    );
    let many: Vec<_> = ids.iter().take(25).cloned().collect();
    let ran = run(world.settings(), &format!("refresh users {}", many.join(" "))).await.code(0);
    assert_eq!(stdout(&ran).lines().count(), 2, "twenty at a time");
}

#[tokio::test]
async fn status_and_checkpoint_tell_how_the_copy_is_and_no_secret() {
    let world = copied().await;
    let status = run(world.settings(), "status").await.code(0);
    let said = stdout(&status);
    assert!(said.starts_with("RESOURCE") && said.contains("users     tracking"), "{said}");
    assert!(said.contains("groups    start     never"), "{said}");
    let one = run(world.settings(), "status users --output json").await.code(0);
    let one: Value = serde_json::from_str(&stdout(&one)).unwrap();
    assert_eq!((&one["resource"], &one["counts"]["upserted"]), (&json!("users"), &json!(50)));
    for output in ["json", "table"] {
        let shown = run(world.settings(), &format!("checkpoint show users --output {output}")).await.code(0);
        let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        assert_eq!(shown["resource"], "users");
        assert_eq!((&shown["state"], &shown["link"]), (&json!("tracking"), &json!("(a secret)")));
    }
    let none = run(world.settings(), "checkpoint show groups").await.code(1);
    assert!(stderr(&none).contains("groups: nothing was copied yet"), "{}", stderr(&none));
    world.graph.fail(Match::any(), 1, Fault::Html);
    assert!(!world.fire().await.unwrap().succeeded());
    let failed = run(world.settings(), "status").await.code(3);
    assert!(stderr(&failed).contains("users: the last turn failed: "), "{}", stderr(&failed));
}

#[tokio::test]
async fn rule_7_a_reset_has_the_next_turn_read_everything_anew() {
    let world = copied().await;
    let id = world.a_user();
    let mut damaged = crate::stage::document(&world, &id).await;
    damaged["displayName"] = json!("nobody");
    world.cosmos.put("users", &id, &damaged).await.unwrap();
    run(world.settings(), "checkpoint reset users").await.code(0);
    assert_eq!(checkpoint(&world).await["state"], "start");
    assert_eq!(world.differences().await.len(), 1, "nothing happens to the copy before that");
    world.turn().await.unwrap();
    world.ensure_equal().await.unwrap();
    assert_eq!(crate::stage::generations(&world, "users"), 2);
    crate::stage::unsettle(&world).await;
    let mut hold = world.graph.hold(Match::any());
    let turn = world.start_turn();
    hold.arrived().await;
    let busy = run(world.settings(), "checkpoint reset users").await.code(1);
    assert!(stderr(&busy).contains("another turn holds the feed"), "{}", stderr(&busy));
    hold.release();
    assert!(turn.await.unwrap().succeeded());
}
