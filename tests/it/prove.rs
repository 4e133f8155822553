//! `doctor --prove`: every assumption that can be asked is confirmed by the sandbox, and each planted deviation refutes
//! the assumption that it breaks, and no other.

use std::collections::BTreeMap;

use sandbox::deviations::{self, Deviation, Service};
use sandbox::graph::{Fault, Match, RetryAfter};
use sandbox::world::{Setup, World};
use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
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
}

/// What was said of each assumption: result and sentence, by its number.
type Proofs = BTreeMap<String, (String, String)>;

async fn proved(settings: &[(String, String)], options: &str, code: i32) -> Proofs {
    let ran = run(settings, &format!("doctor --prove --output json {options}")).await;
    let shown = format!("{} {}", stdout(&ran), stderr(&ran));
    assert_eq!(ran.get_output().status.code(), Some(code), "{shown}");
    let read = |line: &str| {
        let proof: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| proof[name].as_str().unwrap().to_owned();
        (text("id"), (text("result"), text("what")))
    };
    let said = stdout(&ran);
    let proofs: Proofs = said.lines().map(read).collect();
    assert_eq!(proofs.len(), said.lines().count(), "each once: {said}");
    assert!(proofs.keys().map(String::as_str).eq(sorted(graph_mirror::prove::ids())), "{said}");
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
        let proofs = proved(&seen.settings(), "--with-subscription", 0).await;
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
const WORLDS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_deviation_refutes_what_it_breaks_and_nothing_else() {
    let (of_entra, others): (Vec<_>, Vec<_>) =
        deviations::all().partition(|deviation| deviation.service == Service::Entra);
    assert!(of_entra.len() + others.len() >= 40, "{} and {}", of_entra.len(), others.len());
    let mut worlds: Vec<_> =
        others.chunks(others.len().div_ceil(WORLDS)).map(|some| (setup(), some.to_vec())).collect();
    let secret = Setup { graph_as: with_secret().graph_as, cosmos_as: with_secret().cosmos_as, ..setup() };
    worlds.push((secret, of_entra));
    let running = worlds.into_iter().map(|(setup, some)| tokio::spawn(refuted_in(setup, some)));
    let mut wrong = Vec::new();
    for ended in running.collect::<Vec<_>>() {
        wrong.extend(ended.await.unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plants one deviation after the other; what is not as it should be.
async fn refuted_in(setup: Setup, deviations: Vec<&'static Deviation>) -> Vec<String> {
    let seen = Seen::new(setup).await;
    let before = seen.world.cosmos.documents("mirror").await;
    let mut wrong = Vec::new();
    for deviation in deviations {
        seen.world.plant(Some(deviation));
        let with_subscription = if deviation.breaks.contains(&"G-21") { "--with-subscription" } else { "" };
        let proofs = proved(&seen.settings(), with_subscription, 1).await;
        seen.world.plant(None);
        if with_result(&proofs, "refuted") != deviation.breaks {
            wrong.push(format!("{}: {proofs:#?}", deviation.name));
        }
        let is_clean = seen.world.cosmos.documents("mirror").await == before
            && seen.world.graph.subscriptions().is_empty();
        if !is_clean {
            wrong.push(format!("{}: something is left behind", deviation.name));
        }
    }
    wrong
}
