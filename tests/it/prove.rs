//! `doctor --prove`: every assumption that can be asked is confirmed by the sandbox, and each planted deviation refutes
//! the assumption that it breaks, and no other.

use std::collections::BTreeMap;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use sandbox::cosmos::{self, Moment, Operation};
use sandbox::deviations::{self, Deviation, Service};
use sandbox::graph::{self, Fault, Match, RetryAfter};
use sandbox::world::{Setup, World};
use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout, text};
use crate::stage::{setup, staged_with, with_secret};

/// A world in which everything can be seen: a removed user, a drive, notifications, and a copy that was begun.
struct Seen {
    world: World,
    root: TempDir,
}

impl Seen {
    async fn new(setup: Setup) -> Self {
        let root = staged_with(&["sites", "drives", "driveItems"]);
        let setup = Setup {
            root: root.path().to_owned(),
            objects: vec![("sites", 1), ("drives", 1), ("driveItems", 2)],
            groups: 2,
            notified: true,
            ..setup
        };
        let world = World::start(setup).await.unwrap();
        world.graph.quirks(|quirks| quirks.removed_in_initial = true);
        let user = world.a_user();
        world.graph.tenant(|tenant| tenant.remove("users", &user));
        let seen = Self { world, root };
        run(&seen.settings(), "sync users").await.code(0);
        seen
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = self.world.settings().to_vec();
        settings.push(("FUNCTIONS_APP_ROOT_PATH".into(), self.root.path().to_string_lossy().into_owned()));
        settings.push(("AzureWebJobsStorage".into(), "UseDevelopmentStorage=true".into()));
        settings
    }

    /// Names, ids, addresses, tokens and settings that no report may have.
    fn secrets(&self, settings: &[(String, String)]) -> Vec<String> {
        let mut secrets = self.world.identity.tokens();
        secrets.extend(["127.0.0.1", "localhost", "~prove-", "sig=", "@contoso"].map(str::to_owned));
        secrets.extend([self.world.identity.tenant_id(), self.world.identity.client_id()]);
        secrets.extend(
            ["bbbbbbbb-cccc-4ddd-8eee-ffffffffffff", "cccccccc-dddd-4eee-8fff-000000000000"]
                .map(str::to_owned),
        );
        let of_settings = settings
            .iter()
            .filter(|(name, _)| name.ends_with("SECRET") || name.ends_with("KEY") || name.ends_with("_ID"));
        secrets.extend(of_settings.map(|(_, value)| value.clone()));
        for collection in ["users", "groups", "drives", "driveItems", "sites"] {
            secrets.extend(self.world.graph.tenant(|tenant| tenant.ids(collection)));
        }
        let people = self.world.identity.users();
        secrets.extend(
            people.into_iter().flat_map(|user| [user.object_id, user.user_principal_name, user.display_name]),
        );
        secrets
    }
}

/// What was said of each assumption: result and sentence, by its number.
type Proofs = BTreeMap<String, (String, String)>;

async fn proved(seen: &Seen, settings: &[(String, String)], options: &str, code: i32) -> Proofs {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.md");
    let line = format!("doctor --prove --output json --report {} {options}", file.display());
    let ran = run(settings, &line).await;
    let shown = format!("{} {}", stdout(&ran), stderr(&ran));
    assert_eq!(ran.get_output().status.code(), Some(code), "{shown}");
    told(seen, settings, &stdout(&ran), &stderr(&ran), &std::fs::read_to_string(file).unwrap())
}

/// What was said of each assumption, each once, in the report as on stdout; neither has a name, an id or a token.
fn told(seen: &Seen, settings: &[(String, String)], stdout: &str, stderr: &str, report: &str) -> Proofs {
    let read = |line: &str| {
        let proof: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| proof[name].as_str().unwrap().to_owned();
        (text("id"), (text("result"), text("what")))
    };
    let proofs: Proofs = stdout.lines().map(read).collect();
    assert_eq!(proofs.len(), stdout.lines().count(), "each once: {stdout}");
    assert!(proofs.keys().map(String::as_str).eq(sorted(graph_mirror::prove::ids())), "{stdout}");
    for (id, (_, what)) in &proofs {
        assert!(report.contains(&format!("| {id} | ")) && report.contains(what), "{id}: {report}");
    }
    for secret in seen.secrets(settings) {
        assert!(!stdout.contains(&secret) && !report.contains(&secret), "{secret}: {report}");
    }
    for token in seen.world.identity.tokens() {
        assert!(!stderr.contains(&token), "{stderr}");
    }
    proofs
}

fn sorted(ids: impl Iterator<Item = &'static str>) -> impl Iterator<Item = &'static str> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.into_iter()
}

fn with_result(proofs: &Proofs, result: &str) -> Vec<String> {
    proofs.iter().filter(|(_, (found, _))| found == result).map(|(id, _)| id.clone()).collect()
}

#[tokio::test]
async fn the_sandbox_is_as_assumed_and_nothing_is_left_behind() {
    let secret = Setup { graph_as: with_secret().graph_as, cosmos_as: with_secret().cosmos_as, ..setup() };
    for (setup, others) in [(setup(), ["E-3"].as_slice()), (secret, &["A-3", "E-1"])] {
        let seen = Seen::new(setup).await;
        let before = seen.world.cosmos.documents("mirror").await;
        // The doctor asks first.
        let throttled = Fault::Throttle { status: 429, retry_after: RetryAfter::Seconds("1".into()) };
        seen.world.graph.fail(Match::any().feed("groups").nth(2), 1, throttled);
        let proofs = proved(&seen, &seen.settings(), "--with-subscription", 0).await;
        let confirmed = with_result(&proofs, "confirmed");
        let mut expected: Vec<_> =
            graph_mirror::prove::asked().filter(|id| !others.contains(id)).map(str::to_owned).collect();
        expected.sort();
        assert_eq!(confirmed, expected, "{proofs:#?}");
        assert_eq!(seen.world.cosmos.documents("mirror").await, before, "its own items are gone");
        assert!(seen.world.graph.subscriptions().is_empty(), "and its subscription");
    }
}

/// Worlds side by side.
const WORLDS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_deviation_refutes_what_it_breaks_and_nothing_else() {
    let all: Vec<_> = deviations::all().collect();
    assert!(all.len() >= 40, "{}", all.len());
    let of = |service| all.iter().copied().filter(move |one| one.service == service);
    // Graph and Cosmos DB do not see each other, so they deviate in the same run. Without a token, there is no other run.
    let (graph, cosmos): (Vec<_>, Vec<_>) = (of(Service::Graph).collect(), of(Service::Cosmos).collect());
    let at = |some: &[&'static Deviation], place| some.get(place).copied();
    let both = (0..graph.len().max(cosmos.len()))
        .map(|place| at(&graph, place).into_iter().chain(at(&cosmos, place)));
    let mut runs: Vec<Vec<_>> = both.map(Iterator::collect).collect();
    runs.extend(of(Service::Identity).map(|one| vec![one]));
    let mut worlds: Vec<_> =
        runs.chunks(runs.len().div_ceil(WORLDS)).map(|some| (setup(), some.to_vec())).collect();
    let secret = Setup { graph_as: with_secret().graph_as, cosmos_as: with_secret().cosmos_as, ..setup() };
    worlds.push((secret, of(Service::Entra).map(|one| vec![one]).collect()));
    let running = worlds.into_iter().map(|(setup, runs)| tokio::spawn(refuted_in(setup, runs)));
    let mut wrong = Vec::new();
    for ended in running.collect::<Vec<_>>() {
        wrong.extend(ended.await.unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plants the deviations of one run after the other; what is not as it should be.
async fn refuted_in(setup: Setup, runs: Vec<Vec<&'static Deviation>>) -> Vec<String> {
    let seen = Seen::new(setup).await;
    let before = seen.world.cosmos.documents("mirror").await;
    let mut wrong = Vec::new();
    for planted in runs {
        let names: Vec<_> = planted.iter().map(|deviation| deviation.name).collect();
        let mut broken: Vec<_> = planted.iter().flat_map(|deviation| deviation.breaks).copied().collect();
        broken.sort_unstable();
        seen.world.plant(&planted);
        let with_subscription = if broken.contains(&"G-21") { "--with-subscription" } else { "" };
        let proofs = proved(&seen, &seen.settings(), with_subscription, 1).await;
        seen.world.plant(&[]);
        if with_result(&proofs, "refuted") != broken {
            wrong.push(format!("{names:?}: {proofs:#?}"));
        }
        let is_clean = seen.world.cosmos.documents("mirror").await == before
            && seen.world.graph.subscriptions().is_empty();
        if !is_clean {
            wrong.push(format!("{names:?}: something is left behind"));
        }
    }
    wrong
}

/// The run has a report and refutes nothing; what it says of these assumptions has these words, and nothing is left.
async fn untestable(seen: &Seen, settings: &[(String, String)], ids: &[&str], words: &str) -> Proofs {
    let before = seen.world.cosmos.documents("mirror").await;
    let proofs = proved(seen, settings, "", 0).await;
    for id in ids {
        let (result, what) = &proofs[*id];
        assert!(result == "notTestable" && what.contains(words), "{id}: {result}, {what}");
    }
    assert_eq!(seen.world.cosmos.documents("mirror").await, before);
    proofs
}

fn set(mut settings: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    settings.retain(|(other, _)| other != name);
    settings.push((name.into(), value.into()));
    settings
}

#[tokio::test]
async fn without_permissions_graph_is_not_testable_and_cosmos_is() {
    let seen = Seen::new(setup()).await;
    seen.world.identity.set_roles(&[]);
    seen.world.identity.end_caches();
    let ids = ["G-2", "G-9", "G-12", "G-13", "G-16", "G-17", "G-20"];
    let proofs = untestable(&seen, &seen.settings(), &ids, "finding for `permission`").await;
    assert_eq!(proofs["C-1"].0, "confirmed");
    assert!(proofs["A-3"].1.contains("the token has no permission"), "{:?}", proofs["A-3"]);
}

#[tokio::test]
async fn with_half_of_an_account_what_is_there_is_asked() {
    let seen = Seen::new(setup()).await;
    seen.world.cosmos.remove_container("groups-owners").await.unwrap();
    assert_eq!(proved(&seen, &seen.settings(), "", 0).await["C-10"].0, "confirmed");
    let writes = cosmos::Match::writes();
    seen.world.cosmos.fail(writes, usize::MAX, cosmos::Fault::NoRole);
    let ids = ["C-1", "C-2", "C-3", "C-7", "C-9", "C-11"];
    untestable(&seen, &seen.settings(), &ids, "the role of the identity refuses it (403)").await;
    seen.world.cosmos.faults().clear();
    seen.world.cosmos.set_default_ttl("mirror", Some(3600)).await.unwrap();
    untestable(&seen, &seen.settings(), &ids, "finding for `container` (mirror)").await;
    seen.world.cosmos.set_default_ttl("mirror", Some(-1)).await.unwrap();
    let elsewhere = set(seen.settings(), "COSMOS_DATABASE", "absent");
    let proofs = untestable(&seen, &elsewhere, &ids, "finding for `cosmos`").await;
    assert_eq!(proofs["G-2"].0, "confirmed");
}

#[tokio::test]
async fn in_another_cloud_each_service_says_that_it_takes_no_such_token() {
    let seen = Seen::new(setup()).await;
    let other = set(seen.settings(), "GRAPH_SCOPES", "https://vault.azure.net/.default");
    untestable(&seen, &other, &["G-2", "G-6", "G-18", "G-20"], "finding for `graph`").await;
    let other = set(seen.settings(), "AZURE_CLOUD", "usgov");
    untestable(&seen, &other, &["C-1", "C-10", "E-5"], "finding for `cosmos`").await;
}

#[tokio::test]
async fn cut_off_in_the_middle_it_reports_what_it_has_seen_and_leaves_nothing() {
    let seen = Seen::new(setup()).await;
    let before = seen.world.cosmos.documents("mirror").await;
    seen.world.graph.fail(Match::any().feed("users").nth(3), usize::MAX, Fault::Reset);
    let batches = cosmos::Match::operation(Operation::Batch);
    seen.world.cosmos.fail(batches, 1, cosmos::Fault::Lost);
    let proofs = proved(&seen, &seen.settings(), "", 0).await;
    for id in ["G-13", "G-15", "G-16"] {
        assert!(proofs[id].1.contains("stopped answering"), "{id}: {:?}", proofs[id]);
    }
    assert_eq!((&*proofs["G-2"].0, &*proofs["C-7"].0), ("confirmed", "notTestable"));
    assert_eq!(seen.world.cosmos.documents("mirror").await, before);

    // The account is gone for good: what cannot be deleted expires.
    seen.world.graph.faults().clear();
    let writes = cosmos::Match::writes().container("mirror");
    seen.world.cosmos.fail(writes.nth(12), usize::MAX, cosmos::Fault::Reset);
    let proofs = proved(&seen, &seen.settings(), "", 0).await;
    assert!(proofs["C-9"].1.contains("stopped answering"), "{:?}", proofs["C-9"]);
    assert!(seen.world.cosmos.documents("mirror").await.len() > before.len());
    seen.world.cosmos.advance(std::time::Duration::from_secs(601));
    assert_eq!(seen.world.cosmos.documents("mirror").await.len(), before.len());
}

#[tokio::test]
async fn stopped_in_the_middle_it_reports_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let seen = Seen::new(setup()).await;
        let before = seen.world.cosmos.documents("mirror").await;
        let clash = cosmos::Match::operation(Operation::Create).container("mirror").id("clash");
        let mut write = seen.world.cosmos.hold(clash, Moment::After);
        let mut subscribing = seen.world.graph.hold(graph::Match::kind(graph::Kind::Other).nth(2));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.md");
        let line = format!("doctor --prove --with-subscription --output json --report {}", file.display());
        let mut command = seen.world.command(&line);
        command.envs(seen.settings()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        write.arrived().await;
        subscribing.arrived().await;
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        let items = seen.world.cosmos.documents("mirror").await;
        let own = items.iter().filter(|item| item["feed"].as_str().unwrap().starts_with("~prove-"));
        assert!(own.clone().count() > 2 && own.clone().all(|item| item["ttl"].is_u64()), "{items:#?}");
        kill_process(pid, signal).unwrap();
        write.release();
        subscribing.release();
        let ended = child.wait_with_output().await.unwrap();
        let (said, complained) = (text(&ended.stdout), text(&ended.stderr));
        assert_eq!(ended.status.code(), Some(3), "{complained}");
        assert!(complained.contains("stopped before the end"), "{complained}");
        let report = std::fs::read_to_string(file).unwrap();
        let proofs = told(&seen, &seen.settings(), &said, &complained, &report);
        assert_eq!((&*proofs["C-1"].0, &*proofs["G-21"].0), ("confirmed", "confirmed"));
        assert_eq!(proofs["C-9"].1, "not asked: the run ended before");
        assert_eq!(seen.world.cosmos.documents("mirror").await, before);
        assert!(seen.world.graph.subscriptions().is_empty());
    }
}

#[tokio::test]
async fn people_read_a_line_for_each_assumption_and_wrong_settings_are_named() {
    let seen = Seen::new(setup()).await;
    let file = seen.root.path().join("report.json");
    let ran = run(&seen.settings(), &format!("doctor --prove --report {}", file.display())).await.code(0);
    assert!(
        stdout(&ran).contains("confirmed     G-2   devices: 1 page of the delta query"),
        "{}",
        stdout(&ran)
    );
    assert!(stdout(&ran).contains("not testable  H-1   it cannot be seen from here"), "{}", stdout(&ran));
    assert!(stderr(&ran).contains(" confirmed, 0 refuted, "), "{}", stderr(&ran));
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(
        (&report["cloud"], &report["credential"], &report["end"]),
        (&"global".into(), &"auto".into(), &"complete".into())
    );
    assert_eq!(report["proofs"].as_array().unwrap().len(), graph_mirror::prove::ids().count());
    run(&set(seen.settings(), "LEASE_SECONDS", "1"), "doctor --prove").await.code(78);
    run(&seen.settings(), "doctor --with-subscription").await.code(2);
}
