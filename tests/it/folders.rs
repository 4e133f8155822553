//! Drives: folders that take along what lies in them, and tokens in whose place Graph takes a time.

use std::time::Duration;

use assert_cmd::assert::Assert;
use sandbox::graph::{Fault, Match, TokenDeath};
use sandbox::world::{Setup, World};
use serde_json::json;
use tempfile::TempDir;

use crate::command_line::run;
use crate::stage::{checkpoint_of, setup, staged_with};

/// A drive in a copy: a file, a folder with a file and a folder, and in that one a file too.
struct Drive {
    world: World,
    root: TempDir,
    drive: String,
    /// The path of its parents.
    parent: String,
    /// The file beside the folder.
    beside: String,
    /// The folder.
    folder: String,
    /// What lies in it, from outside inwards.
    inside: Vec<String>,
}

impl Drive {
    async fn new() -> Self {
        let root = staged_with(&["sites", "drives", "driveItems"]);
        let setup = Setup {
            users: 0,
            root: root.path().to_owned(),
            objects: vec![("sites", 1), ("drives", 1), ("driveItems", 1)],
            ..setup()
        };
        let world = World::start(setup).await.unwrap();
        let (drive, beside, folder, inside) = world.graph.tenant(|tenant| {
            for site in tenant.ids("sites") {
                tenant.purge("sites", &site);
            }
            let site = tenant.create("sites");
            let drive = tenant.create_under("drives", &[&site]);
            let mut item = |inside: Option<&str>| {
                let item = tenant.create_under("driveItems", &[&drive]);
                if let Some(folder) = inside {
                    tenant.change("driveItems", &item, json!({"parentReference": {"id": folder}}));
                }
                item
            };
            let (beside, folder) = (item(None), item(None));
            let (file, inner) = (item(Some(&folder)), item(Some(&folder)));
            let innermost = item(Some(&inner));
            (drive, beside, folder, vec![file, inner, innermost])
        });
        let mut all = Self { world, root, parent: String::new(), drive, beside, folder, inside };
        for resource in ["users", "sites", "drives"] {
            all.run(resource).await.code(0);
        }
        all.sync().await;
        all.world.ensure_equal().await.unwrap();
        let copied = all.world.cosmos.documents("driveItems").await;
        all.parent = copied[0]["_mirror"]["parent"].as_str().unwrap().to_owned();
        all.world.graph.forget_requests();
        all
    }

    async fn sync(&self) {
        self.run("driveItems").await.code(0);
    }

    /// Whether a sync of the drive succeeds.
    async fn synced(&self) -> bool {
        self.run("driveItems").await.get_output().status.success()
    }

    async fn run(&self, resource: &str) -> Assert {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        run(&[self.world.settings(), &[root]].concat(), &format!("sync {resource}")).await
    }

    fn feed(&self) -> String {
        format!("driveItems/{}", self.parent)
    }

    /// Turns until what is doubtful was read by its id.
    async fn until_equal(&self) {
        for _ in 0..200 {
            self.sync().await;
            if self.world.ensure_equal().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.world.ensure_equal().await.unwrap();
    }

    fn purge(&self, item: &str) {
        self.world.graph.tenant(|tenant| assert!(tenant.purge("driveItems", item)));
    }

    /// Why the copy says that an item is gone, if it does.
    async fn gone(&self, item: &str) -> Option<String> {
        let document = self.world.cosmos.document("driveItems", &self.parent, item).await.unwrap();
        document["_mirror"]["removed"]["reason"].as_str().map(str::to_owned)
    }

    /// The requests of the feed so far: those that carry a time, an initial one, or a token.
    fn asked(&self) -> Vec<&'static str> {
        let requests = self.world.graph.requests();
        let asked = requests.iter().filter(|request| request.path.contains("/root/delta"));
        let kind = |path: &str| match path.split_once("?token=") {
            Some((_, time)) if time.ends_with('Z') => "time",
            _ if path.contains("token=") => "token",
            _ => "first",
        };
        asked.map(|request| kind(&request.path)).collect()
    }
}

#[tokio::test]
async fn what_lay_in_a_folder_goes_with_it_although_graph_tells_the_folder_only() {
    let drive = Drive::new().await;
    drive.world.graph.quirks(|quirks| quirks.folders_speak_for_all = true);
    drive.purge(&drive.folder);
    drive.sync().await;
    assert_eq!(drive.gone(&drive.folder).await.as_deref(), Some("deleted"));
    drive.until_equal().await;
    for item in &drive.inside {
        assert_eq!(drive.gone(item).await.as_deref(), Some("missing"), "read by its id");
    }
    assert_eq!(drive.gone(&drive.beside).await, None);
}

#[tokio::test]
async fn what_was_moved_out_of_a_folder_stays_when_the_folder_goes() {
    let drive = Drive::new().await;
    drive.world.graph.quirks(|quirks| quirks.folders_speak_for_all = true);
    let moved = &drive.inside[0];
    drive.world.graph.tenant(|tenant| {
        tenant.change("driveItems", moved, json!({"parentReference": {"id": "elsewhere"}}));
    });
    drive.purge(&drive.folder);
    // The round does not show yet that it was moved.
    let (id, folder) = (&drive.folder, &drive.inside[1]);
    let body = json!({
        "value": [{"id": id, "folder": {}, "deleted": {"state": "deleted"}}, {"id": folder, "deleted": {}}],
        "@odata.deltaLink": format!("{}/v1.0/drives/{}/root/delta(token='x')", drive.world.graph.endpoint(), drive.drive),
    });
    drive.world.graph.fail(
        Match::any().feed("driveItems"),
        1,
        Fault::Status { code: 200, body: body.to_string() },
    );
    drive.until_equal().await;
    assert_eq!(drive.gone(moved).await, None);
}

#[tokio::test]
async fn after_a_dead_token_what_changed_since_is_copied_at_once_and_then_all_is_read_anew() {
    let drive = Drive::new().await;
    drive.world.graph.tenant(|tenant| tenant.change("driveItems", &drive.beside, json!({"name": "renamed"})));
    drive.purge(&drive.inside[0]);
    drive.world.graph.kill_tokens(TokenDeath::SyncStateNotFound);
    drive.world.graph.fail(Match::initial().nth(2), usize::MAX, Fault::NotJson);
    assert!(!drive.synced().await, "the enumeration cannot begin");
    drive.world.ensure_equal().await.unwrap();
    assert_eq!(drive.asked(), ["token", "time", "first"]);
    let before = checkpoint_of(&drive.world, &drive.feed()).await;
    drive.world.graph.faults().clear();
    drive.world.graph.tenant(|tenant| tenant.create_under("driveItems", &[&drive.drive]));
    drive.sync().await;
    drive.world.ensure_equal().await.unwrap();
    let after = checkpoint_of(&drive.world, &drive.feed()).await;
    assert_eq!((&before["state"], &after["state"]), (&json!("enumerating"), &json!("tracking")));
    assert_eq!((&after["generation"], &after["changesSince"]), (&before["generation"], &json!(null)));
    assert_eq!(drive.asked(), ["token", "time", "first", "first"]);
}

#[tokio::test]
async fn a_time_that_graph_refuses_is_left_for_the_first_page() {
    for code in [400, 404, 410] {
        let drive = Drive::new().await;
        drive.purge(&drive.beside);
        drive.world.graph.kill_tokens(TokenDeath::SyncStateNotFound);
        let body = json!({"error": {"code": "invalidRequest"}}).to_string();
        drive.world.graph.fail(Match::initial(), 1, Fault::Status { code, body });
        drive.sync().await;
        drive.world.ensure_equal().await.unwrap();
        assert_eq!(drive.asked(), ["token", "time", "first"], "{code}");
        assert_eq!(drive.gone(&drive.beside).await.as_deref(), Some("missing"), "by the enumeration");
    }
}

#[tokio::test]
async fn a_location_is_followed_and_no_time_is_asked_for() {
    let drive = Drive::new().await;
    drive.purge(&drive.beside);
    drive.world.graph.kill_tokens(TokenDeath::ResyncApply);
    drive.sync().await;
    drive.world.ensure_equal().await.unwrap();
    assert!(!drive.asked().contains(&"time"), "{:?}", drive.asked());
}
