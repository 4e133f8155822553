//! Resources below others: mail folders of users, and messages of mail folders.

use std::time::Duration;

use assert_cmd::assert::Assert;
use sandbox::cosmos::{Fault as CosmosFault, Match as CosmosMatch, Moment, Options};
use sandbox::graph::{Fault, Match, Refusal};
use sandbox::host::Fire;
use sandbox::world::{REQUESTED_QUEUE, Setup, WORK_QUEUE, World};
use serde_json::json;
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::{begin_pumping, setup, staged_with};

/// Three users, each with two mail folders of two messages, and a deployment that mirrors all of them.
struct Mail {
    world: World,
    users: Vec<String>,
    root: TempDir,
}

impl Mail {
    async fn new() -> Self {
        Self::of(setup()).await
    }

    async fn of(setup: Setup) -> Self {
        let root = staged_with(&["mailFolders", "messages"]);
        let objects = vec![("mailFolders", 1), ("messages", 1)];
        let setup = Setup { users: 3, root: root.path().to_owned(), objects, ..setup };
        let world = World::start(setup).await.unwrap();
        let users = world.graph.tenant(|tenant| {
            let users = tenant.ids("users");
            for user in &users {
                for folder in [0, 1].map(|_| tenant.create_under("mailFolders", &[user])) {
                    (0..2).for_each(|_| drop(tenant.create_under("messages", &[user, &folder])));
                }
            }
            users
        });
        Self { world, users, root }
    }

    async fn run(&self, line: &str) -> Assert {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        run(&[self.world.settings(), &[root]].concat(), line).await
    }

    async fn sync(&self, resource: &str) -> String {
        stdout(&self.run(&format!("sync {resource}")).await.code(0))
    }

    fn count(&self, collection: &str) -> usize {
        self.world.graph.tenant(|tenant| tenant.ids(collection).len())
    }

    async fn all(&self) -> [String; 3] {
        [self.sync("users").await, self.sync("mailFolders").await, self.sync("messages").await]
    }

    /// A parent that is not listed has left when the note of that is old enough, on each level.
    async fn all_until_equal(&self) {
        for _ in 0..100 {
            self.all().await;
            if self.world.differences().await.is_empty() {
                return;
            }
        }
        self.world.ensure_equal().await.unwrap();
    }

    fn folders(&self, user: &str) -> Vec<String> {
        self.world.graph.tenant(|tenant| tenant.ids_under("mailFolders", &[user]))
    }

    /// How many requests for messages Graph has answered.
    fn asked(&self) -> usize {
        let requests = self.world.graph.requests();
        requests.iter().filter(|request| request.feed == Some("messages")).count()
    }
}

#[tokio::test]
async fn what_lies_below_others_is_copied_parent_by_parent() {
    let mail = Mail::new().await;
    let [_, folders, messages] = mail.all().await;
    let count = |collection| mail.count(collection);
    assert!(folders.contains(&format!("complete; {} upserted", count("mailFolders"))), "{folders}");
    assert!(messages.contains(&format!("complete; {} upserted", count("messages"))), "{messages}");
    mail.world.ensure_equal().await.unwrap();
    let user = &mail.users[1];
    let folder = &mail.folders(user)[0];
    let message = &mail.world.graph.tenant(|tenant| tenant.ids_under("messages", &[user, folder]))[0];
    mail.world.graph.tenant(|tenant| assert!(tenant.change("messages", message, json!({"isRead": true}))));
    mail.world.cosmos.reset_log();
    let said = mail.sync("messages").await;
    assert!(said.contains("messages: complete; 1 upserted, 0 removed"), "{said}");
    assert_eq!(mail.world.document_writes().len(), 1, "a change of one property is merged");
    mail.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_parent_that_is_gone_takes_the_whole_subtree_along() {
    let mail = Mail::new().await;
    mail.all().await;
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &mail.users[0])));
    mail.all().await;
    mail.world.ensure_equal().await.unwrap();
    let tombstones =
        |all: Vec<serde_json::Value>| all.iter().filter(|one| one["_mirror"]["removed"].is_object()).count();
    assert!(tombstones(mail.world.cosmos.documents("messages").await) >= 4);
    assert!(tombstones(mail.world.cosmos.documents("mailFolders").await) >= 2);
    mail.world.graph.forget_requests();
    mail.sync("messages").await;
    assert_eq!(mail.asked(), mail.count("mailFolders"), "nobody asks for folders that are gone");
}

#[tokio::test]
async fn a_parent_that_graph_refuses_stops_nobody_and_is_asked_for_once_a_day() {
    let mail = Mail::new().await;
    mail.world.graph.tenant(|tenant| {
        tenant.refuse_below(&mail.users[2], Some(Refusal::no_mailbox()));
    });
    mail.sync("users").await;
    let ran = mail.run("sync mailFolders").await.code(0);
    let others = mail.count("mailFolders") - mail.folders(&mail.users[2]).len();
    assert!(stdout(&ran).contains(&format!("complete; {others} upserted")), "{}", stdout(&ran));
    assert!(stderr(&ran).contains("Microsoft Graph refuses it with status 404"), "{}", stderr(&ran));
    mail.world.graph.forget_requests();
    mail.sync("mailFolders").await;
    let requests = mail.world.graph.requests();
    let asked = requests.iter().filter(|request| request.feed == Some("mailFolders"));
    let parents: Vec<_> = asked.filter_map(|request| request.parent.clone()).collect();
    assert_eq!(parents.len(), 2, "{parents:?}");
}

#[tokio::test]
async fn the_timer_queues_one_work_item_for_each_parent_that_is_due() {
    let mail = Mail::new().await;
    for resource in ["users", "mailFolders", "messages"] {
        let fired = mail.world.host.fire(&format!("sync_{resource}"), Fire::default()).await.unwrap();
        assert!(fired.succeeded());
        mail.world.host.pump(WORK_QUEUE).await.unwrap();
    }
    mail.world.ensure_equal().await.unwrap();
    let runs = mail.world.cosmos.documents("mirror").await;
    let below = |one: &&serde_json::Value| one["feed"].as_str().is_some_and(|feed| feed.contains('/'));
    let recorded = runs.iter().filter(below).filter(|one| one["id"].as_str().unwrap().starts_with("run-"));
    assert_eq!(recorded.count(), 0, "a feed below a parent has no run records");
    mail.world.graph.forget_requests();
    mail.world.host.fire("sync_messages", Fire::default()).await.unwrap();
    mail.world.host.pump(WORK_QUEUE).await.unwrap();
    assert_eq!(mail.asked(), 0, "nothing is due within a day");
}

#[tokio::test]
async fn a_budget_that_is_spent_at_once_names_the_feeds_all_the_same() {
    let mail = Mail::of(setup().set("SYNC_BUDGET_SECONDS", "0")).await;
    let slow = CosmosFault::Slow(Duration::from_millis(100));
    mail.world.cosmos.fail(CosmosMatch::writes().container("mirror").id("fanOut"), 2, slow);
    for resource in ["users", "mailFolders", "messages"] {
        let fired = mail.world.host.fire(&format!("sync_{resource}"), Fire::default()).await.unwrap();
        assert!(fired.succeeded(), "{:?}", fired.last().verdict);
        mail.world.host.pump(WORK_QUEUE).await.unwrap();
    }
    mail.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn a_person_who_asks_for_all_of_it_has_every_parent_queued() {
    let mail = Mail::new().await;
    mail.sync("users").await;
    let reply = mail.world.call("POST", "/api/refresh/mailFolders", "").await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    assert_eq!(mail.world.host.messages(REQUESTED_QUEUE).len(), 3, "one for each user");
    mail.world.host.pump(REQUESTED_QUEUE).await.unwrap();
    assert_eq!(mail.world.cosmos.documents("mailFolders").await.len(), mail.count("mailFolders"));
    let body = json!({"parent": mail.users[1]}).to_string();
    let reply = mail.world.call("POST", "/api/refresh/mailFolders", &body).await.unwrap();
    assert_eq!((reply.status, &reply.body["outcome"]), (200, &json!("complete")), "{}", reply.body);
    mail.world.graph.tenant(|tenant| tenant.refuse_below(&mail.users[2], Some(Refusal::no_mailbox())));
    let body = json!({"parent": mail.users[2]}).to_string();
    let reply = mail.world.call("POST", "/api/refresh/mailFolders", &body).await.unwrap();
    assert_eq!(reply.status, 409, "{}", reply.body);
}

#[tokio::test]
async fn with_notifications_on_nothing_that_a_fan_out_names_is_dropped() {
    let mail = Mail::of(Setup { notified: true, ..setup() }.set("RELOOK_SECONDS", "0")).await;
    mail.sync("users").await;
    mail.world.host.enqueue(WORK_QUEUE, r#"{"feed":"mailFolders"}"#);
    mail.world.host.pump(WORK_QUEUE).await.unwrap();
    assert_eq!(mail.world.cosmos.documents("mailFolders").await.len(), mail.count("mailFolders"));
}

#[tokio::test]
async fn a_verb_that_needs_a_parent_says_which() {
    let mail = Mail::new().await;
    mail.sync("users").await;
    for line in
        ["verify messages", "sync messages --dry-run", "checkpoint reset messages", "refresh messages x"]
    {
        let said = stderr(&mail.run(line).await.code(1));
        assert!(
            said.contains("`messages` lies under users/mailFolders: name the id of each"),
            "{line}: {said}"
        );
    }
    let body = json!({"parent": mail.users[1]}).to_string();
    let reply = mail.world.call("POST", "/api/refresh/messages", &body).await.unwrap();
    assert_eq!(reply.status, 400, "a path that is too short: {}", reply.body);
}

#[tokio::test]
async fn a_parent_that_left_the_copy_without_a_tombstone_takes_the_whole_subtree_along() {
    let mail = Mail::new().await;
    mail.all().await;
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &mail.users[0])));
    // As when tombstones have expired before anybody looked.
    for (container, key) in [("users", "/id"), ("mailFolders", "/_mirror/parent")] {
        mail.world.cosmos.remove_container(container).await.unwrap();
        mail.world.cosmos.add_container(container, key).await.unwrap();
    }
    mail.all_until_equal().await;
}

/// A replica of Graph may not know yet that the parent was created.
#[tokio::test]
async fn a_parent_that_its_copy_has_lost_is_looked_for_when_replicas_agree_and_not_before() {
    let mail = Mail::of(setup().set("DOUBT_MINUTES", "15")).await;
    mail.all().await;
    let user = &mail.users[0];
    mail.world.cosmos.delete("users", user, user).await.unwrap();
    let body = json!({"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}});
    mail.world.graph.fail(Match::by_id(), 100, Fault::Status { code: 404, body: body.to_string() });
    for _ in 0..2 {
        assert!(mail.sync("mailFolders").await.contains(" 0 removed"));
        assert!(mail.sync("messages").await.contains(" 0 removed"));
    }
    let note = mail.world.cosmos.document("mirror", &format!("mailFolders/{user}"), "left").await.unwrap();
    assert_eq!((&note["left"], &note["missing"]), (&json!(false), &json!(true)));
    // It is listed again, and the note says so.
    mail.run("checkpoint reset users").await.code(0);
    mail.all().await;
    let note = mail.world.cosmos.document("mirror", &format!("mailFolders/{user}"), "left").await.unwrap();
    assert_eq!((&note["left"], &note["missing"]), (&json!(false), &json!(false)));
    mail.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_lies_below_a_parent_that_is_gone_goes_although_the_checkpoints_are_lost() {
    let mail = Mail::new().await;
    mail.all().await;
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &mail.users[0])));
    mail.sync("users").await;
    mail.world.cosmos.remove_container("mirror").await.unwrap();
    mail.world.cosmos.add_container("mirror", "/feed").await.unwrap();
    mail.all_until_equal().await;
}

#[tokio::test]
async fn a_write_that_arrives_after_its_parent_is_gone_does_not_stay() {
    let mail = Mail::of(setup().set("LEASE_SECONDS", "3")).await;
    mail.sync("users").await;
    let mut hold = mail.world.cosmos.hold(CosmosMatch::writes().container("mailFolders"), Moment::Before);
    let item = json!({"feed": "mailFolders", "parent": mail.users[0]}).to_string();
    mail.world.host.enqueue(WORK_QUEUE, &item);
    let pumping = begin_pumping(&mail.world);
    hold.arrived().await;
    mail.world.host.process().kill().await.unwrap();
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &mail.users[0])));
    mail.sync("users").await;
    let key = format!("mailFolders/{}", mail.users[0]);
    let is_unclean = async || {
        let checkpoint = mail.world.cosmos.document("mirror", &key, "checkpoint").await;
        checkpoint.is_some_and(|checkpoint| checkpoint["state"] != "enumerating")
    };
    while !is_unclean().await {
        // Until the lease of the killed turn ends, the feed is busy.
        mail.run("sync mailFolders").await;
    }
    hold.release();
    drop(pumping.await.unwrap());
    mail.all().await;
    mail.world.ensure_equal().await.unwrap();
}

/// A query of another process may be behind, and nobody looks at a feed that has ended.
#[tokio::test]
async fn what_was_written_shortly_before_its_parent_went_goes_too() {
    let cosmos = Options { replica: true, ..Options::default() };
    let mail = Mail::of(Setup { cosmos, ..setup() }).await;
    mail.all().await;
    let user = mail.users[0].clone();
    let behind = mail.world.cosmos.read_behind(CosmosMatch::any().container("mailFolders"));
    mail.world.graph.tenant(|tenant| drop(tenant.create_under("mailFolders", &[&user])));
    mail.sync(&format!("mailFolders/{user}")).await;
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &user)));
    mail.sync("users").await;
    mail.sync(&format!("mailFolders/{user}")).await;
    assert!(behind.answered() > 0, "a process read what was there before");
    drop(behind);
    mail.all().await;
    mail.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_is_read_by_id_into_a_feed_that_has_ended_goes_with_its_parent_again() {
    let mail = Mail::new().await;
    mail.all().await;
    let user = mail.users[0].clone();
    mail.world.graph.tenant(|tenant| tenant.remove("users", &user));
    mail.all().await;
    let folder = mail.world.graph.tenant(|tenant| {
        tenant.restore("users", &user);
        tenant.ids_under("mailFolders", &[&user])[0].clone()
    });
    mail.run(&format!("refresh mailFolders/{user} {folder}")).await.code(0);
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &user)));
    mail.all().await;
    mail.world.ensure_equal().await.unwrap();
}
