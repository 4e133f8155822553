//! Recordings and transcripts of calls: feeds that report additions only, of objects that Graph does not show by their ids.

use sandbox::graph::TokenDeath;
use sandbox::world::{Setup, World};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::{setup, staged_with};

/// Two users with three recordings each, and a deployment that mirrors them.
struct Calls {
    world: World,
    users: Vec<String>,
    root: TempDir,
}

impl Calls {
    async fn new() -> Self {
        let root = staged_with(&["callRecordings"]);
        let setup = Setup { users: 2, root: root.path().to_owned(), ..setup() };
        let world = World::start(Setup { objects: vec![("callRecordings", 1)], ..setup }).await.unwrap();
        let users = world.graph.tenant(|tenant| {
            let users = tenant.ids("users");
            for user in &users {
                (0..3).for_each(|_| drop(tenant.create_under("callRecordings", &[user])));
            }
            users
        });
        Self { world, users, root }
    }

    async fn run(&self, line: &str, code: i32) -> (String, String) {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        let ran = run(&[self.world.settings(), &[root]].concat(), line).await.code(code);
        (stdout(&ran), stderr(&ran))
    }

    async fn sync(&self) -> String {
        self.run("sync users", 0).await;
        self.run("sync callRecordings", 0).await.0
    }
}

#[tokio::test]
async fn recordings_are_copied_and_what_an_enumeration_does_not_show_stays() {
    let calls = Calls::new().await;
    assert!(calls.sync().await.contains("complete; 7 upserted"));
    calls.world.ensure_equal().await.unwrap();
    calls.world.graph.tenant(|tenant| drop(tenant.create_under("callRecordings", &[&calls.users[0]])));
    assert!(calls.sync().await.contains("complete; 1 upserted, 0 removed"));
    let requests = calls.world.graph.requests();
    let of_feed: Vec<_> = requests.iter().filter(|one| one.feed == Some("callRecordings")).collect();
    assert!(of_feed.iter().any(|one| one.path.contains("/delta?skipToken=")), "{of_feed:#?}");
    assert!(
        of_feed.iter().all(|one| !one.path.contains("top=") && one.path.contains("meetingOrganizerUserId="))
    );
    // Graph no longer has them: a recording may be deleted, and nobody says so.
    let all = calls.world.graph.tenant(|tenant| {
        let ids = tenant.ids_under("callRecordings", &[&calls.users[1]]);
        assert!(ids.iter().all(|id| tenant.purge("callRecordings", id)));
        ids
    });
    calls.world.graph.kill_tokens(TokenDeath::SyncStateNotFoundAs400);
    let said = calls.sync().await;
    assert!(said.contains("complete") && said.contains(", 0 removed"), "{said}");
    let documents = calls.world.cosmos.documents("callRecordings").await;
    let living =
        |id: &str| documents.iter().any(|one| one["id"] == id && one["_mirror"].get("removed").is_none());
    assert!(!all.is_empty() && all.iter().all(|id| living(id)), "an enumeration alone removes nothing");
    calls.world.ensure_equal().await.unwrap();
    let (_, said) = calls.run(&format!("refresh callRecordings {}", all[0]), 1).await;
    assert!(said.contains("lies under users"), "{said}");
}

#[tokio::test]
async fn recordings_of_somebody_who_is_gone_go_too() {
    let calls = Calls::new().await;
    calls.sync().await;
    calls.world.graph.tenant(|tenant| assert!(tenant.purge("users", &calls.users[0])));
    calls.sync().await;
    let documents = calls.world.cosmos.documents("callRecordings").await;
    let of_user = documents.iter().filter(|one| one["_mirror"]["parent"] == *calls.users[0]);
    let living = of_user.clone().filter(|one| one["_mirror"].get("removed").is_none()).count();
    assert!(of_user.count() >= 3 && living == 0, "{documents:#?}");
    calls.world.ensure_equal().await.unwrap();
}
