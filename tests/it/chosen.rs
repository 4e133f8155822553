//! Parents that a deployment chooses: those of a list or of a group. What lies below the others is not copied, and is
//! removed when one is chosen no more.

use assert_cmd::assert::Assert;
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::{run, stderr, stdout};
use crate::stage::{choose, setup, staged_with};

/// Four users with two mail folders each, of whom the deployment chooses some.
struct Mail {
    world: World,
    users: Vec<String>,
    root: TempDir,
}

impl Mail {
    /// `also`: further resources of the deployment; the users are one of them where their ids come from the copy.
    async fn new(also: &[&str]) -> Self {
        Self::of(also, setup()).await
    }

    async fn of(also: &[&str], setup: Setup) -> Self {
        let root = staged_with(&["mailFolders"]);
        for name in ["users", "groups"].into_iter().filter(|name| !also.contains(name)) {
            std::fs::remove_dir_all(root.path().join(format!("sync_{name}"))).unwrap();
        }
        let objects = vec![("mailFolders", 1)];
        let setup = Setup { users: 4, groups: 2, root: root.path().to_owned(), objects, ..setup };
        let world =
            World::start(setup.set("MAX_DELETE_COUNT", "1").set("MAX_DELETE_PERCENT", "50")).await.unwrap();
        let users = world.graph.tenant(|tenant| {
            let users = tenant.ids("users");
            users
                .iter()
                .for_each(|user| (0..2).for_each(|_| drop(tenant.create_under("mailFolders", &[user]))));
            users
        });
        Self { world, users, root }
    }

    fn choose(&self, parents: &Value) {
        choose(self.root.path(), "mailFolders", parents);
    }

    async fn run(&self, line: &str) -> Assert {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        run(&[self.world.settings(), &[root]].concat(), line).await
    }

    /// The deployment chooses the members of one group, of which there are none yet.
    fn choose_a_group(&self) -> String {
        let group = self.world.graph.tenant(|tenant| {
            let groups = tenant.ids("groups");
            for group in &groups {
                for target in tenant.targets("groups-members", group) {
                    tenant.unlink("groups-members", group, &target);
                }
            }
            groups[0].clone()
        });
        self.choose(&json!({ "users": { "group": group } }));
        group
    }

    /// Turns until the folders of these users are copied: a parent that is shown no more goes when its note is old enough.
    async fn sync_until(&self, users: &[usize]) {
        for _ in 0..100 {
            self.sync("mailFolders").await;
            if self.copied().await == users {
                return;
            }
        }
        panic!("copied are the folders of {:?}, not of {users:?}", self.copied().await);
    }

    async fn sync(&self, line: &str) -> String {
        stdout(&self.run(&format!("sync {line}")).await.code(0))
    }

    /// The users whose folders are in the copy.
    async fn copied(&self) -> Vec<usize> {
        let documents = self.world.cosmos.documents("mailFolders").await;
        let living = documents.iter().filter(|one| !one["_mirror"]["removed"].is_object());
        let parents = living.map(|one| one["_mirror"]["parent"].as_str().unwrap().to_owned());
        let mut users: Vec<_> =
            parents.filter_map(|parent| self.users.iter().position(|user| *user == parent)).collect();
        users.dedup();
        users.sort_unstable();
        users.dedup();
        users
    }
}

#[tokio::test]
async fn what_lies_below_the_ids_of_a_list_is_copied_and_nothing_else() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    mail.choose(&json!({ "users": [mail.users[0].to_uppercase(), mail.users[2]] }));
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2]);
    let asked = mail.world.graph.requests();
    let parents =
        asked.iter().filter(|one| one.feed == Some("mailFolders")).filter_map(|one| one.parent.clone());
    assert!(parents.clone().all(|parent| parent == mail.users[0] || parent == mail.users[2]));
    let refused = stderr(&mail.run(&format!("sync mailFolders/{}", mail.users[1])).await.code(1));
    assert!(refused.contains("sync_mailFolders/resource.json does not choose this parent"), "{refused}");
    // A process reads the choice when it starts.
    mail.world.host.process().kill().await.unwrap();
    let body = json!({ "parent": mail.users[1] }).to_string();
    let reply = mail.world.call("POST", "/api/refresh/mailFolders", &body).await.unwrap();
    assert_eq!(reply.status, 400, "{}", reply.body);
}

#[tokio::test]
async fn who_leaves_the_list_is_removed_from_the_copy_and_who_comes_back_is_copied_anew() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    mail.choose(&json!({ "users": [mail.users[0], mail.users[1], mail.users[2]] }));
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 1, 2]);
    mail.choose(&json!({ "users": [mail.users[0], mail.users[2]] }));
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2]);
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2]);
    mail.choose(&json!({ "users": "all" }));
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 1, 2, 3]);
    mail.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn more_who_leave_at_once_than_the_removal_limit_lets_go_stay_until_somebody_accepts() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    mail.choose(&json!({ "users": "all" }));
    mail.sync("mailFolders").await;
    mail.choose(&json!({ "users": [mail.users[3]] }));
    let held = mail.run("sync mailFolders").await.code(3);
    assert!(stderr(&held).contains("3 of 4 parents are not chosen any more"), "{}", stderr(&held));
    assert!(stderr(&held).contains("`sync mailFolders --accept-removals` lets them go"), "{}", stderr(&held));
    assert_eq!(mail.copied().await, [0, 1, 2, 3]);
    mail.sync("mailFolders --accept-removals").await;
    assert_eq!(mail.copied().await, [3]);
}

#[tokio::test]
async fn what_lies_below_the_members_of_a_group_is_copied_also_of_groups_in_it() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    let group = mail.choose_a_group();
    mail.world.graph.tenant(|tenant| {
        let other = tenant.ids("groups")[1].clone();
        assert!(tenant.link("groups-members", &group, &mail.users[0]));
        assert!(tenant.link("groups-members", &group, &other));
        assert!(tenant.link("groups-members", &other, &mail.users[2]));
    });
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2]);
    mail.world.graph.tenant(|tenant| {
        assert!(tenant.unlink("groups-members", &group, &mail.users[0]));
        assert!(tenant.link("groups-members", &group, &mail.users[3]));
    });
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2, 3], "a list may be behind");
    mail.sync_until(&[2, 3]).await;
}

#[tokio::test]
async fn a_member_whom_a_list_does_not_show_stays_while_a_replica_can_be_behind() {
    let mail = Mail::of(&["users"], setup().set("DOUBT_MINUTES", "15")).await;
    mail.sync("users").await;
    let (group, user) = (mail.choose_a_group(), &mail.users[1]);
    let link = |user: &str| mail.world.graph.tenant(|tenant| tenant.link("groups-members", &group, user));
    assert!(link(&mail.users[0]) && link(user));
    mail.sync("mailFolders").await;
    let note = async || {
        let note = mail.world.cosmos.document("mirror", &format!("mailFolders/{user}"), "left").await;
        note.map(|note| (note["left"] == true, note["missing"] == true))
    };
    assert_eq!((mail.copied().await, note().await), (vec![0, 1], None));
    // A replica that is behind shows a list without the newest member.
    mail.world.graph.tenant(|tenant| assert!(tenant.unlink("groups-members", &group, user)));
    for _ in 0..3 {
        mail.sync("mailFolders").await;
        assert_eq!((mail.copied().await, note().await), (vec![0, 1], Some((false, true))));
    }
    assert!(link(user));
    mail.sync("mailFolders").await;
    assert_eq!((mail.copied().await, note().await), (vec![0, 1], Some((false, false))), "it is shown again");
}

#[tokio::test]
async fn a_choice_that_names_nobody_is_said_and_nothing_is_removed() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    mail.choose(&json!({ "users": [mail.users[0]] }));
    mail.sync("mailFolders").await;
    let nowhere = "11111111-2222-4333-8444-555555555555";
    for (choice, words) in [
        (json!({ "users": [nowhere] }), "none of its ids is one of the users"),
        (json!({ "users": { "group": nowhere } }), "there is no group 11111111-"),
    ] {
        mail.choose(&choice);
        let said = stderr(&mail.run("sync mailFolders --accept-removals").await.code(1));
        assert!(
            said.contains("sync_mailFolders/resource.json names nobody") && said.contains(words),
            "{said}"
        );
        assert_eq!(mail.copied().await, [0]);
    }
}

#[tokio::test]
async fn a_parent_that_graph_has_no_more_takes_its_children_along_where_parents_are_not_mirrored() {
    let mail = Mail::new(&["groups"]).await;
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 1, 2, 3]);
    mail.world.graph.tenant(|tenant| assert!(tenant.purge("users", &mail.users[1])));
    mail.sync_until(&[0, 2, 3]).await;
    mail.world.graph.forget_requests();
    mail.sync("mailFolders").await;
    assert_eq!(mail.copied().await, [0, 2, 3]);
}

#[tokio::test]
async fn mail_is_copied_for_those_who_are_chosen_only() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    std::fs::remove_file(mail.root.path().join("sync_mailFolders/resource.json")).unwrap();
    let said = stderr(&mail.run("sync mailFolders").await.code(1));
    assert!(
        said.contains("`mailFolders` lies in every one of users") && said.contains("--group <id>"),
        "{said}"
    );
    assert_eq!(mail.copied().await, [0; 0]);
    mail.choose(&json!({ "drives": "all" }));
    let said = stderr(&mail.run("sync mailFolders").await.code(78));
    assert!(said.contains("parents: \"drives\" is not allowed; allowed: users"), "{said}");
    for bad in [
        json!("all"),
        json!({}),
        json!({"users": []}),
        json!({"users": {"team": "x"}}),
        json!({"users": [""]}),
    ] {
        mail.choose(&bad);
        let said = stderr(&mail.run("sync mailFolders").await.code(78));
        assert!(
            said.contains("resource.json: parents: ") && said.contains("is not allowed; allowed: "),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_status_tells_of_the_feeds_below_parents_and_a_verb_takes_one_by_its_key() {
    let mail = Mail::new(&["users"]).await;
    mail.sync("users").await;
    mail.sync("mailFolders").await;
    let status: Value =
        serde_json::from_str(&stdout(&mail.run("status mailFolders --output json").await.code(0))).unwrap();
    assert_eq!((&status["state"], &status["parents"]["feeds"]), (&json!("tracking"), &json!(4)), "{status}");
    assert!(status["asOf"].is_string() && status["lagSeconds"].is_number(), "{status}");
    let key = format!("mailFolders/{}", mail.users[1]);
    let verified = stdout(&mail.run(&format!("verify {key}")).await.code(0));
    assert!(verified.starts_with(&format!("{key}: 0 differences; ")), "{verified}");
    mail.run(&format!("sync {key} --dry-run")).await.code(0);
    mail.run(&format!("checkpoint show {key}")).await.code(0);
    mail.run(&format!("checkpoint reset {key}")).await.code(0);
    let status: Value =
        serde_json::from_str(&stdout(&mail.run(&format!("status {key} --output json")).await.code(0)))
            .unwrap();
    assert_eq!(status["state"], "start");
    assert!(mail.sync(&key).await.starts_with(&format!("{key}: complete; ")));
    let page = mail.world.call("GET", "/api/status/mailFolders", "").await.unwrap();
    assert_eq!(page.body[0]["parents"]["feeds"], 4, "{}", page.body);
    let page = mail
        .world
        .call("GET", &format!("/api/status/mailFolders?parent={}", mail.users[1]), "")
        .await
        .unwrap();
    assert_eq!(page.body[0]["parent"], json!(mail.users[1]), "{}", page.body);
    mail.run("verify mailFolders//x").await.code(2);
}
