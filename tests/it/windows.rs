//! Resources that are read by time: sign-ins.

use sandbox::world::{Setup, World};
use serde_json::json;
use tempfile::TempDir;

use crate::command_line::{run, stdout};
use crate::stage::{checkpoint_of, setup, staged_with};

/// Six sign-ins of the last day, and a deployment that mirrors them.
struct SignIns {
    world: World,
    root: TempDir,
}

impl SignIns {
    async fn new() -> Self {
        let root = staged_with(&["signIns"]);
        let setup =
            Setup { users: 2, root: root.path().to_owned(), objects: vec![("signIns", 6)], ..setup() };
        let sign_ins = Self { world: World::start(setup).await.unwrap(), root };
        sign_ins.run("sync users").await;
        sign_ins
    }

    async fn run(&self, line: &str) -> String {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        stdout(&run(&[self.world.settings(), &[root]].concat(), line).await)
    }

    /// The sentence of a run that began with nothing recorded, and how many documents it wrote.
    async fn sync(&self) -> (String, usize) {
        self.world.cosmos.reset_log();
        let said = self.run("sync signIns").await;
        (said, self.world.document_writes().len())
    }
}

#[tokio::test]
async fn the_past_is_read_once_and_then_what_is_new() {
    let sign_ins = SignIns::new().await;
    let (said, wrote) = sign_ins.sync().await;
    assert!(said.starts_with("signIns: complete; 6 upserted") && wrote == 6, "{said}");
    assert!(said.contains("30 pages"), "thirty days, each by itself: {said}");
    sign_ins.world.ensure_equal().await.unwrap();
    let checkpoint = checkpoint_of(&sign_ins.world, "signIns").await;
    assert_eq!((&checkpoint["state"], &checkpoint["window"]["last"]), (&json!("listed"), &json!(true)));
    let (said, wrote) = sign_ins.sync().await;
    assert!(said.contains("complete; 0 upserted") && said.contains(" 1 pages") && wrote == 0, "{said}");
    let documents = sign_ins.world.cosmos.documents("signIns").await;
    assert!(documents.iter().all(|one| one["_mirror"]["source"] == "window" && one["ttl"] == 90 * 86_400));
    assert!(sign_ins.run("verify signIns").await.starts_with("signIns: 0 differences; 6 objects"));
}

#[tokio::test]
async fn what_arrives_late_or_changes_is_found_within_the_overlap_and_nothing_is_ever_swept() {
    let sign_ins = SignIns::new().await;
    sign_ins.sync().await;
    let [late, gone] = sign_ins.world.graph.tenant(|tenant| {
        let gone = tenant.create_ago("signIns", 30);
        let late = tenant.create_ago("signIns", 120);
        [late, gone]
    });
    assert_eq!(sign_ins.sync().await.1, 2, "two hours late is within the three hours of the row");
    sign_ins.world.graph.tenant(|tenant| {
        assert!(tenant.change("signIns", &late, json!({"appDisplayName": "Portal"})));
        assert!(tenant.purge("signIns", &gone));
    });
    let (said, wrote) = sign_ins.sync().await;
    assert!(said.contains("1 upserted, 0 removed") && wrote == 1, "{said}");
    assert_eq!(sign_ins.world.cosmos.documents("signIns").await.len(), 8, "the copy keeps what Graph forgot");
}

#[tokio::test]
async fn a_past_that_is_longer_than_a_budget_is_read_in_turns_without_a_gap() {
    let sign_ins = SignIns::new().await;
    let days = [2, 9, 17, 25];
    let first = sign_ins.world.graph.tenant(|tenant| {
        let made = days.map(|days| tenant.create_ago("signIns", days * 24 * 60));
        made[0].clone()
    });
    let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), sign_ins.root.path().display().to_string());
    let budget = ("SYNC_BUDGET_SECONDS".to_owned(), "0".to_owned());
    let said =
        stdout(&run(&[sign_ins.world.settings(), &[root, budget]].concat(), "sync signIns").await.code(0));
    assert!(said.starts_with("signIns: complete; 10 upserted"), "{said}");
    sign_ins.world.ensure_equal().await.unwrap();
    assert!(sign_ins.world.cosmos.document("signIns", &first, &first).await.is_some());
}
