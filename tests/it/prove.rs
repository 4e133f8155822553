//! `doctor --prove`: every assumption that can be asked is confirmed by the sandbox.

use std::collections::BTreeMap;

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
